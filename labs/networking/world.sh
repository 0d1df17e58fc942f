#!/usr/bin/env bash
#: lab The way into the world
# Leads what a unikernel sends into the world and back, one step at a time: routes, forwarding, NAT, a published port. Ends with a clean host.

#: part before
state() {
  ip -brief link; ip -brief address; ip route; ip -6 route; ip rule
  sudo nft list ruleset
  sudo sysctl -a --pattern forward
}
state > before.txt

#: part world budget=60s
sudo ip netns add world
sudo ip link add eth1 type veth peer name eth0 netns world
sudo ip addr add 192.0.2.1/24 dev eth1
sudo ip link set eth1 up
sudo ip -n world addr add 192.0.2.2/24 dev eth0
sudo ip -n world link set eth0 up
until ping -c 1 -W 1 192.0.2.2 > ping.log; do sleep 0.2; done

#: part tap
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip addr add 10.0.0.1/24 dev tap100
sudo ip link set tap100 up

#: part routes until
ip route

#: part no-gateway exit=69 budget=40s
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 --ping=192.0.2.2 --timeout=2 --exit

#: part gateway exit=69 budget=40s
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 --ipv4-gateway=10.0.0.1 --ping=192.0.2.2 --timeout=2 --exit

#: part asked
sudo sysctl net.ipv4.ip_forward

#: part forward
sudo sysctl -w net.ipv4.ip_forward=1

#: part listen
sudo ip netns exec world tcpdump -n -t -l -i eth0 -c 1 icmp > world.txt 2> tcpdump.log &
until grep -qs listening tcpdump.log; do sleep 0.2; done

#: part no-way-back exit=69 budget=40s
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 --ipv4-gateway=10.0.0.1 --ping=192.0.2.2 --timeout=2 --exit

#: part stranger
wait %?tcpdump
cat world.txt

#: part ask-world exit=2
sudo ip netns exec world ip route get 10.0.0.2

#: part nat
sudo nft -f - << 'END'
table ip handmade {
  chain out {
    type nat hook postrouting priority srcnat
    ip saddr 10.0.0.0/24 oifname eth1 masquerade
  }
}
END

#: part listen-again
sudo ip netns exec world tcpdump -n -t -l -i eth0 -c 2 icmp > world.txt 2> again.log &
until grep -qs listening again.log; do sleep 0.2; done

#: part out budget=40s
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 --ipv4-gateway=10.0.0.1 --ping=192.0.2.2 --exit

#: part translated
wait %?tcpdump
cat world.txt

#: part publish
sudo nft -f - << 'END'
table ip handmade {
  chain in {
    type nat hook prerouting priority dstnat
    iifname eth1 tcp dport 7007 dnat to 10.0.0.2:7
  }
}
END

#: part serve budget=40s ready=/ready/
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 --ipv4-gateway=10.0.0.1 &

#: part in
echo "is anybody there?" | sudo ip netns exec world nc -N 192.0.2.1 7007

#: part ruleset
sudo nft list table ip handmade

#: part stop
kill %?tap100
wait %?tap100

#: part clean-up budget=60s
sudo nft delete table ip handmade
sudo sysctl -w net.ipv4.ip_forward=0
sudo ip tuntap del tap100 mode tap
sudo ip link del eth1
sudo ip netns del world

#: part after
state | diff before.txt - && echo "as before"

#: part files
rm world.txt tcpdump.log again.log ping.log before.txt
