// Networks on a host that is a network namespace: made, found as they were made, and taken away without a trace, also by commands that are killed.
import { describe, expect, test } from 'vitest';
import type { Settings } from '../../runtime/network/model.ts';
import {
  addTap,
  create,
  publish,
  remove,
  removeTap,
  unpublish,
  up,
  type Outcome,
  type Surroundings,
} from '../../runtime/network/manager.ts';
import { NetworkError } from '../../runtime/network/errors.ts';
import { Wire } from '../net/frames.ts';
import { Host, killEverywhere, masked, noHost } from './host.ts';

const web: Settings = {
  name: 'web',
  subnet: '10.0.42.0/24',
  subnet6: 'fd00:42::/64',
  forward: 'nat',
  dhcp: false,
  isolated: false,
};
const http = { protocol: 'tcp', port: 8080, tap: 'www', guestPort: 80 } as const;

/** A picture without what the kernel draws: the addresses of all interfaces but the bridge's. */
function same(picture: string): string {
  const random =
    /(?<=^(?!kw-).*\n +)link\/ether [0-9a-f:]+|fe80::[0-9a-f:]+|if\d+|8000\.[0-9a-f:]+|link-netnsid \d+/gm;
  return picture.replace(random, '');
}

describe.skipIf(noHost)(`a host ${noHost ?? ''}`, { timeout: 300_000 }, () => {
  test('creating, adding and publishing twice changes nothing the second time', async () => {
    await using host = await Host.open();
    const steps: (() => Outcome)[] = [
      () => create(web, host.around),
      () => addTap('web', { name: 'www' }, host.around),
      () => publish('web', http, host.around),
    ];
    for (const step of steps) {
      expect(step().commands).not.toEqual([]);
      const made = await host.picture();
      expect(step().commands).toEqual([]);
      expect(await host.picture()).toBe(made);
    }
    expect(up(undefined, host.around).map((each) => (each instanceof Error ? each : each.commands))).toEqual([
      [],
    ]);
  });

  test('what is removed leaves nothing, each thing by itself and all at once', async () => {
    await using host = await Host.open();
    const before = await host.picture();
    create(web, host.around);
    const created = await host.picture();
    addTap('web', { name: 'www' }, host.around);
    const added = await host.picture();
    addTap('web', { name: 'db' }, host.around);
    publish('web', { ...http, tap: 'db' }, host.around);
    unpublish('web', { protocol: 'tcp', port: 8080 }, host.around);
    removeTap('web', 'db', false, host.around);
    // Only that the kernel's port numbers go on counting.
    expect(await host.picture()).toBe(added);
    removeTap('web', 'www', false, host.around);
    expect(await host.picture()).toBe(created);
    addTap('web', { name: 'www' }, host.around);
    publish('web', http, host.around);
    remove('web', false, host.around);
    expect(await host.picture()).toBe(before);
    expect(host.around.store.names()).toEqual([]);
    expect(host.around.store.readChanges()).toEqual([]);
  });

  test('the commands of a dry run, typed into a fresh host, do the same', async () => {
    await using host = await Host.open();
    await using fresh = await Host.open();
    const before = await host.picture();
    expect(create(web, host.dry).commands.length).toBeGreaterThan(10);
    expect(await host.picture()).toBe(before);
    expect(host.around.store.names()).toEqual([]);

    create(web, host.around);
    addTap('web', { name: 'www' }, host.around);
    addTap('web', { name: 'db' }, host.around);
    publish('web', http, host.around);
    // A host that only has the files, as after a restart: all of the network in one list.
    const other = { ...fresh.around, store: host.around.store };
    const [all] = up('web', { ...other, dryRun: true });
    if (!all || all instanceof NetworkError) throw new Error('no commands');
    await fresh.namespace.shell(`export PATH=$PATH:/usr/sbin:/sbin\n${all.commands.join('\n')}`);
    expect(same(await fresh.picture())).toBe(same(await host.picture()));

    const gone = remove('web', false, host.dry);
    remove('web', false, host.around);
    await fresh.namespace.shell(`export PATH=$PATH:/usr/sbin:/sbin\n${gone.commands.join('\n')}`);
    expect(same(await fresh.picture())).toBe(same(await host.picture()));
    expect(await host.picture()).toBe(before);
  });

  test('so do those of each operation by itself', async () => {
    await using host = await Host.open();
    await using fresh = await Host.open();
    const steps: readonly ((around: Surroundings) => Outcome)[] = [
      (around) => create(web, around),
      (around) => addTap('web', { name: 'www' }, around),
      (around) => addTap('web', { name: 'db' }, around),
      (around) => publish('web', http, around),
      (around) => unpublish('web', { protocol: 'tcp', port: 8080 }, around),
      (around) => removeTap('web', 'db', false, around),
      (around) => publish('web', http, around),
      (around) => remove('web', false, around),
    ];
    for (const [at, step] of steps.entries()) {
      const before = await host.picture();
      const { commands } = step(host.dry);
      expect(commands, `step ${at}`).not.toEqual([]);
      expect(await host.picture(), `step ${at}`).toBe(before);
      step(host.around);
      await fresh.namespace.shell(`export PATH=$PATH:/usr/sbin:/sbin\n${commands.join('\n')}`);
      // The network's own addresses are drawn when it is created.
      expect(masked(same(await fresh.picture())), `step ${at}`).toBe(masked(same(await host.picture())));
    }
  });

  test('what was destroyed by hand is put right', async () => {
    await using host = await Host.open();
    create(web, host.around);
    addTap('web', { name: 'www' }, host.around);
    publish('web', http, host.around);
    const made = masked(await host.picture());
    for (const destroy of [
      'nft flush ruleset',
      'nft delete table netdev kw-web',
      'nft flush chain inet kw-web forward',
      'nft insert rule inet kw-web forward accept',
      'ip link set www nomaster',
      'ip addr del 10.0.42.1/24 dev kw-web',
      'ip link set kw-web down',
      'sysctl -w net.ipv4.ip_forward=0',
    ]) {
      await host.namespace.shell(`PATH=$PATH:/usr/sbin:/sbin ${destroy}`);
      expect(create(web, host.around).commands, destroy).not.toEqual([]);
      expect(masked(await host.picture()), destroy).toBe(made);
    }
    await host.namespace.shell('ip link del www; ip link del kw-web');
    create(web, host.around);
    expect(masked(await host.picture())).toBe(made);
  });

  test("names that ip(8) has words for are interfaces' all the same", async () => {
    await using host = await Host.open();
    const before = await host.picture();
    const taps = ['a', 'up'];
    create({ ...web, isolated: true }, host.around);
    for (const name of taps) addTap('web', { name }, host.around);
    const made = masked(await host.picture());
    for (const name of taps) {
      expect(made).toMatch(new RegExp(`^${name}: .*,UP[,>].* master kw-web `, 'm'));
      for (const destroy of ['nomaster', 'down', 'type bridge_slave isolated off']) {
        await host.namespace.shell(`ip link set dev ${name} ${destroy}`);
        expect(create({ ...web, isolated: true }, host.around).commands, destroy).not.toEqual([]);
        expect(masked(await host.picture()), destroy).toBe(made);
      }
    }
    removeTap('web', 'up', false, host.around);
    remove('web', false, host.around);
    expect(await host.picture()).toBe(before);

    // A port of the bridge may be called so, too.
    await host.namespace.shell('ip link add name up type veth peer name type');
    const { name, subnet, dhcp, isolated } = web;
    create({ name, subnet, dhcp, isolated, forward: 'bridged', uplink: 'up' }, host.around);
    expect(await host.picture()).toMatch(/^up@type: .*,UP[,>].* master kw-web /m);
    remove('web', false, host.around);
    expect(await host.picture()).toMatch(/^up@type: <BROADCAST,MULTICAST,M-DOWN> (?!.* master )/m);
  });

  /** Removes the network however much of it there is. */
  function removeRest(host: Host): void {
    try {
      remove('web', false, host.around);
    } catch (error) {
      // Killed before it was written down, or after it was forgotten: nothing of it may be there, which is what is asked next.
      if (!(error instanceof NetworkError) || error.kind !== 'missing') throw error;
    }
  }

  test('a create that is killed anywhere is completed by create, and undone by rm', async () => {
    await using host = await Host.open();
    const before = await host.picture();
    create(web, host.around);
    const made = masked(await host.picture());
    remove('web', false, host.around);
    const moments = await killEverywhere(
      host,
      (around) => create(web, around),
      async (n) => {
        create(web, host.around);
        expect(masked(await host.picture()), `killed at ${n}`).toBe(made);
        expect(create(web, host.around).commands, `killed at ${n}`).toEqual([]);
        remove('web', false, host.around);
      },
    );
    expect(moments).toBeGreaterThan(10);
    remove('web', false, host.around);
    await killEverywhere(
      host,
      (around) => create(web, around),
      async (n) => {
        removeRest(host);
        expect(await host.picture(), `killed at ${n}`).toBe(before);
        expect(host.around.store.readChanges()).toEqual([]);
      },
    );
  });

  test('a tap, a port and a removal that are killed anywhere are completed', async () => {
    await using host = await Host.open();
    const before = await host.picture();
    create(web, host.around);
    const created = masked(await host.picture());
    const add = (around = host.around): unknown => addTap('web', { name: 'www' }, around);
    const open = (around = host.around): unknown => publish('web', http, around);
    add();
    const added = masked(await host.picture());
    open();
    const opened = masked(await host.picture());
    const drop = (around = host.around): unknown => removeTap('web', 'www', false, around);
    drop();

    await killEverywhere(host, add, async (n) => {
      add();
      expect(masked(await host.picture()), `add killed at ${n}`).toBe(added);
      drop();
    });
    await killEverywhere(host, open, async (n) => {
      open();
      expect(masked(await host.picture()), `publish killed at ${n}`).toBe(opened);
      unpublish('web', http, host.around);
    });
    await killEverywhere(host, drop, async (n) => {
      // Either of the two goes on with it.
      if (n % 2 === 0) create(web, host.around);
      else removeTapRest(host);
      expect(masked(await host.picture()), `tap rm killed at ${n}`).toBe(created);
      add();
      open();
    });
    await killEverywhere(
      host,
      (around) => {
        if (!host.around.store.names().includes('web')) create(web, host.around);
        remove('web', false, around);
      },
      async (n) => {
        removeRest(host);
        expect(await host.picture(), `rm killed at ${n}`).toBe(before);
      },
    );
    expect(await host.picture()).toBe(before);
  });

  function removeTapRest(host: Host): void {
    try {
      removeTap('web', 'www', false, host.around);
    } catch (error) {
      if (!(error instanceof NetworkError) || error.kind !== 'missing') throw error;
    }
  }

  test('the forwarding of a host that forwarded already is not touched, and each network gives back its own', async () => {
    await using host = await Host.open();
    await host.namespace.shell(`PATH=$PATH:/usr/sbin:/sbin
sysctl -qw net.ipv4.conf.lo.forwarding=1 net.ipv4.conf.all.accept_redirects=0`);
    const before = await host.picture();
    create(web, host.around);
    create(
      { ...web, name: 'lab', subnet: '10.0.43.0/24', subnet6: 'fd00:43::/64', uplink: 'eth0' },
      host.around,
    );
    remove('web', false, host.around);
    const value = (key: string): Promise<string> =>
      host.namespace.shell(`PATH=$PATH:/usr/sbin:/sbin sysctl -n ${key}`);
    expect(await value('net.ipv4.ip_forward')).toBe('0\n');
    expect(await value('net.ipv4.conf.eth0.forwarding')).toBe('1\n');
    expect(await value('net.ipv4.conf.kw-lab.forwarding')).toBe('1\n');
    expect(await value('net.ipv6.conf.eth0.accept_ra')).toBe('2\n');
    remove('lab', false, host.around);
    expect(await host.picture()).toBe(before);
  });

  test.each([
    [
      'an address',
      'ip addr add 10.0.42.77/32 dev lo',
      /subnet 10\.0\.42\.0\/24: in use \(lo has 10\.0\.42\.77\/32\); choose another/,
    ],
    ['a route', 'ip route add 10.0.0.0/9 via 192.0.2.2', /in use \(10\.0\.0\.0\/9 is routed to eth0\)/],
    ['a blackhole', 'ip route add blackhole 10.0.42.128/25', /in use \(10\.0\.42\.128\/25 is routed\)/],
    [
      'a route of another table',
      'ip route add 10.0.42.9 via 192.0.2.2 table 77',
      /in use \(10\.0\.42\.9\/32 is routed to eth0\)/,
    ],
    [
      'an IPv6 route',
      'ip -6 route add fd00::/16 via 2001:db8::2',
      /subnet fd00:42::\/64: in use \(fd00::\/16 is routed to eth0\)/,
    ],
    [
      'an interface of its name',
      'ip link add kw-web type dummy || ip link add kw-web type bridge',
      /kw-web: an interface of that name is there already/,
    ],
  ])('%s in the way is named, and nothing is changed', async (_, way, message) => {
    await using host = await Host.open();
    await host.namespace.shell(way);
    const before = await host.picture();
    expect(() => create(web, host.around)).toThrow(message);
    expect(await host.picture()).toBe(before);
    expect(host.around.store.names()).toEqual([]);
  });

  test('other refusals', async () => {
    await using host = await Host.open();
    create(web, host.around);
    expect(() => create({ ...web, forward: 'none' }, host.around)).toThrow(
      /exists with other settings \(forward nat, not none\)/,
    );
    expect(() => create({ ...web, name: 'lab' }, host.around)).toThrow(
      /in use \(network web has 10\.0\.42\.0\/24\)/,
    );
    expect(() => create({ ...web, name: 'lab', uplink: 'eth7' }, host.around)).toThrow(
      /--uplink eth7: no such interface/,
    );
    expect(() => create(web, { ...host.around, root: false })).toThrow(
      /run it with sudo, or see what it would do with --dry-run/,
    );
    addTap('web', { name: 'www' }, host.around);
    expect(() => addTap('web', { name: 'www', address: '10.0.42.9' }, host.around)).toThrow(
      /tap www: exists with 10\.0\.42\.2/,
    );
    expect(() => addTap('web', { name: 'eth0' }, host.around)).toThrow(
      /eth0: an interface of that name is there already/,
    );
    expect(() => addTap('web', { name: 'db', user: 'nosuchuser' }, host.around)).toThrow(
      /--user 'nosuchuser': no such user/,
    );
    expect(() => addTap('web', { name: 'db', group: '-x' }, host.around)).toThrow(
      /--group '-x': no such group/,
    );
    create({ ...web, name: 'lab', subnet: '10.0.43.0/24', subnet6: 'fd00:43::/64' }, host.around);
    expect(() => addTap('lab', { name: 'www' }, host.around)).toThrow(/network web has one of that name/);
    expect(() => publish('web', { ...http, tap: 'db' }, host.around)).toThrow(/network web has no such tap/);
    publish('web', http, host.around);
    addTap('lab', { name: 'db' }, host.around);
    expect(() => publish('lab', { ...http, address: '127.0.0.1', tap: 'db' }, host.around)).toThrow(
      /published for www of network web/,
    );
    expect(() => unpublish('web', { protocol: 'udp', port: 8080 }, host.around)).toThrow(
      /port 8080\/udp: not published/,
    );
    expect(() => removeTap('web', 'db', false, host.around)).toThrow(/network web has no such tap/);
    expect(() => remove('dmz', false, host.around)).toThrow(/network dmz: no such network/);
    expect(() => remove('../x', false, host.around)).toThrow(/not a name for a network/);
  });

  test('a tap in use stays, unless forced', async () => {
    await using host = await Host.open();
    create(web, host.around);
    addTap('web', { name: 'www' }, host.around);
    const holder = await Wire.behind(host.namespace, 'www');
    expect(() => removeTap('web', 'www', false, host.around)).toThrow(
      /tap www: in use; stop the unikernel, or add --force/,
    );
    expect(() => remove('web', false, host.around)).toThrow(
      /network web: in use by www; stop the unikernels, or add --force/,
    );
    removeTap('web', 'www', true, host.around);
    expect(holder).toBeDefined();
  });

  test.each([
    [
      'the policy of iptables',
      'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority filter; policy drop; }',
      /ip filter FORWARD: drops by policy.*DOCKER-USER/,
    ],
    [
      'the last rule of firewalld',
      'add table inet firewalld; add chain inet firewalld filter_FORWARD { type filter hook forward priority filter + 10; policy accept; }; add rule inet firewalld filter_FORWARD ct state established accept; add rule inet firewalld filter_FORWARD reject with icmpx admin-prohibited',
      /inet firewalld filter_FORWARD: ends with a rule.*firewall-cmd .*--add-interface=kw-web/,
    ],
    [
      'somebody',
      'add table inet mine; add chain inet mine passing { type filter hook forward priority 0; policy drop; }',
      /nft insert rule inet mine passing iifname kw-web accept/,
    ],
  ])('%s that drops what is forwarded is named', async (_, rules, message) => {
    await using host = await Host.open();
    host.exec('nft', ['-f', '-'], `${rules}\n`);
    const before = await host.picture();
    expect(create(web, host.around).notes).toEqual([expect.stringMatching(message)]);
    remove('web', false, host.around);
    expect(await host.picture()).toBe(before);
    // Nothing is forwarded, so nothing is in the way.
    expect(create({ ...web, forward: 'none' }, host.around).notes).toEqual([]);
  });
});
