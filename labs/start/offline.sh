#!/usr/bin/env bash
#: lab Does a lab need the world?
# Looks at what network the lab VM has, and changes nothing.

#: part interfaces
ip -brief link

#: part way-out exit=2
ip route get 192.0.2.1
