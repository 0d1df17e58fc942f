#!/usr/bin/env bash
#: lab Tracing
# Follows the frames of the unikernel netcheck with kittiwake trace, and sees what it drops and why.

#: part help
kittiwake trace --help

#: part run
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip addr add 10.0.0.1/24 dev tap100
sudo ip link set tap100 up
kittiwake run netcheck.hvt --net:service=tap100 --pcap:service=net.pcap --stats=/dev/shm/netcheck -- --ipv4-only --metrics-port=9100 > netcheck.log 2>&1 &
netcheck=$!
until grep -qs ready netcheck.log; do sleep 0.2; done

#: part follow
kittiwake trace --follow --stats=/dev/shm/netcheck --metrics=10.0.0.2:9100 net.pcap > trace.log 2> trace.err &
until grep -qs ARP trace.log; do sleep 0.2; done

#: part traffic
ping -q -c 1 10.0.0.2 | grep received
echo knock > /dev/udp/10.0.0.2/5000
until grep -qs 'no service' trace.log; do sleep 0.2; done

#: part stop
kill $netcheck
wait
cat trace.err

#: part frames
grep -E 'ICMP echo|UDP' trace.log

#: part drops
grep -e 'no service' trace.log

#: part json
kittiwake trace --json --count=1 net.pcap

#: part tcpdump
kittiwake trace net.pcap -- -q udp 2>/dev/null

#: part pipe
cat net.pcap | kittiwake trace --count=1 -

#: part no-capture exit=65
kittiwake trace netcheck.log

#: part cut exit=65
head -c 50 net.pcap > cut.pcap
kittiwake trace cut.pcap

#: part clean-up
sudo ip tuntap del tap100 mode tap
rm net.pcap cut.pcap trace.log trace.err netcheck.log /dev/shm/netcheck
