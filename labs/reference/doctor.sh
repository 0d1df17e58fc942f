#!/usr/bin/env bash
#: lab What doctor looks at
# A healthy host, a healthy way to the world, and one that is broken: what doctor says of each, and that its own command mends it. Ends with a
# clean host.

#: part host budget=60s
sudo kittiwake doctor

#: part prepare budget=200s
sudo ip netns add world
sudo ip link add eth1 type veth peer name eth0 netns world
sudo ip addr add 192.0.2.1/24 dev eth1
sudo ip link set eth1 up
sudo ip -n world addr add 192.0.2.2/24 dev eth0
sudo ip -n world link set eth0 up
sudo kittiwake net create web --subnet 10.0.42.0/24 --nat
sudo kittiwake net tap add web www
mac=$(kittiwake net inspect web | awk '$1 == "www" { print $2 }')
kittiwake run --net:service=www --net-mac:service=$mac netcheck.spt -- --ipv4=10.0.42.2/24 --ipv4-gateway=10.0.42.1 > www.log &
until grep -qs ready www.log; do sleep 0.2; done

#: part healthy budget=100s
sudo kittiwake doctor web --reach 192.0.2.2

#: part user budget=100s
kittiwake doctor web --reach 192.0.2.2

#: part break
sudo nft add table ip filter
sudo nft add chain ip filter FORWARD '{ type filter hook forward priority filter; policy drop; }'

#: part broken exit=69 budget=100s
sudo kittiwake doctor web --reach 192.0.2.2

#: part json budget=100s
sudo kittiwake doctor web --reach 192.0.2.2 --json | grep -o '{[^{}]*"failed"[^}]*}'

#: part mend budget=100s
cure=$(sudo kittiwake doctor web --reach 192.0.2.2 | sed -n 's/^ *→ //p')
eval "$cure"
sudo kittiwake doctor web --reach 192.0.2.2

#: part clean-up budget=100s
kill %?www
wait %?www
sudo nft delete table ip filter
sudo kittiwake net rm web
sudo ip link del eth1
sudo ip netns del world
rm www.log
