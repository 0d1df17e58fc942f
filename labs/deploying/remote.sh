#!/usr/bin/env bash
#: lab Deploy from another machine budget=900s
#: machine laptop
# A host, and anna's laptop on the same link. She makes a key there, is given a certificate for it, and deploys from there.

#: prepare user=root
ip link add br0 type bridge
ip address add 10.0.0.1/24 dev br0
ip link set br0 up

#: part address user=root
ip address add 192.0.2.1/24 dev link0
ip link set link0 up

#: part laptop-address on=laptop user=root
ip address add 192.0.2.2/24 dev link0
ip link set link0 up
echo '192.0.2.1 unikernels.example' >> /etc/hosts

#: part reach on=laptop until budget=60s
ping -c 1 -W 2 unikernels.example

#: part root budget=100s
kittiwake ca init ca --server unikernels.example

#: part server user=root in=/etc budget=200s
mkdir kittiwaked
mv /home/operator/ca/server kittiwaked/tls
chown -R root: kittiwaked/tls
systemctl enable --now kittiwaked.socket kittiwaked-tls.socket 2> /dev/null
systemctl is-active kittiwaked.socket kittiwaked-tls.socket
kittiwake ps

#: part wait ready=:7000
nc -l 192.0.2.1 7000 > anna.pem &

#: part request on=laptop budget=100s
kittiwake cert request anna
nc -N unikernels.example 7000 < anna/request.pem

#: part delegate ready=:7000 budget=100s
kittiwake ca delegate ca anna --unikernels 1 --memory 64 --cpu 0 --bridge br0 --request anna.pem
tar -c -C ca/anna cert.pem root.pem | nc -l -N 192.0.2.1 7000 &

#: part fetch on=laptop
nc -d unikernels.example 7000 | tar -x -C anna
ls anna

#: part remote on=laptop budget=30s
kittiwake remote add host unikernels.example --identity anna

#: part ask on=laptop until budget=200s
kittiwake ps --remote host

#: part create on=laptop budget=300s
kittiwake create web netcheck.spt --remote host --net:service=br0 -- --ipv4=10.0.0.2/24

#: part ps on=laptop budget=200s
kittiwake ps --remote host

#: part journal user=root budget=60s
journalctl -u kittiwaked-tls -o cat | grep anna:web
ping -c 1 -W 10 10.0.0.2

#: part end on=laptop budget=200s
kittiwake rm web --remote host
kittiwake remote rm host
rmdir -p --ignore-fail-on-non-empty .config/kittiwake/remotes
rm -r anna
sudo sed -i '/unikernels.example/d' /etc/hosts
sudo ip address flush dev link0
sudo ip link set link0 down

#: restore user=root budget=100s
systemctl disable --now kittiwaked-tls.socket kittiwaked.socket kittiwaked-tls.service kittiwaked.service
systemctl stop kittiwaked-unikernels
rm -rf /etc/kittiwaked /var/lib/kittiwaked /home/operator/ca /home/operator/anna.pem
ip link del br0
ip address flush dev link0
ip link set link0 down
