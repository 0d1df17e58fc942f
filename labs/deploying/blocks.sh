#!/usr/bin/env bash
#: lab Give a unikernel a disk
# Puts a website on a block device of the orchestrator's, serves it, changes it, and gets device and image back as files.

#: part bridge budget=100s
sudo ip link add br0 type bridge
sudo ip address add 10.0.0.1/24 dev br0
sudo ip link set br0 up
sudo systemctl enable --now kittiwaked.socket 2> /dev/null

#: part add budget=100s
mkdir site
echo '<h1>Open from nine to five</h1>' > site/index.html
tar -cf site.tar -C site .
sudo kittiwake block add site --from site.tar

#: part create budget=200s
sudo kittiwake create web website.spt --net:service=br0 --block:data=site -- --ipv4=10.0.0.2/24
curl -s --retry 20 --retry-connrefused http://10.0.0.2/

#: part list budget=100s
sudo kittiwake block list

#: part in-use exit=69 budget=100s
sudo kittiwake block set site site.tar

#: part stop budget=200s
sudo kittiwake stop web

#: part set budget=200s
echo '<h1>Open day and night</h1>' > site/index.html
tar -cf site.tar -C site .
sudo kittiwake block set site site.tar
sudo kittiwake restart web
curl -s --retry 20 --retry-connrefused http://10.0.0.2/

#: part get budget=100s
sudo kittiwake image list --deployed
sudo kittiwake image get web -o web.spt
kittiwake image inspect web.spt

#: part dump budget=200s
sudo kittiwake rm web
sudo kittiwake block dump site -o site.img
sudo tar -xOf site.img ./index.html

#: part again exit=71 budget=100s
sudo kittiwake block dump site -o site.img

#: part rm budget=100s
sudo kittiwake block rm site
sudo kittiwake block list

#: part end budget=100s
sudo systemctl disable --now kittiwaked.socket kittiwaked.service kittiwaked-unikernels.service 2> /dev/null
sudo rm -r /var/lib/kittiwaked site.img web.spt
sudo ip link del br0
rm -r site site.tar
