#!/usr/bin/env bash
#: lab An address from a DHCP server
# Starts the DHCP server dnsmasq on tap100 and lets the unikernel website ask it for an address. Ends with a clean host.

#: part prepare
mkdir site
echo '<h1>Hello, DHCP</h1>' > site/index.html
tar -cf site.tar -C site .

#: part tap
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip addr add 10.0.0.1/24 dev tap100
sudo ip link set tap100 up

#: part server
sudo dnsmasq --conf-file=/dev/null --port=0 --interface=tap100 --dhcp-range=10.0.0.100,10.0.0.199,1h --dhcp-leasefile=/run/leases --pid-file=/run/dnsmasq.pid

#: part run
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --dhcp --name=hours > website.log &

#: part ready
until grep ready website.log; do sleep 0.2; done

#: part log
grep -o 'dhcp: .*' website.log

#: part lease
cat /run/leases

#: part curl
address=$(grep -o 'http://[0-9.]*' website.log)
curl -s "$address/"

#: part stop
kill $!
wait $!

#: part fixed
sudo kill "$(cat /run/dnsmasq.pid)"
sudo dnsmasq --conf-file=/dev/null --port=0 --interface=tap100 --dhcp-range=10.0.0.100,10.0.0.199,1h --dhcp-host=02:00:00:00:01:00,10.0.0.50 --dhcp-leasefile=/run/leases --pid-file=/run/dnsmasq.pid

#: part run-fixed
kittiwake run --net:service=tap100 --net-mac:service=02:00:00:00:01:00 --block-ro:data=site.tar website.hvt -- --dhcp > website.log &
until grep ready website.log; do sleep 0.2; done

#: part no-server budget=60s
kill $!
wait $! || true
sudo kill "$(cat /run/dnsmasq.pid)"
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --dhcp > website.log &
until grep 'no answer' website.log; do sleep 0.2; done

#: part stop-waiting
kill $!
wait $!

#: part both exit=64
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --dhcp --ipv4=10.0.0.2/24

#: part clean-up
sudo ip tuntap del tap100 mode tap
sudo rm /run/leases
rm -r site site.tar website.log
