#!/usr/bin/env bash
#: lab When KVM is not there
# Takes /dev/kvm away, first the permission, then the device, and puts it back.

#: part forbidden exit=77
sudo chmod 600 /dev/kvm
kittiwake run hello.hvt

#: part missing exit=69
sudo mv /dev/kvm /dev/kvm.away
kittiwake run hello.hvt

#: part fallback
kittiwake run hello -- Any tender will do

#: part spt
kittiwake run hello.spt -- No KVM needed

#: part clean-up
sudo mv /dev/kvm.away /dev/kvm
sudo chmod 660 /dev/kvm
kittiwake run hello -- Back under hvt
