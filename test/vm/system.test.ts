// What of Debian the lab VM goes without is not missed, and what labs ask of its kernel first is there.
import { expect, test } from 'vitest';
import { labVm } from './lab.ts';

const lab = labVm(60_000);

test('the system is whole: nothing failed, and no unit is wanted by a link to nothing', async () => {
  const { out } = await lab.run(`systemctl is-system-running
    find /lib/systemd/system /etc/systemd/system -xtype l; find /etc/systemd/system -name '*.wants' -empty`);
  expect(out).toBe('running\n');
});

test('systemd has few units to read', async () => {
  const { out } = await lab.run('systemctl list-units --all --no-legend | wc -l');
  // 86 when this was written; Debian alone has twice as many.
  expect(Number(out)).toBeLessThan(100);
});

test('a network needs no module that the kernel has to look for', async () => {
  const { out } = await lab.run(`
    PATH=$PATH:/usr/sbin
    printf '#!/bin/sh\\necho "$*" >> /var/tmp/asked\\nexec /sbin/modprobe "$@"\\n' > /var/tmp/modprobe
    chmod +x /var/tmp/modprobe
    echo /var/tmp/modprobe > /proc/sys/kernel/modprobe
    ip link add t0 type bridge
    ip link add t1 type veth peer name t2
    nft -f - << 'RULES'
table inet t {
  chain in { type nat hook prerouting priority dstnat; fib daddr type local tcp dport 1 dnat ip to 10.0.0.2:1; }
  chain out { type nat hook postrouting priority srcnat; ct status dnat masquerade; }
}
RULES
    cat /var/tmp/asked; nft list tables; ip -brief link show type bridge | cut -d' ' -f1`);
  expect(out).toBe('cat: /var/tmp/asked: No such file or directory\ntable inet t\nt0\n');
});
