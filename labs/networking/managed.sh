#!/usr/bin/env bash
#: lab A network by one command
# Lets kittiwake net make the network web, with two unikernels, NAT and a published port, and take it away again.

#: part before
state() {
  ip -brief link; ip -brief address; ip route; ip -6 route; ip rule
  sudo nft list ruleset
  sudo sysctl -a --pattern 'forward|route_localnet|accept_ra$'
  ls /etc/systemd/system
}
state > before.txt

#: part dry-run budget=60s
kittiwake net create web --subnet 10.0.42.0/24 --subnet6 fd00:42::/64 --nat --dry-run | grep -v '^nft '

#: part create budget=100s
sudo kittiwake net create web --subnet 10.0.42.0/24 --subnet6 fd00:42::/64 --nat

#: part taps budget=100s
sudo kittiwake net tap add web www
sudo kittiwake net tap add web check

#: part inspect budget=60s
kittiwake net inspect web

#: part macs budget=60s
www=$(kittiwake net inspect web | awk '$1 == "www" { print $2 }')
check=$(kittiwake net inspect web | awk '$1 == "check" { print $2 }')

#: part check budget=60s
kittiwake run --net:service=check --net-mac:service=$check netcheck.spt -- --ipv4=10.0.42.3/24 --ipv4-gateway=10.0.42.1 --ipv6=fd00:42::3/64 --ipv6-gateway=fd00:42::1 -l debug > check.log &
until grep -qs ready check.log; do sleep 0.2; done

#: part www budget=60s
mkdir site
echo '<h1>Open</h1>' > site/index.html
tar -cf site.tar -C site .
kittiwake run --net:service=www --net-mac:service=$www --block-ro:data=site.tar website.spt -- --ipv4=10.0.42.2/24 --ipv4-gateway=10.0.42.1 --ipv6=fd00:42::2/64 --ipv6-gateway=fd00:42::1 --syslog=10.0.42.3 > www.log &
until grep -qs ready www.log; do sleep 0.2; done

#: part between
until grep -qs 10.0.42.2 check.log; do sleep 0.2; done
grep --max-count=1 10.0.42.2 check.log

#: part host
curl -s http://10.0.42.2/ http://[fd00:42::2]/
echo "is anybody there?" | nc -N 10.0.42.3 7

#: part publish budget=100s
sudo kittiwake net publish web 8080:www:80
curl -s http://127.0.0.1:8080/

#: part translate
sudo nft list chain inet kw-web publish

#: part guard
sudo nft list chain netdev kw-web tap-check | grep -e policy -e 'ether saddr' -e 'arp saddr' -e 'ip saddr 10'

#: part changed
state | diff before.txt - | grep -c '^[<>]'

#: part world
sudo ip netns add world
sudo ip link add eth1 type veth peer name eth0 netns world
sudo ip addr add 192.0.2.1/24 dev eth1
sudo ip link set eth1 up
sudo ip -n world addr add 192.0.2.2/24 dev eth0
sudo ip -n world link set eth0 up

#: part world-in budget=40s
until sudo ip netns exec world ping -q -c 1 -W 1 192.0.2.1 > ping.log; do sleep 0.2; done
sudo ip netns exec world curl -s http://192.0.2.1:8080/

#: part world-shut exit=28 budget=40s
sudo ip -n world route add 10.0.42.0/24 via 192.0.2.1
sudo ip netns exec world curl -s --connect-timeout 1 http://10.0.42.2/

#: part world-out budget=60s
sudo ip netns exec world tcpdump -n -t -l -i eth0 -c 1 udp port 514 > world.txt 2> tcpdump.log &
until grep -qs listening tcpdump.log; do sleep 0.2; done
kill %?www.log
wait %?www.log
kittiwake run --net:service=www --net-mac:service=$www --block-ro:data=site.tar website.spt -- --ipv4=10.0.42.2/24 --ipv4-gateway=10.0.42.1 --syslog=192.0.2.2 > www.log &
wait %?world.txt
cat world.txt

#: part overlap exit=69 budget=60s
sudo kittiwake net create shop --subnet 10.0.42.128/25

#: part in-use exit=69 budget=60s
sudo kittiwake net rm web

#: part stranger exit=1 budget=60s
kill %?check.log
wait %?check.log
kittiwake run --net:service=check netcheck.spt -- --ipv4=10.0.42.3/24 -l debug > stranger.log &
until grep -qs ready stranger.log; do sleep 0.2; done
sudo ip neigh flush dev kw-web
ping -c 1 -W 2 10.0.42.3

#: part stranger-log
grep --max-count=1 10.0.42.1 stranger.log

#: part stranger-drops budget=60s
sudo kittiwake net inspect web | grep -A 1 DROPPED

#: part stop
kill %?www.log %?stranger.log
wait

#: part rm budget=100s
sudo kittiwake net rm web
sudo ip link del eth1
sudo ip netns del world

#: part after
state | diff before.txt - && echo "as before"

#: part files
rm -r site site.tar check.log www.log stranger.log ping.log world.txt tcpdump.log before.txt
