#!/usr/bin/env bash
#: lab Images that are refused
# What the command says about files it cannot run. Everything happens in a new folder, which the last part removes.

#: part prepare
mkdir refusals
cd refusals
cp /usr/local/share/kittiwake/images/hello.hvt .

#: part no-such-file exit=66
kittiwake run helo.hvt

#: part text-file exit=65
echo "not an image" > notes.txt
kittiwake run notes.txt

#: part truncated exit=65
head -c 9000 hello.hvt > short.hvt
kittiwake run short.hvt

#: part foreign-machine exit=65
cp hello.hvt arm.hvt
printf '\267' | dd of=arm.hvt bs=1 seek=18 conv=notrunc status=none
kittiwake run arm.hvt

#: part linux-program exit=65
kittiwake run /bin/true

#: part too-little-memory exit=78
kittiwake run --mem=1 hello.spt

#: part wrong-option exit=64
kittiwake run hello.hvt --exit=7

#: part directly exit=127
chmod +x hello.hvt
./hello.hvt

#: part given
kittiwake run ./hello.hvt

#: part clean-up
cd ..
rm -r refusals
