#!/usr/bin/env bash
#: lab When the network does not fit
# The messages of a missing tap, a tap that is down, a wrong device name and their like. Ends with a clean host.

#: part not-given exit=1
kittiwake-hvt /usr/local/share/kittiwake/images/netcheck.hvt

#: part missing-tap exit=78
kittiwake run --net:service=tap100 netcheck.hvt

#: part down exit=78
sudo ip tuntap add tap100 mode tap user "$USER"
kittiwake run --net:service=tap100 netcheck.hvt

#: part wrong-device exit=78
sudo ip link set tap100 up
kittiwake run --net:eth0=tap100 netcheck.hvt

#: part not-yours exit=77
sudo ip tuntap add tap101 mode tap user root
sudo ip link set tap101 up
kittiwake run --net:service=tap101 netcheck.hvt

#: part not-a-tap exit=78
kittiwake run --net:service=lo netcheck.hvt

#: part bad-address exit=64
kittiwake run --net:service=tap100 netcheck.hvt -- --ipv4=10.0.0.2

#: part forgotten-dashes exit=64
kittiwake run --net:service=tap100 netcheck.hvt --ipv4=10.0.0.2/24

#: part clean-up
sudo ip tuntap del tap100 mode tap
sudo ip tuntap del tap101 mode tap
ip -br link
