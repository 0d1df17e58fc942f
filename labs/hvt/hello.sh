#!/usr/bin/env bash
#: lab Run hello, the smallest unikernel
# Runs the prebuilt image hello under hvt and under spt. It leaves one file behind, which the last part removes.

#: part list
kittiwake image list

#: part inspect
kittiwake image inspect hello.hvt

#: part run
kittiwake run hello.hvt

#: part arguments
kittiwake run hello.hvt -- Ahoy from the lab

#: part memory
kittiwake run --mem=4 hello.hvt -- Four megabytes are enough

#: part exit
kittiwake run hello.hvt -- --exit=7
echo "exit status: $?"

#: part console
kittiwake run hello.hvt -- This goes to a file > console.log
cat console.log

#: part dry-run
kittiwake run --dry-run --mem=4 hello.hvt -- Ahoy

#: part tender
kittiwake-hvt --mem=4 /usr/local/share/kittiwake/images/hello.hvt Ahoy

#: part spt
kittiwake run hello.spt -- No KVM needed

#: part clean-up
rm console.log
