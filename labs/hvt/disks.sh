#!/usr/bin/env bash
#: lab Disks
# Gives files as disks to the unikernel website: read-only to two at once, to be written by one, in larger sectors, and as it must not be.

#: part inspect
kittiwake image inspect website.hvt

#: part make
mkdir site
echo '<h1>It works</h1>' > site/index.html
tar -cf disk.img -C site .
stat -c '%s bytes' disk.img

#: part attach
kittiwake run website.hvt --publish 8080:80 --block-ro:data=disk.img --stats=/dev/shm/first > first.log 2>&1 &
first=$!
until grep -qs ready first.log; do sleep 0.2; done
curl -s http://127.0.0.1:8080/

#: part counted
kittiwake stats /dev/shm/first | grep ^block

#: part shared
kittiwake run website.hvt --publish 8081:80 --block-ro:data=disk.img > second.log 2>&1 &
second=$!
until grep -qs ready second.log; do sleep 0.2; done
curl -s http://127.0.0.1:8081/

#: part locks
sudo lslocks --output COMMAND,TYPE,MODE,PATH | grep disk.img

#: part readers exit=78
kittiwake run website.hvt --block:data=disk.img

#: part writer
kill $first $second
wait $first $second
kittiwake run website.hvt --publish 8080:80 --block:data=disk.img > writer.log 2>&1 &
until grep -qs ready writer.log; do sleep 0.2; done
sudo lslocks --output COMMAND,TYPE,MODE,PATH | grep disk.img

#: part one-writer exit=78
kittiwake run website.hvt --block-ro:data=disk.img

#: part stop
kill $!
wait $!

#: part sectors exit=78
kittiwake run website.hvt --block-ro:data=disk.img --block-sector-size:data=4096

#: part extend
truncate -s %4096 disk.img
kittiwake run website.hvt --publish 8080:80 --block-ro:data=disk.img --block-sector-size:data=4096 > larger.log 2>&1 &
until grep -qs ready larger.log; do sleep 0.2; done
curl -s http://127.0.0.1:8080/
kill $!
wait $!

#: part odd exit=78
echo 'one line more' >> disk.img
kittiwake run website.hvt --block-ro:data=disk.img

#: part nonsense exit=64
kittiwake run website.hvt --block-ro:data=disk.img --block-sector-size:data=1000

#: part empty exit=78
touch empty.img
kittiwake run website.hvt --block-ro:data=empty.img

#: part mounted exit=78
sudo kittiwake run website.hvt --block:data=/dev/vda

#: part clean-up
rm -r site disk.img empty.img first.log second.log writer.log larger.log /dev/shm/first
