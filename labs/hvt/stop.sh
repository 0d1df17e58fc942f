#!/usr/bin/env bash
#: lab Stop a unikernel
# Asks the unikernel netcheck to end, ends one that cannot be asked, and one that hangs.

#: part run
kittiwake run netcheck.hvt --events=3 3> events.json > netcheck.log 2>&1 &
until grep -qs ready netcheck.log; do sleep 0.2; done

#: part ask
kill $!
wait $!
tail -n 1 netcheck.log

#: part told
cat events.json

#: part at-once exit=143
kittiwake run netcheck.hvt --stop-timeout=0 --events=3 3> again.json > again.log 2>&1 &
until grep -qs ready again.log; do sleep 0.2; done
kill $!
wait $!

#: part told-nothing
tail -n 1 again.json

#: part hang
cp /usr/local/share/kittiwake/images/netcheck.hvt hangs.hvt
(head -c 4094 /dev/zero | tr '\0' '\220'; printf '\353\376') | dd of=hangs.hvt bs=4096 seek=3 conv=notrunc status=none
kittiwake run ./hangs.hvt --stop-timeout=2 --events=3 3> hang.json &
until grep -qs started hang.json; do sleep 0.2; done

#: part wait exit=143
kill $!
wait $!

#: part told-twice
tail -n 2 hang.json

#: part interrupt exit=143
kittiwake run ./hangs.hvt --stop-timeout=3600 --events=3 3> interrupt.json &
until grep -qs started interrupt.json; do sleep 0.2; done
kill $!
until grep -qs stopping interrupt.json; do sleep 0.2; done
kill $!
wait $!

#: part kill exit=137
kittiwake run ./hangs.hvt --events=3 3> kill.json &
until grep -qs started kill.json; do sleep 0.2; done
kill -KILL $!
wait $!

#: part never exit=64
kittiwake run netcheck.hvt --stop-timeout=never

#: part clean-up
rm *.log *.json hangs.hvt
