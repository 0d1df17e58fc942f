#!/usr/bin/env bash
#: lab A name instead of an address
# Lets the unikernel website announce its name on tap100, and finds it by that name. Ends with a clean host.

#: part prepare
mkdir site
echo '<h1>Opening hours</h1>' > site/index.html
tar -cf site.tar -C site .
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip addr add 10.0.0.1/24 dev tap100
sudo ip link set tap100 up

#: part run
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --ipv4=10.0.0.2/24 --name=hours > website.log &
until grep -s mdns website.log; do sleep 0.2; done

#: part ask
dig +short -p 5353 @10.0.0.2 hours.local

#: part before exit=6
curl -sS http://hours.local/

#: part resolver
sudo systemctl start avahi-daemon

#: part find
getent hosts hours.local

#: part curl
curl -s http://hours.local/

#: part stop
kill $!
wait $!

#: part bad-name exit=64
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --name=opening.hours

#: part clean-up
sudo systemctl --quiet stop avahi-daemon.socket avahi-daemon
sudo ip tuntap del tap100 mode tap
rm -r site site.tar website.log
