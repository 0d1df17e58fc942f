#!/usr/bin/env bash
#: lab Certificates and a second person
# Lets anna deploy to this host by certificates, sees her kept within her policy, and lets her in no more. Anna is asked for on the same machine,
# by TLS all the same: the machine is called lab.

#: part bridge
sudo ip link add br0 type bridge
sudo ip address add 10.0.0.1/24 dev br0
sudo ip link set br0 up

#: part init budget=100s
kittiwake ca init ca --server lab

#: part server
sudo mkdir -p /etc/kittiwaked
sudo mv ca/server /etc/kittiwaked/tls
sudo chown -R root: /etc/kittiwaked/tls

#: part listen budget=100s
sudo systemctl enable --now kittiwaked.socket kittiwaked-tls.socket 2> /dev/null
systemctl is-active kittiwaked.socket kittiwaked-tls.socket

#: part delegate budget=100s
kittiwake ca delegate ca anna --unikernels 2 --memory 128 --cpu 0 --bridge br0 --block 8
mv ca/anna anna
ls anna

#: part show budget=100s
kittiwake cert show anna/cert.pem

#: part create budget=300s
anna="--remote lab --identity anna"
kittiwake create web netcheck.spt $anna --net:service=br0 -- --ipv4=10.0.0.2/24
ping -c 1 -W 10 10.0.0.2

#: part ps budget=200s
kittiwake ps $anna

#: part remote budget=200s
kittiwake remote add lab lab --identity anna
kittiwake ps --remote lab

#: part logs budget=100s
kittiwake logs web $anna

#: part events budget=300s
kittiwake events $anna > events &
events=$!
until sudo journalctl -u kittiwaked-tls | grep -q 'kittiwake events'; do sleep 1; done
kittiwake restart web $anna
until grep -qs started events; do sleep 1; done
kill "$events"
cat events

#: part block budget=300s
head -c 1000000 /dev/urandom > data
kittiwake block add notes --from data $anna
kittiwake block dump notes -o back $anna
cmp -n 1000000 data back && echo the same

#: part here budget=100s
sudo kittiwake ps

#: part journal
sudo journalctl -u kittiwaked-tls -o cat | grep 'anna'

#: part renew budget=200s
mkdir server
cp /etc/kittiwaked/tls/cert.pem server/
kittiwake ca server ca server --renew
sudo cp server/cert.pem /etc/kittiwaked/tls/
kittiwake ps $anna
sudo journalctl -u kittiwaked-tls -o cat | grep -c listens

#: part exceeds exit=69 budget=200s
kittiwake create big netcheck.spt $anna --mem 128 --net:service=br0 -- --ipv4=10.0.0.3/24

#: part outside exit=69 budget=200s
kittiwake create other netcheck.spt $anna --net:service=br1 -- --ipv4=10.0.0.3/24

#: part elsewhere exit=69 budget=200s
kittiwake ps bob: $anna

#: part further budget=200s
kittiwake ca delegate anna shop --unikernels 1 --memory 64 --cpu 0 --days 30
kittiwake ps --remote lab --identity anna/shop

#: part more exit=64 budget=100s
kittiwake ca delegate anna more --unikernels 3 --memory 64 --cpu 0

#: part lower budget=300s
cp anna/cert.pem old.pem
mv anna ca/anna
kittiwake ca delegate ca anna --unikernels 1 --memory 64 --cpu 0 --bridge br0 --renew
mv ca/anna anna
kittiwake ps $anna

#: part old exit=69 budget=300s
cp anna/cert.pem new.pem
cp old.pem anna/cert.pem
kittiwake create second netcheck.spt $anna --mem 32 --net:service=br0 -- --ipv4=10.0.0.3/24

#: part new budget=100s
cp new.pem anna/cert.pem
kittiwake cert show anna/cert.pem | grep may

#: part name exit=69 budget=100s
kittiwake ps --remote 127.0.0.1 --identity anna

#: part name-known budget=100s
kittiwake ps --remote 127.0.0.1 --server-name lab --identity anna

#: part expired exit=69 budget=200s
mv anna/shop shop
kittiwake ca delegate anna shop --unikernels 1 --memory 64 --cpu 0 --days 1
sudo date -s '+2 days' > /dev/null
kittiwake ps --remote lab --identity anna/shop

#: part clock exit=69 budget=100s
sudo date -s '-4 days' > /dev/null
kittiwake ps $anna

#: part clock-right budget=100s
sudo date -s '+2 days' > /dev/null
kittiwake ps $anna

#: part revoke budget=100s
sudo kittiwake cert revoke anna/cert.pem --list /etc/kittiwaked/tls/revoked

#: part revoked exit=69 budget=100s
kittiwake ps $anna

#: part revoked-below exit=69 budget=100s
kittiwake ps --remote lab --identity shop

#: part runs
ping -c 1 -W 10 10.0.0.2

#: part security budget=60s
systemd-analyze security kittiwaked-tls.service | tail -n 1

#: part stopped exit=69 budget=100s
sudo systemctl stop kittiwaked-tls.socket kittiwaked-tls.service 2> /dev/null
kittiwake ps $anna

#: part end budget=200s
sudo kittiwake rm anna:web
sudo kittiwake block rm anna:notes
sudo kittiwake policy rm anna
sudo kittiwake policy rm anna:shop
sudo systemctl disable --now kittiwaked-tls.socket kittiwaked.socket kittiwaked.service kittiwaked-unikernels.service 2> /dev/null
sudo rm -r /etc/kittiwaked /var/lib/kittiwaked
sudo ip link del br0
kittiwake remote rm lab
rmdir -p --ignore-fail-on-non-empty .config/kittiwake/remotes
rm -r ca server anna shop old.pem new.pem events data back
