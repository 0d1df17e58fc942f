// Settings of the host: what is claimed for networks is given back as it was, in whatever order they come and go.
import { describe, expect, test } from 'vitest';
import type { Network } from '../../runtime/network/model.ts';
import { claim, release, type Change, type Plan } from '../../runtime/network/sysctl.ts';
import { seeded } from '../random.ts';

const network = (name: string, more: Partial<Network> = {}): Network => ({
  ...{ name, subnet: '10.0.42.0/24', forward: 'nat', dhcp: false, isolated: false },
  ...{ seed: '5e'.repeat(32), taps: [], former: [], published: [] },
  ...more,
});

/** What the kernel does, written independently: `ip_forward` and `all.forwarding` reset every interface. */
class Kernel {
  readonly values: Map<string, string>;
  constructor(values: Readonly<Record<string, string>>) {
    this.values = new Map(Object.entries(values));
  }
  do({ settings }: Plan): void {
    for (const [key, value] of settings) {
      this.values.set(key, value);
      const family =
        key === 'net.ipv4.ip_forward' ? 'ipv4' : key === 'net.ipv6.conf.all.forwarding' ? 'ipv6' : undefined;
      if (!family) continue;
      for (const each of this.values.keys())
        if (each.startsWith(`net.${family}.conf.`) && each.endsWith('.forwarding'))
          this.values.set(each, value);
      if (family === 'ipv4') this.values.set('net.ipv4.conf.all.accept_redirects', value === '1' ? '0' : '1');
    }
  }
}

const desktop = {
  'net.ipv4.ip_forward': '0',
  'net.ipv4.conf.all.accept_redirects': '1',
  'net.ipv4.conf.all.forwarding': '0',
  'net.ipv4.conf.default.forwarding': '0',
  'net.ipv4.conf.eth0.forwarding': '0',
  'net.ipv4.conf.eth0/100.forwarding': '0',
  'net.ipv6.conf.all.forwarding': '0',
  'net.ipv6.conf.default.forwarding': '0',
  'net.ipv6.conf.eth0.forwarding': '0',
  'net.ipv6.conf.eth0.accept_ra': '1',
  'net.ipv6.conf.lo.accept_ra': '1',
  'net.ipv6.conf.eth0/100.accept_ra': '0',
};

describe('claims', () => {
  test('a network that forwards nothing needs nothing', () => {
    expect(claim(network('web', { forward: 'none' }), new Map(Object.entries(desktop)), [])).toEqual({
      changes: [],
      settings: [],
    });
  });

  test('with an uplink only that interface forwards', () => {
    const { settings } = claim(network('web', { uplink: 'eth0.100' }), new Map(Object.entries(desktop)), []);
    expect(settings).toEqual([['net.ipv4.conf.eth0/100.forwarding', '1']]);
  });

  test('with IPv6 an interface goes on hearing its router', () => {
    const { settings } = claim(
      network('web', { subnet6: 'fd00::/64' }),
      new Map(Object.entries(desktop)),
      [],
    );
    expect(settings).toEqual([
      ['net.ipv4.ip_forward', '1'],
      ['net.ipv6.conf.eth0.accept_ra', '2'],
      ['net.ipv6.conf.all.forwarding', '1'],
    ]);
  });

  test('what was as it should be is not ours to take back', () => {
    const values = new Map(Object.entries({ ...desktop, 'net.ipv4.ip_forward': '1' }));
    expect(claim(network('web'), values, [])).toEqual({ changes: [], settings: [] });
  });

  test('what somebody changed meanwhile stays', () => {
    const kernel = new Kernel(desktop);
    const plan = claim(network('web', { uplink: 'eth0' }), kernel.values, []);
    kernel.do(plan);
    kernel.values.set('net.ipv4.conf.eth0.forwarding', '0');
    expect(release('web', kernel.values, plan.changes)).toEqual({ changes: [], settings: [] });
  });

  test('after a restart they are claimed again, and given back as the restart left them', () => {
    const kernel = new Kernel(desktop);
    const { changes } = claim(network('web'), kernel.values, []);
    const again = claim(network('web'), kernel.values, changes);
    expect(again.settings).toEqual([['net.ipv4.ip_forward', '1']]);
    kernel.do(again);
    kernel.do(release('web', kernel.values, again.changes));
    expect(Object.fromEntries(kernel.values)).toEqual(desktop);
  });

  test('any networks, coming and going in any order, leave the host as it was', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seeded(seed);
      const start = Object.fromEntries(
        Object.entries(desktop).map(([key, value]) => {
          const free = /conf\.(eth0|eth0\/100)\.forwarding$|all\.accept_redirects$/.test(key);
          return [key, free ? String(random(2)) : value];
        }),
      );
      const kernel = new Kernel(start);
      const there = new Map<string, Network>();
      let changes: readonly Change[] = [];
      for (let turn = 0; turn < 30; turn++) {
        const name = ['a', 'b', 'c', 'd'][random(4)] ?? 'a';
        const uplink = [undefined, 'eth0', 'eth0.100'][random(3)];
        const gone = there.get(name);
        const next = network(name, { ...(uplink && { uplink }), ...(random(2) && { subnet6: 'fd00::/64' }) });
        const plan: Plan = gone ? release(name, kernel.values, changes) : claim(next, kernel.values, changes);
        kernel.do(plan);
        changes = plan.changes;
        if (gone) there.delete(name);
        else there.set(name, next);
        for (const each of there.values())
          expect(claim(each, kernel.values, changes).settings, `seed ${seed}`).toEqual([]);
      }
      for (const name of there.keys()) {
        const plan = release(name, kernel.values, changes);
        kernel.do(plan);
        changes = plan.changes;
      }
      expect(changes, `seed ${seed}`).toEqual([]);
      expect(Object.fromEntries(kernel.values), `seed ${seed}`).toEqual(start);
    }
  });
});
