#!/usr/bin/env bash
#: lab Ask by HTTP
# Makes, watches and changes unikernels by the HTTP API: on its Unix socket, then from elsewhere, by a token and by certificates.

#: part start budget=200s
sudo ip link add br0 type bridge
sudo ip address add 10.0.0.1/24 dev br0
sudo ip link set br0 up
sudo systemctl enable --now kittiwaked.socket kittiwaked-http.socket 2> /dev/null
api='sudo curl -s --unix-socket /run/albatross/util/http.sock http://localhost/v1'
$api/version

#: part create budget=200s
echo '{"networks": [{"name": "service", "bridge": "br0"}], "arguments": ["--ipv4=10.0.0.2/24"], "memory": 32}' > settings.json
$api/unikernels/check -X PUT -F 'settings=@settings.json;type=application/json' -F image=@/usr/local/share/kittiwake/images/netcheck.spt
ping -q -c 1 -W 30 10.0.0.2 | grep packets

#: part show budget=100s
$api/unikernels/check

#: part console until budget=100s
$api/unikernels/check/console?lines=1 | grep ready

#: part restart budget=200s
$api/unikernels/check/restart --json '{"arguments": ["--ipv4=10.0.0.3/24"]}'
ping -q -c 1 -W 30 10.0.0.3 | grep packets

#: part unseen budget=100s
$api/unikernels/check -X PUT -H 'If-None-Match: *' --json '{}'

#: part policy budget=200s
$api/policies/team -X PUT --json '{"unikernels": 1, "memory": 16}'
digest=$($api/unikernels/check | grep -o '"digest":"[0-9a-f]*"')
$api/unikernels/team:check -X PUT --json "{$digest, \"cpus\": []}"

#: part events budget=200s
timeout 20 $api/events -N > events &
until [ -s events ]; do sleep 0.2; done
$api/unikernels/check/restart -X POST > restarted
until grep -qs started events; do sleep 0.2; done
grep -A 1 '^event' events | tail -n 2

#: part statistics budget=100s
$api/unikernels/check/statistics | grep -o '"memory":{"resident":[0-9]*'
$api/metrics | grep '^kittiwake_unikernel_state'

#: part block budget=200s
$api/blocks/data -X PUT --json '{"size": 1}'
echo 'Kept on a block device' | $api/blocks/data/data -T -
$api/blocks/data/data | tr -d '\0'
$api/blocks/data -X DELETE

#: part server budget=200s
kittiwake ca init ca --server localhost
sudo install -d /etc/kittiwaked
sudo cp -r ca/server /etc/kittiwaked/tls
sudo systemctl enable --now kittiwaked-https.socket 2> /dev/null
curl -s --cacert ca/root.pem https://localhost:1026/v1/version

#: part token budget=200s
umask 077
sudo kittiwake token create eye --scope : --verbs read --days 1 > token
printf 'Authorization: Bearer %s\n' "$(cat token)" > header
curl -s --cacert ca/root.pem -H @header https://localhost:1026/v1/version

#: part denied budget=100s
curl -s --cacert ca/root.pem -H @header https://localhost:1026/v1/unikernels/check -X DELETE

#: part revoke budget=200s
sudo kittiwake token list
sudo kittiwake token revoke eye
curl -s --cacert ca/root.pem -H @header https://localhost:1026/v1/version

#: part certificate budget=200s
kittiwake ca delegate ca team --unikernels 1 --memory 64 --cpu 0 --bridge br0
curl -s --cacert ca/root.pem --cert ca/team/cert.pem --key ca/team/key.pem https://localhost:1026/v1/policies/team

#: part end budget=200s
$api/unikernels/check -X DELETE
sudo kittiwake policy rm team
sudo systemctl disable --now kittiwaked{,-http,-https}.{socket,service} kittiwaked-unikernels.service 2> /dev/null
sudo rm -r /etc/kittiwaked /var/lib/kittiwaked
sudo ip link del br0
rm -r ca token header settings.json events restarted
