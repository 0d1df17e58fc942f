#!/usr/bin/env bash
#: lab A bridge and the world
# Joins the bridge br100 and its two unikernels to the world in three ways: NAT, a routed subnet, a port of its own. Ends with a clean host.

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
sudo ip addr add 2001:db8::1/64 dev eth1 nodad
sudo ip link set eth1 up
sudo ip -n world addr add 192.0.2.2/24 dev eth0
sudo ip -n world addr add 2001:db8::2/64 dev eth0 nodad
sudo ip -n world link set eth0 up
sudo ip netns exec world systemd-socket-activate --listen=7 --accept --inetd cat 2> server.log &
until echo ahoy | nc -N 192.0.2.2 7; do sleep 0.2; done

#: part bridge budget=60s
sudo ip link add br100 type bridge
sudo ip addr add 10.0.0.1/24 dev br100
sudo ip addr add fd00:100::1/64 dev br100 nodad
sudo ip link set br100 up
for tap in tap100 tap101; do
  sudo ip tuntap add "$tap" mode tap user "$USER"
  sudo ip link set "$tap" master br100 up
done

#: part forward
sudo sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1

#: part nat
sudo nft -f - << 'END'
table inet handmade {
  chain out {
    type nat hook postrouting priority srcnat
    ip saddr 10.0.0.0/24 oifname eth1 masquerade
    ip6 saddr fd00:100::/64 oifname eth1 masquerade
  }
}
END

#: part nat-first budget=60s
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 --ipv4-gateway=10.0.0.1 --ping=192.0.2.2 --call=192.0.2.2:7 --exit
kittiwake run --net:service=tap100 netcheck.spt -- --ipv6-only --ipv6=fd00:100::2/64 --ipv6-gateway=fd00:100::1 --ping=2001:db8::2 --call=[2001:db8::2]:7 --exit

#: part nat-second budget=60s
kittiwake run --net:service=tap101 netcheck.spt -- --ipv4=10.0.0.3/24 --ipv4-gateway=10.0.0.1 --ping=192.0.2.2 --call=192.0.2.2:7 --exit
kittiwake run --net:service=tap101 netcheck.spt -- --ipv6-only --ipv6=fd00:100::3/64 --ipv6-gateway=fd00:100::1 --ping=2001:db8::2 --call=[2001:db8::2]:7 --exit

#: part routed
sudo nft delete table inet handmade
sudo ip -n world route add 10.0.0.0/24 via 192.0.2.1
sudo ip -n world route add fd00:100::/64 via 2001:db8::1

#: part routed-first budget=60s
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 --ipv4-gateway=10.0.0.1 --ipv6=fd00:100::2/64 --ipv6-gateway=fd00:100::1 --ping=192.0.2.2 --call=[2001:db8::2]:7 > first.log &
until grep -qs 'call.*answered' first.log; do sleep 0.2; done
grep -v ready first.log

#: part routed-second budget=60s
kittiwake run --net:service=tap101 netcheck.spt -- --ipv4=10.0.0.3/24 --ipv4-gateway=10.0.0.1 --ipv6=fd00:100::3/64 --ipv6-gateway=fd00:100::1 --ping=2001:db8::2 --call=192.0.2.2:7 > second.log &
until grep -qs 'call.*answered' second.log; do sleep 0.2; done
grep -v ready second.log

#: part routed-in budget=60s
for address in 10.0.0.2 10.0.0.3 fd00:100::2 fd00:100::3; do
  sudo ip netns exec world ping -c 1 -w 10 "$address" | grep 'bytes from'
  echo "is anybody there?" | sudo ip netns exec world nc -N "$address" 7
done

#: part unrouted
kill %?tap100 %?tap101
wait %?tap100 %?tap101
sudo ip -n world route del 10.0.0.0/24
sudo ip -n world route del fd00:100::/64
sudo sysctl -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0

#: part port budget=60s
sudo ip addr flush dev br100
sudo ip addr flush dev eth1
sudo ip addr add 192.0.2.1/24 dev br100
sudo ip addr add 2001:db8::1/64 dev br100 nodad
sudo ip link set eth1 master br100

#: part port-look until
ls /sys/class/net/br100/brif
ip -brief address show br100

#: part port-first budget=60s
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=192.0.2.10/24 --ipv6=2001:db8::10/64 --ping=192.0.2.2 --call=[2001:db8::2]:7 > third.log &
until grep -qs 'call.*answered' third.log; do sleep 0.2; done
grep -v ready third.log

#: part port-second budget=60s
kittiwake run --net:service=tap101 netcheck.spt -- --ipv4=192.0.2.11/24 --ipv6=2001:db8::11/64 --ping=2001:db8::2 --call=192.0.2.2:7 > fourth.log &
until grep -qs 'call.*answered' fourth.log; do sleep 0.2; done
grep -v ready fourth.log

#: part port-in budget=60s
for address in 192.0.2.10 192.0.2.11 2001:db8::10 2001:db8::11; do
  sudo ip netns exec world ping -c 1 -w 10 "$address" | grep 'bytes from'
  echo "is anybody there?" | sudo ip netns exec world nc -N "$address" 7
done

#: part port-host
ping -c 1 -w 10 192.0.2.2 | grep 'bytes from'

#: part clean-up budget=60s
kill %?tap100 %?tap101
wait %?tap100 %?tap101
sudo ip netns pids world | xargs sudo kill
wait
sudo ip link del br100
sudo ip tuntap del tap100 mode tap
sudo ip tuntap del tap101 mode tap
sudo ip link del eth1
sudo ip netns del world

#: part after
state | diff before.txt - && echo "as before"

#: part files
rm first.log second.log third.log fourth.log server.log before.txt
