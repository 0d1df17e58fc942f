#!/usr/bin/env bash
#: lab When a unikernel fails
# Makes a unikernel give up and another one break the rules, and looks at what is left: a line, a status, a report, a core file.

#: part give-up exit=255
kittiwake run hello.hvt --crash=gave-up.json -- --exit=255

#: part report
kittiwake explain gave-up.json

#: part no-failure
kittiwake run hello.hvt --crash=fine.json
stat -c '%s bytes' fine.json

#: part again exit=73
kittiwake run hello.hvt --crash=gave-up.json

#: part damage
for kind in spt hvt; do
  cp /usr/local/share/kittiwake/images/netcheck.$kind damaged.$kind
  head -c 4096 /dev/zero | tr '\0' '\377' | dd of=damaged.$kind bs=4096 seek=24 conv=notrunc status=none
done

#: part fault exit=255
kittiwake run ./damaged.spt --crash=fault.json

#: part fault-report
kittiwake explain fault.json

#: part fault-hvt exit=255
kittiwake run ./damaged.hvt

#: part tender-hvt exit=1
sudo ip tuntap add tap100 mode tap user "$USER"
sudo ip link set tap100 up
kittiwake-hvt --net:service=tap100 damaged.hvt

#: part tender-spt
bash -c 'kittiwake-spt --net:service=tap100 damaged.spt; echo "exit status: $?"'

#: part core exit=255
mkdir cores
kittiwake run hello.hvt --dumpcore=cores -- --exit=255

#: part core-file
stat -c '%s bytes, mode %a' cores/core.*
du --block-size=1K cores/core.* | cut -f 1
file --brief cores/core.*

#: part changed exit=65
kittiwake explain fault.json netcheck.spt

#: part no-report exit=66
kittiwake explain none.json

#: part clean-up
sudo ip tuntap del tap100 mode tap
rm -r gave-up.json fine.json fault.json damaged.spt damaged.hvt cores
