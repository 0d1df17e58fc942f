#!/usr/bin/env bash
#: lab A tap, an address, and a ping
# Makes the tap interface tap100, runs netcheck behind it, talks to it, and takes everything away again.

#: part inspect
kittiwake image inspect netcheck.hvt

#: part before
ip -br link

#: part create
sudo ip tuntap add tap100 mode tap user "$USER"

#: part address
sudo ip addr add 10.0.0.1/24 dev tap100
sudo ip link set tap100 up

#: part look until
ip addr show tap100

#: part run
kittiwake run --net:service=tap100 netcheck.hvt -- --ipv4=10.0.0.2/24 -l debug > netcheck.log &

#: part ready
until grep -s ready netcheck.log; do sleep 0.2; done

#: part ping
ping -c 3 10.0.0.2

#: part neighbour
ip neigh show dev tap100

#: part flood budget=100s
sudo ping -q -f -c 1000 10.0.0.2

#: part udp
echo "is anybody there?" | nc -u -w 1 10.0.0.2 7

#: part log
grep --max-count=2 -e arp -e icmp netcheck.log

#: part stop
kill $!
wait $!

#: part clean-up
sudo ip tuntap del tap100 mode tap
rm netcheck.log

#: part after
ip -br link
