#!/usr/bin/env bash
#: lab Serve a website
# Packs a folder as a tar archive, serves it from the unikernel website behind tap100, changes a page.

#: part inspect
kittiwake image inspect website.hvt

#: part write
mkdir site
echo '<h1>Opening hours</h1><p>Monday to Friday</p>' > site/index.html

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
until grep -s ready website.log; do sleep 0.2; done

#: part get
curl -si http://10.0.0.2/

#: part log
tail -n 1 website.log

#: part change
echo '<h1>Opening hours</h1><p>Monday to Saturday</p>' > site/index.html
tar -cf next.tar -C site .
mv next.tar site.tar

#: part still-old
curl -s http://10.0.0.2/

#: part restart
kill $!
wait $! || true
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt -- --ipv4=10.0.0.2/24 > again.log &
until grep -qs ready again.log; do sleep 0.2; done
curl -s http://10.0.0.2/

#: part stop
kill $!
wait $!

#: part clean-up
sudo ip tuntap del tap100 mode tap
rm -r site site.tar website.log again.log
