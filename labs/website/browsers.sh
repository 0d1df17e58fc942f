#!/usr/bin/env bash
#: lab What browsers ask for
# Serves a small site by the unikernel website behind tap100, and asks for its files in the ways browsers and caches do.

#: part prepare
mkdir site
echo '<h1>Opening hours</h1><p>Monday to Friday</p>' > site/index.html
echo '<h1>This page is not here</h1>' > site/404.html
mkdir site/prices
echo '<h1>Prices</h1>' > site/prices/index.html
seq 1000 > site/prices/list.txt
gzip --keep site/prices/list.txt
tar -cf site.tar -C site .

#: part run
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip addr add 10.0.0.1/24 dev tap100
sudo ip link set tap100 up
kittiwake run --mem=4 --net:service=tap100 --block-ro:data=site.tar website.hvt -- --ipv4=10.0.0.2/24 > website.log &
until grep -s ready website.log; do sleep 0.2; done

#: part head
curl -sI http://10.0.0.2/

#: part folder
curl -sI http://10.0.0.2/prices

#: part not-found
curl -si http://10.0.0.2/staff.html

#: part save
curl -s --etag-save etag.txt -o index.html http://10.0.0.2/
cat etag.txt

#: part not-modified
curl -si --etag-compare etag.txt http://10.0.0.2/

#: part range
curl -si -r 4-16 http://10.0.0.2/

#: part plain
curl -sI http://10.0.0.2/prices/list.txt

#: part compressed
curl -sI --compressed http://10.0.0.2/prices/list.txt

#: part not-allowed
curl -s -X DELETE http://10.0.0.2/index.html

#: part bad-range
curl -s -r 1000- http://10.0.0.2/

#: part upwards
curl -s --path-as-is http://10.0.0.2/../etc/passwd

#: part log
cut -d ' ' -f 4- website.log

#: part stop
kill $!
wait $!

#: part clean-up
sudo ip tuntap del tap100 mode tap
rm -r site site.tar website.log etag.txt index.html
