#!/usr/bin/env bash
#: lab When a website does not start
# What tender and unikernel say about archives that are missing, packed otherwise, cut or damaged. Ends with a clean host.

#: part prepare
mkdir refusals
cd refusals
mkdir site
echo '<h1>Opening hours</h1>' > site/index.html
tar -cf site.tar -C site .
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip link set tap100 up
sudo ip tuntap add tap101 mode tap user "$USER"
sudo ip link set tap101 up

#: part no-archive exit=78
kittiwake run --net:service=tap100 website.hvt

#: part missing-file exit=78
kittiwake run --net:service=tap100 --block:data=sit.tar website.hvt

#: part wrong-device exit=78
kittiwake run --net:service=tap100 --block:site=site.tar website.hvt

#: part compressed exit=78
tar -czf site.tar.gz -C site .
kittiwake run --net:service=tap100 --block:data=site.tar.gz website.hvt

#: part still-compressed exit=65
truncate -s %512 site.tar.gz
kittiwake run --net:service=tap100 --block:data=site.tar.gz website.hvt

#: part cut exit=65
head -c 1536 site.tar > cut.tar
kittiwake run --net:service=tap100 --block:data=cut.tar website.hvt

#: part damaged exit=65
cp site.tar damaged.tar
printf 'X' | dd of=damaged.tar bs=1 seek=600 conv=notrunc status=none
kittiwake run --net:service=tap100 --block:data=damaged.tar website.hvt

#: part absolute exit=65
tar -cPf absolute.tar "$PWD/site"
kittiwake run --net:service=tap100 --block:data=absolute.tar website.hvt

#: part no-files exit=65
mkdir empty
tar -cf empty.tar -C empty .
kittiwake run --net:service=tap100 --block:data=empty.tar website.hvt

#: part busy exit=78
kittiwake run --net:service=tap100 --block:data=site.tar website.hvt > first.log &
until grep -qs ready first.log; do sleep 0.2; done
kittiwake run --net:service=tap101 --block:data=site.tar website.hvt

#: part stop-first
kill $!
wait $!

#: part too-many exit=65 budget=60s
seq -f site/%090.0f 6500 | xargs touch
tar -cf large.tar -C site .
kittiwake run --mem=4 --net:service=tap100 --block:data=large.tar website.hvt

#: part bad-port exit=64
kittiwake run --net:service=tap100 --block-ro:data=empty.tar website.hvt -- --port=http

#: part clean-up
sudo ip tuntap del tap100 mode tap
sudo ip tuntap del tap101 mode tap
cd ..
rm -r refusals
