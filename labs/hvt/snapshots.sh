#!/usr/bin/env bash
#: lab Snapshots
# Saves the running unikernel netcheck to a file, goes on from it, and makes a second one of it with another address.

#: part host
sudo ip link add br100 type bridge
sudo ip addr add 10.0.0.1/24 dev br100
sudo ip link set br100 up
for tap in tap100 tap101; do
  sudo ip tuntap add $tap mode tap user "$USER"
  sudo ip link set $tap master br100 up
done

#: part run
kittiwake run netcheck.hvt --mem=64 --net:service=tap100 --snapshot=net.snap -- --ipv4=10.0.0.2/24 > first.log 2>&1 &
first=$!
until grep -s ready first.log; do sleep 0.2; done

#: part save
kill -USR1 $first
until [ -e net.snap ]; do sleep 0.2; done
ping -c 1 10.0.0.2 | grep received

#: part file
stat -c '%s bytes, mode %a' net.snap

#: part restore
kill $first
wait $first
kittiwake-hvt --restore=net.snap --net:service=tap100 > first.log 2>&1 &
first=$!
until ping -c 1 -W 1 10.0.0.2 > answer; do true; done
grep received answer
cat first.log

#: part clone
kittiwake-hvt --restore=net.snap --net:service=tap101 --net-mac:service=02:00:00:00:00:03 -- --ipv4=10.0.0.3/24 > second.log 2>&1 &
second=$!
until ping -c 1 -W 1 10.0.0.3 > answer; do true; done
grep received answer
cat second.log

#: part both
ping -c 1 10.0.0.2 | grep received
ip neigh show dev br100 | sort

#: part stop
kill $first $second
wait $first $second

#: part no-device exit=1
kittiwake-hvt --restore=net.snap

#: part other-tender exit=1
kittiwake-spt --restore=net.snap --net:service=tap100

#: part cut exit=1
head -c 100000 net.snap > cut.snap
kittiwake-hvt --restore=cut.snap --net:service=tap100

#: part damaged exit=1
printf 'X' | dd of=net.snap bs=1 seek=200 conv=notrunc status=none
kittiwake-hvt --restore=net.snap --net:service=tap100

#: part image exit=1
kittiwake-hvt --restore=/usr/local/share/kittiwake/images/netcheck.hvt --net:service=tap100

#: part clean-up
for tap in tap100 tap101; do sudo ip tuntap del $tap mode tap; done
sudo ip link del br100
rm net.snap cut.snap first.log second.log answer
