#!/usr/bin/env bash
#: lab The command's own help
# What the reference pages show is what the installed command prints.

#: part kittiwake
kittiwake --help

#: part run
kittiwake run --help

#: part image
kittiwake image --help

#: part image-list
kittiwake image list --help

#: part image-inspect
kittiwake image inspect --help

#: part image-get
kittiwake image get --help

#: part stats
kittiwake stats --help

#: part trace
kittiwake trace --help

#: part explain
kittiwake explain --help

#: part net
kittiwake net --help

#: part create
kittiwake create --help

#: part ps
kittiwake ps --help

#: part logs
kittiwake logs --help

#: part restart
kittiwake restart --help

#: part stop
kittiwake stop --help

#: part limit
kittiwake limit --help

#: part rm
kittiwake rm --help

#: part block
kittiwake block --help

#: part block-add
kittiwake block add --help

#: part block-set
kittiwake block set --help

#: part block-dump
kittiwake block dump --help

#: part policy
kittiwake policy --help

#: part apply
kittiwake apply --help

#: part diff
kittiwake diff --help

#: part export
kittiwake export --help

#: part events
kittiwake events --help

#: part ca
kittiwake ca --help

#: part cert
kittiwake cert --help

#: part remote
kittiwake remote --help

#: part remote-add
kittiwake remote add --help

#: part token
kittiwake token --help

#: part token-create
kittiwake token create --help

#: part doctor
kittiwake doctor --help

#: part completion
kittiwake completion --help

#: part kittiwaked
kittiwaked --help

#: part kittiwaked-tls
kittiwaked-tls --help

#: part kittiwaked-http
kittiwaked-http --help

#: part hvt
kittiwake-hvt --help

#: part spt
kittiwake-spt --help

#: part usernet
kittiwake-usernet --help

#: part json
kittiwake image inspect --json netcheck.spt
