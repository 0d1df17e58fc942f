#!/usr/bin/env bash
#: lab Logs
# Chooses how much the unikernel website says, and sends what it says to the syslog server rsyslog. Ends with a clean host.

#: part prepare
mkdir site
echo '<h1>Opening hours</h1>' > site/index.html
tar -cf site.tar -C site .
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip addr add 10.0.0.1/24 dev tap100
sudo ip link set tap100 up

#: part run
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --ipv4=10.0.0.2/24 > website.log &
until grep -qs ready website.log; do sleep 0.2; done
curl -s http://10.0.0.2/ http://10.0.0.2/prices
cat website.log

#: part less
kill $!
wait $! || true
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --ipv4=10.0.0.2/24 -l '*:info,http:error' > less.log &
until grep -qs ready less.log; do sleep 0.2; done
curl -s http://10.0.0.2/
cat less.log

#: part stop
kill $!
wait $!

#: part wrong-level exit=64
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- -l verbose

#: part wrong-source exit=64
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- -l web:debug

#: part receiver
cat > receiver.conf <<'END'
module(load="imudp")
input(type="imudp" address="10.0.0.1" port="514")
*.* /run/unikernels.log
END
sudo rsyslogd -f "$PWD/receiver.conf" -i /run/receiver.pid

#: part syslog
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --ipv4=10.0.0.2/24 --syslog=10.0.0.1 --name=hours > syslog.log &
until grep -qs ready syslog.log; do sleep 0.2; done
curl -s http://10.0.0.2/

#: part received
until sudo grep -qs GET /run/unikernels.log; do sleep 0.2; done
sudo grep -e ready -e GET /run/unikernels.log

#: part stop-syslog
kill $!
wait $!

#: part clean-up
sudo kill "$(cat /run/receiver.pid)"
sudo ip tuntap del tap100 mode tap
sudo rm /run/unikernels.log
rm -r site site.tar website.log less.log syslog.log receiver.conf
