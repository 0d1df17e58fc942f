#!/usr/bin/env bash
#: lab Coming from Albatross
# Moves what a host of Albatross has to kittiwaked: what runs, policies, block devices, the endpoint with its certificates, a user's certificates.

#: part old budget=300s
sudo ip link add br0 type bridge
sudo ip address add 10.0.0.1/24 dev br0
sudo ip link set br0 up
sudo systemctl enable --now kittiwaked.socket 2> /dev/null
sudo kittiwake policy set team --unikernels 2 --memory 128 --cpu 0 --bridge br0 --block 8
echo '<h1>Moved</h1>' > index.html
tar -cf site.tar index.html
sudo kittiwake block add team:site --from site.tar
sudo kittiwake create team:web website.spt --net:service=br0 --block:data=site -- --ipv4=10.0.0.2/24
kittiwake ca init ca --server localhost
kittiwake ca delegate ca team --unikernels 2 --memory 128 --cpu 0 --bridge br0 --block 8
cp ca/root.pem cacert.pem; cp ca/server/cert.pem server.pem; cp ca/server/key.pem server.key
cp ca/team/cert.pem ca.pem; cp ca/team/key.pem ca.key

#: part export budget=200s
sudo kittiwake export -o fleet.yaml --images images
sed '/^#/d' fleet.yaml

#: part off budget=200s
sudo kittiwake rm team:web
sudo systemctl disable --now kittiwaked.socket kittiwaked.service 2> /dev/null
sudo mkdir -p /var/lib/albatross
sudo mv /var/lib/kittiwaked/blocks /var/lib/albatross/block
sudo rm -r /var/lib/kittiwaked

#: part blocks budget=200s
sudo systemctl enable --now kittiwaked.socket 2> /dev/null
sudo kittiwake ps
sudo cp -r /var/lib/albatross/block/. /var/lib/kittiwaked/blocks/
sudo systemctl restart kittiwaked
sudo kittiwake block list

#: part apply budget=200s
sudo kittiwake apply fleet.yaml
curl -s --retry 20 --retry-connrefused http://10.0.0.2/

#: part endpoint budget=100s
sudo mkdir -p /etc/kittiwaked/tls
sudo cp cacert.pem /etc/kittiwaked/tls/root.pem
sudo cp server.pem /etc/kittiwaked/tls/cert.pem
sudo cp server.key /etc/kittiwaked/tls/key.pem
sudo touch /etc/kittiwaked/tls/revoked
sudo systemctl enable --now kittiwaked-tls.socket 2> /dev/null

#: part identity budget=200s
mkdir team
cp cacert.pem team/root.pem; cp ca.pem team/cert.pem; cp ca.key team/key.pem
kittiwake ps --remote localhost --identity team

#: part rm budget=200s
kittiwake rm web --remote localhost --identity team
kittiwake block rm site --remote localhost --identity team

#: part end budget=100s
sudo systemctl disable --now kittiwaked-tls.socket kittiwaked-tls.service kittiwaked.socket kittiwaked.service kittiwaked-unikernels.service 2> /dev/null
sudo rm -r /etc/kittiwaked /var/lib/kittiwaked /var/lib/albatross fleet.yaml images
sudo ip link del br0
rm -r ca team cacert.pem ca.pem ca.key server.pem server.key index.html site.tar
