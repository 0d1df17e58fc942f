#!/usr/bin/env bash
#: lab Can this machine run unikernels?
# Looks at the host and changes nothing.

#: part doctor
kittiwake doctor

#: part look
uname -sm
ls -l /dev/kvm /dev/net/tun
id -nG
