#!/usr/bin/env bash
#: lab IPv6
# Gives the unikernel website a fixed IPv6 address, then lets a router's advertisement give it one. Ends with a clean host.

#: part before
state() { ip -brief link; ip -brief address; ip -6 route; pgrep --list-name dnsmasq; ls /run; }
state > before.txt

#: part prepare
mkdir site
echo '<h1>Hello, IPv6</h1>' > site/index.html
tar -cf site.tar -C site .

#: part tap
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip addr add fd00:100::1/64 dev tap100 nodad
sudo ip link set tap100 up

#: part run
kittiwake run --net:service=tap100 --net-mac:service=02:00:00:00:01:00 --block-ro:data=site.tar website.hvt -- --ipv6-only --ipv6=fd00:100::2/64 > website.log &

#: part ready
until grep -s ready website.log; do sleep 0.2; done

#: part ping
ping -6 -c 2 fd00:100::2

#: part curl
curl -s 'http://[fd00:100::2]/'

#: part link-local
ping -6 -c 2 fe80::ff:fe00:100%tap100

#: part neighbours
ip -6 neigh show dev tap100 | sort

#: part stop
kill $!
wait $!

#: part router
sudo dnsmasq --conf-file=/dev/null --port=0 --interface=tap100 --enable-ra --dhcp-range=fd00:100::,ra-only,64 --pid-file=/run/router.pid

#: part automatic
kittiwake run --net:service=tap100 --net-mac:service=02:00:00:00:01:00 --block-ro:data=site.tar website.hvt -- --ipv6-only > website.log &

#: part wait
until curl -s 'http://[fd00:100::ff:fe00:100]/'; do sleep 0.2; done

#: part log
cut -d ' ' -f 5- website.log

#: part stop-all
sudo kill "$(cat /run/router.pid)"
kill $!
wait $!

#: part bad-address exit=64
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --ipv6=fd00:100::2

#: part clean-up
sudo ip tuntap del tap100 mode tap
sudo rm /run/router.pid
rm -r site site.tar website.log

#: part after
state | diff before.txt - && echo "as before"
rm before.txt
