#!/usr/bin/env bash
#: lab Two unikernels on one bridge
# Makes the bridge br100 with two taps, runs a unikernel behind each, lets them call each other, and takes everything away again.

#: part before
state() { ip -brief link; ip -brief address; ip route; ip -6 route; ip rule; sudo nft list ruleset; }
state > before.txt

#: part bridge
sudo ip link add br100 type bridge
sudo ip addr add 10.0.0.1/24 dev br100
sudo ip addr add fd00:100::1/64 dev br100 nodad
sudo ip link set br100 up

#: part taps
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip tuntap add tap101 mode tap user "$USER"
sudo ip link set tap100 master br100 up
sudo ip link set tap101 master br100 up

#: part changed
state | diff before.txt - | grep -c '^[<>]'

#: part ports until
ip -brief link show master br100

#: part second budget=60s
kittiwake run --net:service=tap101 netcheck.spt -- --ipv4=10.0.0.3/24 --ipv6=fd00:100::3/64 > second.log &
until grep -s ready second.log; do sleep 0.2; done

#: part listen
sudo tcpdump -n -t -l -i br100 -c 5 arp or icmp > between.txt 2> tcpdump.log &
until grep -qs listening tcpdump.log; do sleep 0.2; done

#: part calls budget=60s
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 --ping=10.0.0.3 --call=10.0.0.3:7 --exit

#: part between
wait %?tcpdump
cat between.txt

#: part calls-ipv6 budget=60s
kittiwake run --net:service=tap100 netcheck.spt -- --ipv6-only --ipv6=fd00:100::2/64 --ping=fd00:100::3 --call=[fd00:100::3]:7 --exit

#: part back budget=60s
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 --ipv6=fd00:100::2/64 > first.log &
until grep -qs ready first.log; do sleep 0.2; done
kill %?tap101
wait %?tap101
kittiwake run --net:service=tap101 netcheck.spt -- --ipv4=10.0.0.3/24 --ping=10.0.0.2 --call=10.0.0.2:7 --exit
kittiwake run --net:service=tap101 netcheck.spt -- --ipv6-only --ipv6=fd00:100::3/64 --ping=fd00:100::2 --call=[fd00:100::2]:7 --exit

#: part again budget=60s
kittiwake run --net:service=tap101 netcheck.spt -- --ipv4=10.0.0.3/24 --ipv6=fd00:100::3/64 > again.log &
until grep -qs ready again.log; do sleep 0.2; done

#: part learned
sudo bridge fdb show br br100 dynamic | sort -u -k 3

#: part host budget=40s
for address in 10.0.0.2 10.0.0.3 fd00:100::2 fd00:100::3; do
  ping -c 1 -w 10 "$address" | grep 'bytes from'
  echo "is anybody there?" | nc -N "$address" 7
done

#: part pulled exit=1
sudo ip link set tap101 nomaster
ping -c 1 -W 2 10.0.0.3

#: part pulled-look
ip -brief link show master br100

#: part pulled-doctor exit=69 budget=60s
kittiwake doctor --tap tap101 --address 10.0.0.3

#: part plugged
sudo ip link set tap101 master br100
ping -c 1 -w 10 10.0.0.3

#: part stop
kill %?tap100 %?tap101
wait

#: part clean-up
sudo ip tuntap del tap100 mode tap
sudo ip tuntap del tap101 mode tap
sudo ip link del br100

#: part after
state | diff before.txt - && echo "as before"

#: part files
rm first.log second.log again.log between.txt tcpdump.log before.txt
