#!/usr/bin/env bash
#: lab Addresses from a DHCP server
# Starts the DHCP server dnsmasq on the bridge br100 and lets two unikernels ask it for addresses and call each other; then a managed network
# with a server of its own. Ends with a clean host.

#: part before
state() {
  ip -brief link; ip -brief address; ip route; ip -6 route; ip rule
  sudo nft list ruleset
  sudo sysctl -a --pattern forward
  pgrep --list-name dnsmasq; ls /run /etc/systemd/system
}
state > before.txt

#: part bridge
sudo ip link add br100 type bridge
sudo ip addr add 10.0.0.1/24 dev br100
sudo ip link set br100 up
for tap in tap100 tap101; do
  sudo ip tuntap add "$tap" mode tap user "$USER"
  sudo ip link set "$tap" master br100 up
done

#: part server
sudo dnsmasq --conf-file=/dev/null --port=0 --no-ping --interface=br100 --dhcp-range=10.0.0.100,10.0.0.199,1h --dhcp-leasefile=/run/leases --pid-file=/run/dnsmasq.pid

#: part run
kittiwake run --net:service=tap100 netcheck.spt -- --dhcp --name=first > first.log &

#: part ready budget=40s
until grep -s ready first.log; do sleep 0.2; done

#: part log
grep -o 'dhcp: .*' first.log

#: part lease
cat /run/leases

#: part address
first=$(grep -o 'ready: [0-9.]*' first.log | cut -d ' ' -f 2)
echo "is anybody there?" | nc -N "$first" 7

#: part second budget=60s
kittiwake run --net:service=tap101 netcheck.spt -- --dhcp --name=second --ping="$first" --call="$first:7" > second.log &
until grep -qs 'call.*answered' second.log; do sleep 0.2; done
grep 'netcheck:' second.log

#: part leases
cut -d ' ' -f 3,4 /run/leases | sort -k 2
cut -d ' ' -f 3 /run/leases | sort --unique | wc --lines

#: part back budget=60s
second=$(grep -o 'ready: [0-9.]*' second.log | cut -d ' ' -f 2)
kill %?tap100
wait %?tap100
kittiwake run --net:service=tap100 netcheck.spt -- --dhcp --name=first --ping="$second" --call="$second:7" --exit | grep 'netcheck:'

#: part stop
kill %?tap101
wait %?tap101

#: part fixed
sudo kill "$(cat /run/dnsmasq.pid)"
sudo dnsmasq --conf-file=/dev/null --port=0 --no-ping --interface=br100 --dhcp-range=10.0.0.100,10.0.0.199,1h --dhcp-host=02:00:00:00:01:00,10.0.0.50 --dhcp-leasefile=/run/leases --pid-file=/run/dnsmasq.pid

#: part run-fixed budget=40s
kittiwake run --net:service=tap100 --net-mac:service=02:00:00:00:01:00 netcheck.spt -- --dhcp > fixed.log &
until grep -s ready fixed.log; do sleep 0.2; done
kill $!
wait $!

#: part no-server budget=60s
sudo kill "$(cat /run/dnsmasq.pid)"
kittiwake run --net:service=tap100 netcheck.spt -- --dhcp > none.log &
until grep -s 'no answer' none.log; do sleep 0.2; done

#: part stop-waiting
kill $!
wait $!

#: part both exit=64
kittiwake run --net:service=tap100 netcheck.spt -- --dhcp --ipv4=10.0.0.2/24

#: part managed budget=100s
sudo kittiwake net create home --subnet 10.0.44.0/24 --dhcp
sudo kittiwake net tap add home desk
sudo kittiwake net tap add home shelf

#: part managed-run budget=60s
desk=$(kittiwake net inspect home | awk '$1 == "desk" { print $2 }')
shelf=$(kittiwake net inspect home | awk '$1 == "shelf" { print $2 }')
kittiwake run --net:service=desk --net-mac:service=$desk netcheck.spt -- --dhcp > desk.log &
until grep -s ready desk.log; do sleep 0.2; done

#: part managed-call budget=60s
kittiwake run --net:service=shelf --net-mac:service=$shelf netcheck.spt -- --dhcp --ping=desk --call=desk:7 --exit | grep 'netcheck:'

#: part clean-up budget=100s
kill %?desk
wait %?desk
sudo kittiwake net rm home
sudo ip tuntap del tap100 mode tap
sudo ip tuntap del tap101 mode tap
sudo ip link del br100
sudo rm /run/leases /run/dnsmasq.pid

#: part after
state | diff before.txt - && echo "as before"

#: part files
rm first.log second.log fixed.log none.log desk.log before.txt
