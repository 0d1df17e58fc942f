#!/usr/bin/env bash
#: lab A firewall for the bridge
# Says who may call the two unikernels of a bridge, and whom they may call. Ends with a clean host.

#: part before
state() {
  ip -brief link; ip -brief address; ip route; ip -6 route; ip rule
  sudo nft list ruleset
  sudo sysctl -a --pattern forward
}
state > before.txt

#: part prepare budget=100s
sudo ip netns add world
sudo ip link add eth1 type veth peer name eth0 netns world
sudo ip addr add 192.0.2.1/24 dev eth1
sudo ip link set eth1 up
sudo ip -n world addr add 192.0.2.2/24 dev eth0
sudo ip -n world link set eth0 up
sudo ip -n world route add 10.0.0.0/24 via 192.0.2.1
sudo ip link add br100 type bridge
sudo ip addr add 10.0.0.1/24 dev br100
sudo ip link set br100 up
for tap in tap100 tap101; do
  sudo ip tuntap add "$tap" mode tap user "$USER"
  sudo ip link set "$tap" master br100 up
done
sudo sysctl -w net.ipv4.ip_forward=1

#: part run budget=40s
kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 --ipv4-gateway=10.0.0.1 > first.log &
until grep -qs ready first.log; do sleep 0.2; done

#: part open
sudo ip netns exec world nc -z -v -w 5 10.0.0.2 7
sudo ip netns exec world nc -z -v -w 5 10.0.0.2 9

#: part rules
cat > unikernels.nft << 'END'
table inet handmade {
  chain forward {
    type filter hook forward priority filter
    ct state established,related accept
    iifname eth1 oifname br100 ip daddr 10.0.0.2 tcp dport 7 accept
    oifname br100 counter drop
  }
  chain input {
    type filter hook input priority filter
    iifname != br100 accept
    ct state established,related accept
    icmp type echo-request accept
    icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert } accept
    udp dport { 53, 67 } accept
    counter drop
  }
}
END
sudo nft -f unikernels.nft

#: part door
sudo ip netns exec world nc -z -v -w 5 10.0.0.2 7

#: part shut exit=1
sudo ip netns exec world nc -z -v -w 2 10.0.0.2 9

#: part out budget=40s
sudo ip netns exec world systemd-socket-activate --listen=7 --accept --inetd cat 2> server.log &
until echo ahoy | nc -N 192.0.2.2 7; do sleep 0.2; done
kittiwake run --net:service=tap101 netcheck.spt -- --ipv4=10.0.0.3/24 --ipv4-gateway=10.0.0.1 --call=192.0.2.2:7 --exit

#: part host exit=69 budget=40s
systemd-socket-activate --listen=8000 --accept --inetd cat 2> host.log &
until echo ahoy | nc -N 127.0.0.1 8000; do sleep 0.2; done
kittiwake run --net:service=tap101 netcheck.spt -- --ipv4=10.0.0.3/24 --ping=10.0.0.1 --call=10.0.0.1:8000 --timeout=2 --exit

#: part counted
sudo nft list table inet handmade | grep -e chain -e counter

#: part together budget=40s
kittiwake run --net:service=tap101 netcheck.spt -- --ipv4=10.0.0.3/24 --ping=10.0.0.2 --exit

#: part isolated
sudo bridge link set dev tap100 isolated on
sudo bridge link set dev tap101 isolated on

#: part apart exit=69 budget=40s
kittiwake run --net:service=tap101 netcheck.spt -- --ipv4=10.0.0.3/24 --ping=10.0.0.2 --timeout=2 --exit

#: part still-host
ping -c 1 10.0.0.2 | grep 'packet loss'

#: part clean-up budget=60s
kill %?tap100 %?listen=8000
sudo ip netns pids world | xargs sudo kill
wait
sudo nft delete table inet handmade
sudo sysctl -w net.ipv4.ip_forward=0
sudo ip tuntap del tap100 mode tap
sudo ip tuntap del tap101 mode tap
sudo ip link del br100
sudo ip link del eth1
sudo ip netns del world

#: part after
state | diff before.txt - && echo "as before"

#: part files
rm first.log server.log host.log unikernels.nft before.txt
