#!/usr/bin/env bash
#: lab A network that comes back
# Makes the network web with a published port and a unikernel that systemd starts, restarts the machine, and finds all of it as it was. Ends with
# a clean host.

#: part before
state() {
  ip -brief link; ip -brief address; ip route; ip -6 route; ip rule
  sudo nft list ruleset
  sudo sysctl -a --pattern 'forward|route_localnet|accept_ra$'
  ls /etc/systemd/system
}
state > before.txt

#: part create budget=100s
sudo kittiwake net create web --subnet 10.0.42.0/24 --subnet6 fd00:42::/64 --nat
sudo kittiwake net tap add web echo
sudo kittiwake net publish web 7007:echo:7

#: part unit budget=60s
mac=$(kittiwake net inspect web | awk '$1 == "echo" { print $2 }')
sudo tee /etc/systemd/system/echo.service << END > /dev/null
[Unit]
Description=A unikernel that sends back what it gets
After=kittiwake-networks.service

[Service]
User=operator
ExecStart=/usr/local/bin/kittiwake run --net:service=echo --net-mac:service=$mac netcheck.spt -- --ipv4=10.0.42.2/24 --ipv4-gateway=10.0.42.1 --ipv6=fd00:42::2/64 --ipv6-gateway=fd00:42::1
Restart=on-failure

[Install]
WantedBy=multi-user.target
END

#: part enable budget=60s
sudo systemctl daemon-reload
sudo systemctl --quiet enable --now echo
until echo "is anybody there?" | nc -N 127.0.0.1 7007; do sleep 0.2; done

#: part keeper
systemctl cat kittiwake-networks | grep -E 'After|Exec'

#: part remember budget=60s
kittiwake net inspect web > inspect.txt
sudo nft --stateless list ruleset > rules.txt
sudo sysctl -a --pattern forward > settings.txt

#: part restart restarts budget=200s
sudo systemctl reboot

#: part again until budget=100s
echo "is anybody there?" | nc -N 127.0.0.1 7007

#: part same budget=60s
uptime --pretty
kittiwake net inspect web | diff inspect.txt -
sudo nft --stateless list ruleset | diff rules.txt -
sudo sysctl -a --pattern forward | diff settings.txt - && echo "as before the restart"

#: part flush exit=1
sudo nft flush ruleset
echo "is anybody there?" | nc -N -w 3 127.0.0.1 7007

#: part doctor budget=100s
sudo kittiwake doctor web | grep -A 1 '! network'

#: part mend budget=100s
sudo kittiwake net up web
echo "is anybody there?" | nc -N 127.0.0.1 7007

#: part service budget=100s
sudo systemctl restart nftables
until sudo nft list table inet kw-web > /dev/null 2>&1; do sleep 0.2; done
echo "is anybody there?" | nc -N 127.0.0.1 7007

#: part clean-up budget=100s
sudo systemctl --quiet disable --now echo
sudo rm /etc/systemd/system/echo.service
sudo systemctl daemon-reload
sudo kittiwake net rm web
sudo systemctl stop nftables

#: part after
state() {
  ip -brief link; ip -brief address; ip route; ip -6 route; ip rule
  sudo nft list ruleset
  sudo sysctl -a --pattern 'forward|route_localnet|accept_ra$'
  ls /etc/systemd/system
}
state | diff before.txt - && echo "as before"

#: part files
rm inspect.txt rules.txt settings.txt before.txt
