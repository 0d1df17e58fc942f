#!/usr/bin/env bash
#: lab Two unikernels on one bridge
# Makes the bridge br100 with two taps, runs a unikernel behind each, lets them meet, and takes everything away again.

#: part before
state() { ip -brief link; ip -brief address; ip route; ip -6 route; ip rule; sudo nft list ruleset; }
state > before.txt

#: part bridge
sudo ip link add br100 type bridge
sudo ip addr add 10.0.0.1/24 dev br100
sudo ip link set br100 up

#: part taps
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip tuntap add tap101 mode tap user "$USER"
sudo ip link set tap100 master br100 up
sudo ip link set tap101 master br100 up

#: part changed
state | diff before.txt - | grep -c '^[<>]'

#: part ports
ip -brief link show master br100

#: part netcheck budget=60s
kittiwake run --net:service=tap101 netcheck.spt -- --ipv4=10.0.0.3/24 -l debug > netcheck.log &
until grep ready netcheck.log; do sleep 0.2; done

#: part listen
sudo tcpdump -n -t -l -i br100 -c 4 host 10.0.0.2 and host 10.0.0.3 > between.txt 2> tcpdump.log &
until grep -q listening tcpdump.log; do sleep 0.2; done

#: part website budget=60s
mkdir site
echo '<h1>Next door</h1>' > site/index.html
tar -cf site.tar -C site .
kittiwake run --net:service=tap100 --block-ro:data=site.tar website.spt -- --ipv4=10.0.0.2/24 --syslog=10.0.0.3 > website.log &
until grep -q ready website.log; do sleep 0.2; done
grep --only-matching 'ready:.*MAC [0-9a-f:]*' website.log

#: part between
wait %sudo
cat between.txt

#: part taken
grep --max-count=1 10.0.0.2 netcheck.log

#: part learned
sudo bridge fdb show br br100 dynamic | sort -k 3

#: part ping
ping -c 2 10.0.0.2
ping -c 2 10.0.0.3

#: part tcp
curl -s http://10.0.0.2/
echo "is anybody there?" | nc -N 10.0.0.3 7

#: part pulled exit=1
sudo ip link set tap101 nomaster
ping -c 1 -W 2 10.0.0.3

#: part pulled-look
ip -brief link show master br100

#: part plugged
sudo ip link set tap101 master br100
ping -c 1 -w 10 10.0.0.3

#: part stop
kill %?netcheck.spt %?website.spt
wait

#: part clean-up
sudo ip tuntap del tap100 mode tap
sudo ip tuntap del tap101 mode tap
sudo ip link del br100

#: part after
state | diff before.txt - && echo "as before"

#: part files
rm -r site site.tar website.log netcheck.log between.txt tcpdump.log before.txt
