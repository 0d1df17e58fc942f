#!/usr/bin/env bash
#: lab Metrics
# Reads the counters of the unikernel website as Prometheus and as Influx would, and finds a dropped packet in them.

#: part prepare
mkdir site
echo '<h1>Opening hours</h1>' > site/index.html
tar -cf site.tar -C site .
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip addr add 10.0.0.1/24 dev tap100
sudo ip link set tap100 up

#: part run
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --ipv4=10.0.0.2/24 --metrics-port=9100 --name=hours > website.log &
until grep -s ready website.log; do sleep 0.2; done

#: part traffic
curl -s http://10.0.0.2/ http://10.0.0.2/ http://10.0.0.2/prices

#: part prometheus
curl -s http://10.0.0.2:9100/metrics > metrics.txt
grep http_responses metrics.txt

#: part refusals
grep '^http_refusals_total.* [1-9]' metrics.txt

#: part names
grep -c '^# TYPE' metrics.txt
grep '^# HELP tcp' metrics.txt

#: part influx
curl -s http://10.0.0.2:9100/influx | grep http_responses

#: part drops
echo knock | nc -u -w 1 10.0.0.2 5000
curl -s http://10.0.0.2:9100/metrics | grep 'drops_total{reason="port"}'

#: part memory
curl -s http://10.0.0.2:9100/metrics | grep '^memory'

#: part not-there
curl -si http://10.0.0.2:9100/

#: part stop
kill $!
wait $!

#: part same-port exit=64
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --metrics-port=80

#: part clean-up
sudo ip tuntap del tap100 mode tap
rm -r site site.tar website.log metrics.txt
