#!/usr/bin/env bash
#: lab A physical port by one command
# Lets kittiwake net make the interface eth1 a port of a bridge, with two unikernels that are in the network beyond it. Ends with a clean host.

#: part before
state() {
  ip -brief link; ip -brief address; ip route; ip -6 route; ip rule
  sudo nft list ruleset
  sudo sysctl -a --pattern 'forward|arp_ignore|disable_ipv6'
  ls /etc/systemd/system
}
state > before.txt

#: part world budget=60s
sudo ip netns add world
sudo ip link add eth1 type veth peer name eth0 netns world
sudo ip addr add 192.0.2.1/24 dev eth1
sudo ip link set eth1 up
sudo ip -n world addr add 192.0.2.2/24 dev eth0
sudo ip -n world addr add 2001:db8::2/64 dev eth0 nodad
sudo ip -n world link set eth0 up
sudo ip netns exec world systemd-socket-activate --listen=7 --accept --inetd cat 2> server.log &
until echo ahoy | nc -N 192.0.2.2 7; do sleep 0.2; done

#: part taken exit=69 budget=60s
sudo kittiwake net create lan --subnet 192.0.2.0/24 --subnet6 2001:db8::/64 --bridged --uplink eth1

#: part free
sudo ip addr del 192.0.2.1/24 dev eth1

#: part dry-run budget=60s
kittiwake net create lan --subnet 192.0.2.0/24 --subnet6 2001:db8::/64 --bridged --uplink eth1 --dry-run | grep -v '^nft '

#: part create budget=100s
sudo kittiwake net create lan --subnet 192.0.2.0/24 --subnet6 2001:db8::/64 --bridged --uplink eth1

#: part no-address exit=64 budget=60s
sudo kittiwake net tap add lan first

#: part taps budget=100s
sudo kittiwake net tap add lan first --address 192.0.2.10
sudo kittiwake net tap add lan second --address 192.0.2.11

#: part ports until
ip -brief link show master kw-lan
ip -brief address show kw-lan

#: part macs budget=60s
read mac1 ipv61 < <(kittiwake net inspect lan | awk '$1 == "first" { print $2, $4 }')
read mac2 ipv62 < <(kittiwake net inspect lan | awk '$1 == "second" { print $2, $4 }')

#: part first budget=60s
kittiwake run --net:service=first --net-mac:service=$mac1 netcheck.spt -- --ipv4=192.0.2.10/24 --ipv6=$ipv61/64 --ping=192.0.2.2 --call=[2001:db8::2]:7 > first.log &
until grep -qs 'call.*answered' first.log; do sleep 0.2; done
grep -v ready first.log

#: part second budget=60s
kittiwake run --net:service=second --net-mac:service=$mac2 netcheck.spt -- --ipv4=192.0.2.11/24 --ipv6=$ipv62/64 --ping=192.0.2.10 --call=[$ipv61]:7 > second.log &
until grep -qs 'call.*answered' second.log; do sleep 0.2; done
grep -v ready second.log

#: part in budget=60s
for address in 192.0.2.10 192.0.2.11 $ipv61 $ipv62; do
  sudo ip netns exec world ping -c 1 -w 10 "$address" | grep 'bytes from'
  echo "is anybody there?" | sudo ip netns exec world nc -N "$address" 7
done

#: part doctor budget=100s
sudo kittiwake doctor lan

#: part host exit=2
ping -c 1 192.0.2.10

#: part other exit=69 budget=60s
kill %?second.log
wait %?second.log
kittiwake run --net:service=second --net-mac:service=$mac2 netcheck.spt -- --ipv4-only --ipv4=192.0.2.12/24 --ping=192.0.2.2 --timeout=2 --exit

#: part other-drops budget=60s
sudo kittiwake net inspect lan | grep -A 2 DROPPED

#: part clean-up budget=100s
kill %?first.log
wait %?first.log
sudo kittiwake net rm lan
sudo ip netns pids world | xargs sudo kill
wait
sudo ip link del eth1
sudo ip netns del world

#: part after
state | diff before.txt - && echo "as before"

#: part files
rm first.log second.log server.log before.txt
