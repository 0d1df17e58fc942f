#!/usr/bin/env bash
#: lab It does not answer
# A unikernel runs, and ping or curl does not reach it: one cause after the other, each with its cure. Ends with a clean host.

#: part start budget=60s
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip link set tap100 up
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 > netcheck.log &
until grep -s ready netcheck.log; do sleep 0.2; done

#: part unreachable exit=2
ping -c 1 10.0.0.2

#: part no-address until
ip -brief address show tap100

#: part doctor exit=69 budget=60s
kittiwake doctor --tap tap100

#: part misprint exit=1
sudo ip addr add tap100 10.0.0.1/24

#: part address
sudo ip addr add 10.0.0.1/24 dev tap100
ping -c 1 10.0.0.2

#: part nobody exit=1
ping -c 1 -W 5 10.0.0.3

#: part neighbour
ip neigh show dev tap100 | sort

#: part ready-line
grep --only-matching 'ready: [0-9.]*' netcheck.log

#: part doctor-nobody budget=60s
ask() { kittiwake doctor "$@" | grep --max-count=1 -A 1 ✗; }
ask --tap tap100 --address 10.0.0.3

#: part gone exit=1
kill $!
wait $!
ping -c 1 -W 1 10.0.0.2

#: part carrier until
ip -brief link show tap100

#: part doctor-gone budget=60s
ask --tap tap100 --address 10.0.0.2

#: part again
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 > netcheck.log &
until ping -c 1 -W 1 10.0.0.2 > ping.log; do sleep 0.2; done
grep 'packet loss' ping.log

#: part prefix exit=2
sudo ip addr del 10.0.0.1/24 dev tap100
sudo ip addr add 10.0.0.1 dev tap100
ping -c 1 10.0.0.2

#: part prefix-look
ip -brief address show tap100

#: part doctor-prefix budget=60s
ask --tap tap100

#: part prefix-cure
sudo ip addr del 10.0.0.1/32 dev tap100
sudo ip addr add 10.0.0.1/24 dev tap100
ping -c 1 10.0.0.2

#: part twice
sudo ip tuntap add tap101 mode tap user "$USER"
sudo ip addr add 10.0.0.1/24 dev tap101
sudo ip link set tap101 up
kittiwake run --net:service=tap101 netcheck.spt -- --ipv4=10.0.0.3/24 > second.log &
until grep -s ready second.log; do sleep 0.2; done

#: part second exit=1
ping -c 1 -W 5 10.0.0.3

#: part which
ip route get 10.0.0.3

#: part doctor-twice budget=60s
ask --tap tap101

#: part one-route
sudo ip addr del 10.0.0.1/24 dev tap101
sudo ip route add 10.0.0.3 dev tap101 src 10.0.0.1
ping -c 1 -W 5 10.0.0.3

#: part refused exit=7
curl -sS http://10.0.0.2/

#: part right-port
echo ahoy | nc -N 10.0.0.2 7

#: part silent exit=28
sudo nft add table ip wall
sudo nft add chain ip wall output '{ type filter hook output priority filter; }'
sudo nft add rule ip wall output ip daddr 10.0.0.2 tcp dport 7 drop
curl -sS --connect-timeout 1 http://10.0.0.2:7/

#: part who-drops
sudo nft list ruleset

#: part doctor-silent budget=60s
sudo kittiwake doctor --tap tap100

#: part let-through
sudo nft delete table ip wall
echo ahoy | nc -N 10.0.0.2 7

#: part clean-up
kill %?tap100 %?tap101
wait
sudo ip tuntap del tap100 mode tap
sudo ip tuntap del tap101 mode tap
rm netcheck.log second.log ping.log
