#!/usr/bin/env bash
#: lab What a guest can reach
# The tenders' own description of their sandboxes, asked of the kernel when all of it is in force but the filter.

#: part spt
kittiwake run --show-sandbox hello.spt

#: part hvt
kittiwake run --show-sandbox hello.hvt

#: part devices
truncate -s 1M site.tar
kittiwake run --show-sandbox --block-ro:data=site.tar website.spt | grep -E 'service|data'
rm site.tar
