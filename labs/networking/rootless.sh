#!/usr/bin/env bash
#: lab A website without root
# Serves a page from the unikernel website at a port of the host, with no tap, no bridge and no sudo.

#: part write
mkdir site
echo '<h1>It works</h1>' > site/index.html
tar -cf site.tar -C site .

#: part run
kittiwake run website --publish 8080:80 --block-ro:data=site.tar > website.log 2>&1 &

#: part get
until grep -qs ready website.log; do sleep 0.2; done
curl -s http://127.0.0.1:8080/

#: part addresses
head -n 1 website.log

#: part host
ip -brief address

#: part processes
ps -o user,comm -C kittiwake-hvt,kittiwake-usernet

#: part plan
kittiwake run website --publish 8080:80 --block-ro:data=site.tar --dry-run

#: part stop
kill $!
wait $!

#: part udp
kittiwake run netcheck --publish 7007:7/udp --publish 7007:7 > netcheck.log 2>&1 &
until grep -qs ready netcheck.log; do sleep 0.2; done
echo ahoy | nc -N 127.0.0.1 7007
echo ahoy | nc -u -w 1 127.0.0.1 7007

#: part dhcp
kill $!
wait $!
kittiwake run netcheck -- --dhcp > dhcp.log 2>&1 &
until grep -qs ready dhcp.log; do sleep 0.2; done
cat dhcp.log

#: part taken exit=78
nc -l 127.0.0.1 8080 > /dev/null &
until ss -Hltn 'sport = 8080' | grep -q 8080; do sleep 0.2; done
kittiwake run website --publish 8080:80 --block-ro:data=site.tar

#: part low exit=77
kittiwake run website --publish 80 --block-ro:data=site.tar

#: part malformed exit=64
kittiwake run website --publish localhost:8080:80 --block-ro:data=site.tar

#: part clean-up
kill %nc %kittiwake
wait
rm -r site site.tar website.log netcheck.log dhcp.log
