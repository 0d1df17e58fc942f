#!/usr/bin/env bash
#: lab A fleet in a file
# Writes down what is to run, makes it so, changes it, is interrupted on the way, and takes the file from what runs.

#: part bridge budget=100s
sudo ip link add br0 type bridge
sudo ip address add 10.0.0.1/24 dev br0
sudo ip link set br0 up
sudo systemctl enable --now kittiwaked.socket 2> /dev/null

#: part file
mkdir site
echo '<h1>Open from nine to five</h1>' > site/index.html
tar -cf site.tar -C site .
cat > fleet.yaml <<'YAML'
version: 1
path: shop
policies:
  .: { unikernels: 3, memory: 256, cpus: [0], bridges: [br0], block: 4 }
blocks:
  site: { size: 1, contents: site.tar }
unikernels:
  check:
    image: netcheck.spt
    memory: 32
    networks: { service: br0 }
    arguments: [--ipv4=10.0.0.3/24]
    startOrder: 10
    health: { ping: 10.0.0.3 }
  web:
    image: website.spt
    networks: { service: br0 }
    blocks: { data: site }
    arguments: [--ipv4=10.0.0.2/24]
    startOrder: 20
    health: { http: 'http://10.0.0.2/' }
YAML

#: part diff exit=1 budget=100s
sudo kittiwake diff fleet.yaml

#: part apply budget=200s
sudo kittiwake apply fleet.yaml

#: part seen budget=100s
sudo kittiwake ps
curl -s http://10.0.0.2/

#: part again budget=200s
sudo kittiwake apply fleet.yaml
sudo kittiwake diff fleet.yaml

#: part change exit=1 budget=100s
sed -i 's/memory: 32/memory: 48/; s/memory: 256/memory: 200/' fleet.yaml
sudo kittiwake diff fleet.yaml

#: part changed budget=200s
sudo kittiwake apply fleet.yaml

#: part wrong exit=65 budget=100s
sed 's/memory: 48/mem: 48/; s/http:/htpp:/' fleet.yaml > wrong.yaml
sudo kittiwake apply wrong.yaml

#: part killed budget=300s
sudo kittiwake rm shop:web shop:check > /dev/null
sudo kittiwake block rm shop:site > /dev/null
for seconds in 1 2 4; do
  sudo timeout --signal=KILL $seconds kittiwake apply fleet.yaml
done > /dev/null 2>&1
sudo kittiwake apply fleet.yaml | tail -n 1
sudo kittiwake diff fleet.yaml
curl -s http://10.0.0.2/

#: part export budget=100s
sudo kittiwake export shop -o export.yaml
cat export.yaml

#: part round budget=200s
sudo kittiwake diff export.yaml --prune
sudo kittiwake rm shop:web shop:check
sudo kittiwake apply export.yaml | tail -n 2

#: part prune budget=200s
sed -i '/^  web:/,$d; /^blocks:/,/^  site/d' fleet.yaml
sudo kittiwake apply fleet.yaml --prune

#: part end budget=200s
sudo kittiwake rm shop:check
sudo kittiwake policy rm shop
sudo systemctl disable --now kittiwaked.socket kittiwaked.service kittiwaked-unikernels.service 2> /dev/null
sudo rm -r /var/lib/kittiwaked export.yaml
sudo ip link del br0
rm -r site site.tar fleet.yaml wrong.yaml
