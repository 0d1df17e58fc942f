#!/usr/bin/env bash
#: lab It worked before
# Options that have other names, a command that is there twice, an image or a program for another machine. Ends with a clean host.

#: part prepare
mkdir versions
cd versions
cp /usr/local/share/kittiwake/images/hello.hvt .

#: part unknown-option exit=64
kittiwake run netcheck.spt -- --ip=10.0.0.2/24

#: part which-options
kittiwake run netcheck.spt -- --help | grep -e '--ip.*=ADDRESS'

#: part unknown-tender-option exit=64
kittiwake run --net=tap100 netcheck.spt

#: part tender-options
kittiwake run --help | grep -e --net:

#: part leftover exit=127
mkdir bin
cp /usr/local/bin/kittiwake bin
PATH=$PWD/bin:$PATH
kittiwake run hello.hvt

#: part which
type -a kittiwake

#: part remove
rm -r bin
hash -r
kittiwake --version
kittiwake run hello.hvt

#: part target exit=65
note=$(grep --byte-offset --only-matching --text --max-count=1 ABI1Solo5 hello.hvt | cut -d : -f 1)
cp hello.hvt cloud.virtio
printf '\3' | dd of=cloud.virtio bs=1 seek=$((note + 12)) conv=notrunc status=none
kittiwake run cloud.virtio

#: part doctor-target budget=40s
kittiwake doctor cloud.virtio | grep -A 1 ✗

#: part right-target
kittiwake image inspect hello.hvt

#: part other-machine exit=126
cp /usr/local/bin/kittiwake-spt tender
printf '\267' | dd of=tender bs=1 seek=18 conv=notrunc status=none
./tender --version

#: part this-machine
uname -sm
kittiwake run hello.spt -- This machine will do

#: part clean-up
cd ..
rm -r versions
