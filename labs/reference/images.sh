#!/usr/bin/env bash
#: lab The images' own help
# What the reference page of the prebuilt images shows is what the images print, and their exit statuses are what they end with.

#: part inspect
for image in hello netcheck website; do kittiwake image inspect $image.hvt; done

#: part hello
kittiwake run hello.spt -- --help

#: part tap
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip link set tap100 up
truncate -s 512 site.tar

#: part netcheck
kittiwake run --net:service=tap100 netcheck.spt -- --help

#: part ping
sudo ip addr add 10.0.0.1/24 dev tap100
kittiwake run --net:service=tap100 netcheck.spt -- --ping=10.0.0.1 --exit

#: part call exit=69
kittiwake run --net:service=tap100 netcheck.spt -- --call=10.0.0.1:81 --exit

#: part website
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.spt -- --help

#: part unknown exit=64
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.spt -- --ip=10.0.0.2/24

#: part no-archive exit=65
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.spt

#: part clean-up
sudo ip tuntap del tap100 mode tap
rm site.tar
