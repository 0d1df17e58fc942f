#!/usr/bin/env bash
#: lab Serve a website
# Packs a folder as a tar archive, serves it from the unikernel website behind tap100, asks it what browsers ask, changes a page.

#: part inspect
kittiwake inspect website.hvt

#: part write
mkdir site
echo '<h1>Opening hours</h1><p>Monday to Friday</p>' > site/index.html
echo '<h1>This page is not here</h1>' > site/404.html

#: part pack
tar -cf site.tar -C site .

#: part list
tar -tf site.tar

#: part tap
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip addr add 10.0.0.1/24 dev tap100
sudo ip link set tap100 up

#: part run
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --ipv4=10.0.0.2/24 > website.log &

#: part ready
until grep ready website.log; do sleep 0.2; done

#: part get
curl -s http://10.0.0.2/

#: part head
curl -sI http://10.0.0.2/

#: part not-found
curl -si http://10.0.0.2/prices

#: part not-allowed
curl -s -X DELETE http://10.0.0.2/index.html

#: part save
curl -s --etag-save etag.txt -o index.html http://10.0.0.2/
cat etag.txt

#: part not-modified
curl -si --etag-compare etag.txt http://10.0.0.2/

#: part range
curl -si -r 4-16 http://10.0.0.2/

#: part log
cat website.log

#: part change
echo '<h1>Opening hours</h1><p>Monday to Saturday</p>' > site/index.html
tar -cf next.tar -C site .
mv next.tar site.tar

#: part still-old
curl -s http://10.0.0.2/

#: part restart
kill $!
wait $! || true
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --ipv4=10.0.0.2/24 > website.log &
until grep -q ready website.log; do sleep 0.2; done
curl -s http://10.0.0.2/

#: part not-modified-now
curl -si --etag-compare etag.txt http://10.0.0.2/

#: part compress
seq 1000 > site/numbers.txt
gzip --keep site/numbers.txt
tar -cf next.tar -C site .
mv next.tar site.tar

#: part small
kill $!
wait $! || true
kittiwake run --mem=4 --net:service=tap100 --block-ro:data=site.tar website.hvt -- --ipv4=10.0.0.2/24 --port=8080 > website.log &
until grep ready website.log; do sleep 0.2; done

#: part compressed
curl -sI --compressed http://10.0.0.2:8080/numbers.txt

#: part stop exit=143
kill $!
wait $!

#: part clean-up
sudo ip tuntap del tap100 mode tap
rm -r site site.tar website.log etag.txt index.html
