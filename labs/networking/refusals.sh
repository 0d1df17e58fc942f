#!/usr/bin/env bash
#: lab When the tap does not fit
# The messages of a missing tap, a tap that is down, a wrong device name and their like, each with its cure. Ends with a clean host.

#: part not-given exit=1
kittiwake-hvt /usr/local/share/kittiwake/images/netcheck.hvt

#: part missing-tap exit=78
kittiwake run --net:service=tap100 netcheck.hvt

#: part doctor exit=69 budget=40s
kittiwake doctor --net:service=tap100 netcheck.hvt

#: part no-root expect-fail
ip tuntap add tap100 mode tap user "$USER"

#: part misprint expect-fail
sudo ip tuntap set dev tap100 up

#: part create
sudo ip tuntap add tap100 mode tap user "$USER"

#: part down exit=78
kittiwake run --net:service=tap100 netcheck.hvt

#: part doctor-down budget=40s
ask() { kittiwake doctor "$@" | grep --max-count=1 -A 1 ✗; }
ask --net:service=tap100 netcheck.hvt

#: part up
sudo ip link set tap100 up
kittiwake run --net:service=tap100 netcheck.hvt -- --ipv4=10.0.0.2/24 > netcheck.log &
until grep -s ready netcheck.log; do sleep 0.2; done

#: part in-use exit=78
kittiwake run --net:service=tap100 netcheck.hvt -- --ipv4=10.0.0.3/24

#: part doctor-in-use budget=40s
ask --net:service=tap100 netcheck.hvt

#: part exists exit=1
sudo ip tuntap add tap100 mode tap user "$USER"

#: part another
sudo ip tuntap add tap101 mode tap user "$USER"
sudo ip link set tap101 up
kittiwake run --net:service=tap101 netcheck.hvt -- --ipv4=10.0.0.3/24 > second.log &
until grep -s ready second.log; do sleep 0.2; done

#: part wrong-device exit=78
kittiwake run --net:eth0=tap100 netcheck.hvt

#: part doctor-wrong-device budget=40s
ask --net:eth0=tap100 netcheck.hvt

#: part device
kittiwake image inspect netcheck.hvt

#: part not-yours exit=77
sudo ip tuntap add tap102 mode tap user root
sudo ip link set tap102 up
kittiwake run --net:service=tap102 netcheck.hvt

#: part doctor-not-yours budget=40s
ask --net:service=tap102 netcheck.hvt

#: part yours
sudo ip tuntap del tap102 mode tap
sudo ip tuntap add tap102 mode tap user "$USER"
sudo ip link set tap102 up
kittiwake run --net:service=tap102 netcheck.hvt -- --help | head -n 1

#: part not-a-tap exit=78
kittiwake run --net:service=lo netcheck.hvt

#: part doctor-not-a-tap budget=40s
ask --net:service=lo netcheck.hvt

#: part no-name exit=64
kittiwake run --net=tap102 netcheck.hvt

#: part bad-address exit=64
kittiwake run --net:service=tap102 netcheck.hvt -- --ipv4=10.0.0.2

#: part forgotten-dashes exit=64
kittiwake run --net:service=tap102 netcheck.hvt --ipv4=10.0.0.2/24

#: part clean-up
kill %?tap100 %?tap101
wait
for tap in tap100 tap101 tap102; do sudo ip tuntap del "$tap" mode tap; done
rm netcheck.log second.log
ip -br link
