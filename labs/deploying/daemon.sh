#!/usr/bin/env bash
#: lab Leave it to kittiwaked
# Gives a unikernel to the orchestrator, kills the orchestrator, and sees the unikernel answer all the same.

#: part bridge
sudo ip link add br0 type bridge
sudo ip address add 10.0.0.1/24 dev br0
sudo ip link set br0 up

#: part start budget=100s
sudo systemctl enable --now kittiwaked.socket 2> /dev/null
systemctl is-active kittiwaked.socket

#: part create budget=200s
sudo kittiwake create check netcheck.spt --net:service=br0 -- --ipv4=10.0.0.2/24

#: part ping
ping -c 2 10.0.0.2

#: part ps budget=100s
sudo kittiwake ps

#: part logs budget=100s
sudo kittiwake logs check

#: part stats budget=100s
sudo kittiwake stats

#: part stats-one budget=100s
sudo kittiwake stats check --json | grep -o '"networks":[^]]*'

#: part limit budget=200s
sudo kittiwake limit check --cpu-limit 50
sudo cat /sys/fs/cgroup/system.slice/kittiwaked-unikernels.service/:check/cpu.max

#: part memory-limit
sudo cat /sys/fs/cgroup/system.slice/kittiwaked-unikernels.service/:check/memory.max

#: part fails budget=200s
sudo kittiwake create hello hello.spt --restart 3 -- --exit=3
until sudo kittiwake ps > table && grep -q waiting table; do sleep 0.2; done
cat table; rm table

#: part rm-hello budget=100s
sudo kittiwake rm hello

#: part kill
pid=$(pgrep kittiwake-spt | head -n 1)
sudo systemctl kill --signal=KILL --kill-who=main kittiwaked
ping -c 2 10.0.0.2

#: part after budget=200s
sudo kittiwake ps
pgrep kittiwake-spt | grep -c -x "$pid"

#: part restart budget=100s
sudo kittiwake restart check
ping -c 1 -W 10 10.0.0.2

#: part refused exit=69 budget=100s
sudo kittiwake create other netcheck.spt --net:service=br1 -- --ipv4=10.0.0.3/24

#: part no-stats exit=69 budget=100s
sudo kittiwake stats other

#: part policy budget=200s
sudo kittiwake policy set team --unikernels 1 --memory 100 --cpu 0 --bridge br0
sudo kittiwake policy list team

#: part too-much exit=69 budget=100s
sudo kittiwake create team:web netcheck.spt --mem 128 --net:service=br0 -- --ipv4=10.0.0.3/24

#: part stop budget=200s
sudo kittiwake stop check
sudo kittiwake ps
sudo kittiwake logs check

#: part rm budget=200s
sudo kittiwake rm check
sudo kittiwake policy rm team
sudo kittiwake ps

#: part end budget=100s
sudo systemctl disable --now kittiwaked.socket kittiwaked.service kittiwaked-unikernels.service 2> /dev/null
sudo rm -r /var/lib/kittiwaked
sudo ip link del br0
ip -brief link show type tun
