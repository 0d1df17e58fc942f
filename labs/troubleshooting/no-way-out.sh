#!/usr/bin/env bash
#: lab No way out
# A unikernel that reaches the world, until one thing after the other is taken away: its gateway, forwarding, NAT, the firewall's leave, names.

#: part start budget=100s
sudo ip netns add world
sudo ip link add eth1 type veth peer name eth0 netns world
sudo ip addr add 192.0.2.1/24 dev eth1
sudo ip link set eth1 up
sudo ip -n world addr add 192.0.2.2/24 dev eth0
sudo ip -n world link set eth0 up
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip addr add 10.0.0.1/24 dev tap100
sudo ip link set tap100 up
sudo sysctl -q -w net.ipv4.ip_forward=1
sudo nft add table ip handmade
sudo nft add chain ip handmade out '{ type nat hook postrouting priority srcnat; }'
sudo nft add rule ip handmade out ip saddr 10.0.0.0/24 oifname eth1 masquerade

#: part works budget=40s
try() { kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 --timeout=2 "$@" --exit; }
try --ipv4-gateway=10.0.0.1 --ping=192.0.2.2

#: part examine
examine() {
  kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 "$@" > netcheck.log &
  until grep -qs ready netcheck.log; do sleep 0.2; done
  sudo kittiwake doctor --tap tap100 --reach 192.0.2.2 | grep -A 1 ✗
  kill $!; wait $!
}

#: part no-gateway exit=69 budget=40s
try --ping=192.0.2.2

#: part doctor-gateway budget=100s
examine

#: part gateway budget=40s
try --ipv4-gateway=10.0.0.1 --ping=192.0.2.2

#: part no-forwarding exit=69 budget=40s
sudo sysctl -q -w net.ipv4.ip_forward=0
try --ipv4-gateway=10.0.0.1 --ping=192.0.2.2

#: part look-forwarding
sudo sysctl net.ipv4.ip_forward

#: part doctor-forwarding budget=100s
examine --ipv4-gateway=10.0.0.1

#: part forwarding budget=40s
sudo sysctl -w net.ipv4.ip_forward=1
try --ipv4-gateway=10.0.0.1 --ping=192.0.2.2

#: part no-nat exit=69 budget=40s
sudo nft flush chain ip handmade out
sudo tcpdump -n -t -l -i eth1 -c 1 icmp > out.txt 2> tcpdump.log &
until grep -qs listening tcpdump.log; do sleep 0.2; done
try --ipv4-gateway=10.0.0.1 --ping=192.0.2.2

#: part look-nat
wait %?tcpdump
cat out.txt

#: part doctor-nat budget=100s
examine --ipv4-gateway=10.0.0.1

#: part nat budget=40s
sudo nft add rule ip handmade out ip saddr 10.0.0.0/24 oifname eth1 masquerade
try --ipv4-gateway=10.0.0.1 --ping=192.0.2.2

#: part policy exit=69 budget=40s
sudo nft add table ip filter
sudo nft add chain ip filter FORWARD '{ type filter hook forward priority filter; policy drop; }'
try --ipv4-gateway=10.0.0.1 --ping=192.0.2.2

#: part look-policy
sudo nft list chains | grep -A 1 FORWARD

#: part doctor-policy budget=100s
examine --ipv4-gateway=10.0.0.1

#: part pass budget=40s
sudo nft insert rule ip filter FORWARD iifname tap100 accept
sudo nft insert rule ip filter FORWARD oifname tap100 accept
try --ipv4-gateway=10.0.0.1 --ping=192.0.2.2

#: part hosts
echo '192.0.2.2 clock.example' | sudo tee -a /etc/hosts
ping -c 1 clock.example | grep 'bytes from'

#: part no-server exit=69 budget=40s
try --ipv4-gateway=10.0.0.1 --ping=clock.example

#: part silent-server exit=69 budget=60s
try --ipv4-gateway=10.0.0.1 --dns=10.0.0.1 --ping=clock.example

#: part name-server budget=40s
sudo dnsmasq --conf-file=/dev/null --interface=tap100 --bind-interfaces --pid-file=/run/names.pid
try --ipv4-gateway=10.0.0.1 --dns=10.0.0.1 --ping=clock.example

#: part clean-up budget=100s
sudo kill "$(cat /run/names.pid)"
sudo rm /run/names.pid
sudo sed -i '/clock.example/d' /etc/hosts
sudo nft delete table ip filter
sudo nft delete table ip handmade
sudo sysctl -w net.ipv4.ip_forward=0
sudo ip tuntap del tap100 mode tap
sudo ip link del eth1
sudo ip netns del world
rm out.txt tcpdump.log netcheck.log
