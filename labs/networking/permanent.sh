#!/usr/bin/env bash
#: lab A bridge that stays
# Writes a bridge with a tap, forwarding, NAT and a unikernel down for systemd, takes all of it away as a restart does, and lets it come back.

#: part before
state() {
  ip -brief link; ip -brief address; ip route; ip -6 route; ip rule
  sudo nft list ruleset
  sudo sysctl -a --pattern forward
  ls /etc/systemd/network /etc/systemd/system /etc/sysctl.d; cat /etc/nftables.conf
}
state > before.txt

#: part bridge
sudo tee /etc/systemd/network/br100.netdev << 'END' > /dev/null
[NetDev]
Name=br100
Kind=bridge
END
sudo tee /etc/systemd/network/br100.network << 'END' > /dev/null
[Match]
Name=br100

[Network]
Address=10.0.0.1/24
Address=fd00:100::1/64
ConfigureWithoutCarrier=yes
END

#: part tap
sudo tee /etc/systemd/network/tap100.netdev << 'END' > /dev/null
[NetDev]
Name=tap100
Kind=tap

[Tap]
User=operator
END
sudo tee /etc/systemd/network/tap100.network << 'END' > /dev/null
[Match]
Name=tap100

[Network]
Bridge=br100
END

#: part forward
echo 'net.ipv4.ip_forward = 1' | sudo tee /etc/sysctl.d/90-unikernels.conf

#: part rules
sudo cp /etc/nftables.conf nftables.conf.before
sudo tee --append /etc/nftables.conf << 'END' > /dev/null
table ip handmade {
  chain out {
    type nat hook postrouting priority srcnat
    ip saddr 10.0.0.0/24 oifname eth1 masquerade
  }
}
END

#: part unit
sudo tee /etc/systemd/system/first.service << 'END' > /dev/null
[Unit]
Description=The first unikernel
After=systemd-networkd.service

[Service]
User=operator
ExecStartPre=sh -c 'until ip link show tap100 | grep -q "master br100"; do sleep 0.2; done'
ExecStart=/usr/local/bin/kittiwake run --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24 --ipv4-gateway=10.0.0.1
Restart=on-failure

[Install]
WantedBy=multi-user.target
END

#: part enable budget=60s
sudo systemctl daemon-reload
sudo systemctl --quiet enable systemd-networkd nftables first

#: part restart restarts budget=200s
sudo systemctl reboot

#: part again budget=100s
until ping -c 1 -W 1 10.0.0.2 > ping.log 2>&1; do sleep 0.2; done
grep 'packet loss' ping.log

#: part look until
uptime --pretty
ip -brief address show br100
ls /sys/class/net/br100/brif
sudo sysctl net.ipv4.ip_forward
sudo nft list table ip handmade

#: part clean-up budget=100s
sudo systemctl --quiet disable --now first systemd-networkd systemd-networkd.socket nftables
sudo systemctl stop systemd-network-generator
sudo rm /etc/systemd/system/first.service /etc/sysctl.d/90-unikernels.conf
sudo rm /etc/systemd/network/br100.netdev /etc/systemd/network/br100.network /etc/systemd/network/tap100.netdev /etc/systemd/network/tap100.network
sudo cp nftables.conf.before /etc/nftables.conf
sudo systemctl daemon-reload
sudo ip link del br100
sudo ip link del tap100
sudo sysctl -w net.ipv4.ip_forward=0
rm nftables.conf.before ping.log

#: part after
state() {
  ip -brief link; ip -brief address; ip route; ip -6 route; ip rule
  sudo nft list ruleset
  sudo sysctl -a --pattern forward
  ls /etc/systemd/network /etc/systemd/system /etc/sysctl.d; cat /etc/nftables.conf
}
state | diff before.txt - && echo "as before"

#: part files
rm before.txt
