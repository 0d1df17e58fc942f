#!/usr/bin/env bash
#: lab Frames, counters and events
# Captures the frames of the unikernel netcheck, counts what it does, reads what the tender tells of it, and limits its network.

#: part prepare
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip addr add 10.0.0.1/24 dev tap100
sudo ip link set tap100 up

#: part capture
kittiwake run netcheck.hvt --net:service=tap100 --pcap:service=net.pcap --stats=/dev/shm/netcheck --events=3 3> events.json > netcheck.log 2>&1 &
until grep -qs ready netcheck.log; do sleep 0.2; done
ping -c 2 -i 0.2 10.0.0.2 | grep received

#: part read
tcpdump -n -r net.pcap icmp

#: part tcp
echo ahoy | nc -N 10.0.0.2 7
tcpdump -n -r net.pcap -c 2 tcp

#: part trace
kittiwake trace net.pcap 2>/dev/null | grep echo

#: part stats
kittiwake stats /dev/shm/netcheck

#: part events
kill $!
wait $!
cat events.json

#: part after
kittiwake stats /dev/shm/netcheck

#: part limit
kittiwake run netcheck.hvt --net:service=tap100 --net-rate:service=in-frames=2/1 --stats=/dev/shm/netcheck > limited.log 2>&1 &
until grep -qs ready limited.log; do sleep 0.2; done
ping -c 3 -i 0.01 -W 30 10.0.0.2 | grep received

#: part waited
kittiwake stats --json /dev/shm/netcheck | grep -o '"in_delayed":[1-9]'

#: part killed exit=137
kill -KILL $!
wait $!

#: part traces
kittiwake stats /dev/shm/netcheck | head -n 1

#: part rate exit=64
kittiwake run netcheck.hvt --net:service=tap100 --net-rate:service=in=fast

#: part device exit=78
kittiwake run netcheck.hvt --net:service=tap100 --pcap:data=net.pcap

#: part folder exit=78
kittiwake run netcheck.hvt --net:service=tap100 --pcap:service=/captures/net.pcap

#: part descriptor exit=78
kittiwake run netcheck.hvt --net:service=tap100 --events=3

#: part other-file exit=65
kittiwake stats ./netcheck.log

#: part clean-up
sudo ip tuntap del tap100 mode tap
rm net.pcap /dev/shm/netcheck events.json netcheck.log limited.log
