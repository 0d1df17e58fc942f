// What passes a managed network and what does not: Linux hosts behind taps stand for unikernels, frames by hand for hostile ones, and then the images
// themselves.
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDrops, type Drop } from '../../runtime/network/drops.ts';
import { addTap, create, publish, remove, unpublish } from '../../runtime/network/manager.ts';
import type { Settings, Tap } from '../../runtime/network/model.ts';
import { Wire } from '../net/frames.ts';
import type { Namespace } from '../net/namespace.ts';
import { ethernet, ip, ipv4, ipv6, mac } from '../packets.ts';
import { site } from '../net/sites.ts';
import { noImage, prebuilt, Unikernel } from '../net/unikernel.ts';
import { ask, dropped, guest, pings, serve, SERVER, tapOf } from './guests.ts';
import { Host, noHost } from './host.ts';

const web: Settings = {
  name: 'web',
  subnet: '10.0.42.0/24',
  subnet6: 'fd00:42::/64',
  forward: 'nat',
  dhcp: false,
  isolated: false,
};

describe.skipIf(noHost)(`a network with NAT ${noHost ?? ''}`, { timeout: 120_000 }, () => {
  let host: Host;
  let www: Namespace;
  let db: Namespace;
  beforeAll(async () => {
    host = await Host.open();
    create(web, host.around);
    www = await guest(host, tapOf(addTap('web', { name: 'www' }, host.around).network, 'www'));
    db = await guest(host, tapOf(addTap('web', { name: 'db' }, host.around).network, 'db'));
    await serve(host.outside, 'outside');
    // Somebody beyond who knows the way in.
    await host.outside.shell(
      'ip route add 10.0.42.0/24 via 192.0.2.1; ip -6 route add fd00:42::/64 via 2001:db8::1',
    );
  });
  afterAll(() => host[Symbol.asyncDispose]());

  test('unikernels reach each other, and the host both', async () => {
    expect(await ask(www, 'http://10.0.42.3/')).toBe('db 10.0.42.2');
    expect(await ask(db, 'http://[fd00:42::2]/')).toBe('www fd00:42::3');
    for (const address of ['10.0.42.2', '10.0.42.3', 'fd00:42::2', 'fd00:42::3'])
      await pings(host.namespace, address);
    await pings(www, '10.0.42.1');
    await pings(www, 'fd00:42::1');
  });

  test('and what the host reaches, with the address of the host', async () => {
    await pings(www, '192.0.2.2');
    expect(await ask(www, 'http://192.0.2.2/')).toBe('outside 192.0.2.1');
    expect(await ask(db, 'http://[2001:db8::2]/')).toBe('outside 2001:db8::1');
  });

  test('nothing from outside reaches them', async () => {
    expect(await dropped(host.outside, 'http://10.0.42.2/')).toBe(true);
    expect(await dropped(host.outside, 'http://[fd00:42::2]/')).toBe(true);
    expect((await host.outside.run(['ping', '-c', '1', '-W', '1', '10.0.42.2'])).status).toBe(1);
  });

  test('but by a published port: from outside, from the host at all its addresses, from each other and themselves', async () => {
    expect(await ask(host.outside, 'http://192.0.2.1:8080/')).toBeUndefined();
    publish('web', { protocol: 'tcp', port: 8080, tap: 'www', guestPort: 80 }, host.around);
    expect(await ask(host.outside, 'http://192.0.2.1:8080/')).toBe('www 192.0.2.2');
    expect(await ask(host.outside, 'http://[2001:db8::1]:8080/')).toBe('www 2001:db8::2');
    // The port of the unikernel itself stays shut.
    expect(await dropped(host.outside, 'http://10.0.42.2/')).toBe(true);
    for (const address of ['127.0.0.1', '127.0.0.77', '192.0.2.1', '10.0.42.1'])
      expect(await ask(host.namespace, `http://${address}:8080/`), address).toBe('www 10.0.42.1');
    for (const address of ['[2001:db8::1]', '[fd00:42::1]'])
      expect(await ask(host.namespace, `http://${address}:8080/`), address).toBe('www fd00:42::1');
    // Not at ::1, which says so at once, so that who asks for localhost goes on to 127.0.0.1.
    expect((await host.namespace.run(['curl', '-qsg', '--noproxy', '*', 'http://[::1]:8080/'])).status).toBe(
      7,
    );
    for (const from of [www, db]) {
      expect(await ask(from, 'http://192.0.2.1:8080/')).toBe('www 10.0.42.1');
      expect(await ask(from, 'http://[fd00:42::1]:8080/')).toBe('www fd00:42::1');
    }
    unpublish('web', { protocol: 'tcp', port: 8080 }, host.around);
    expect(await ask(host.outside, 'http://192.0.2.1:8080/')).toBeUndefined();
  });

  test('or by a port at one address of the host', async () => {
    publish(
      'web',
      { protocol: 'tcp', address: '127.0.0.1', port: 8081, tap: 'db', guestPort: 80 },
      host.around,
    );
    expect(await ask(host.namespace, 'http://127.0.0.1:8081/')).toBe('db 10.0.42.1');
    expect(await ask(host.namespace, 'http://192.0.2.1:8081/')).toBeUndefined();
    expect(await ask(host.outside, 'http://192.0.2.1:8081/')).toBeUndefined();
    unpublish('web', { protocol: 'tcp', address: '127.0.0.1', port: 8081 }, host.around);
  });
});

describe.skipIf(noHost)(`other networks ${noHost ?? ''}`, { timeout: 120_000 }, () => {
  test('without forwarding reach the host only, but answer for their published ports', async () => {
    await using host = await Host.open();
    create({ ...web, forward: 'none' }, host.around);
    const www = await guest(host, tapOf(addTap('web', { name: 'www' }, host.around).network, 'www'));
    await serve(host.outside, 'outside');
    await host.namespace.shell('PATH=$PATH:/sbin sysctl -qw net.ipv4.ip_forward=1');
    await pings(www, '10.0.42.1');
    expect(await dropped(www, 'http://192.0.2.2/')).toBe(true);
    publish('web', { protocol: 'tcp', port: 80, tap: 'www', guestPort: 80 }, host.around);
    expect(await ask(host.outside, 'http://192.0.2.1/')).toBe('www 192.0.2.2');
    expect(await ask(host.outside, 'http://[2001:db8::1]/')).toBe('www 2001:db8::2');
    expect(await dropped(www, 'http://192.0.2.2/')).toBe(true);
  });

  test('that are routed keep their own addresses, by their uplink alone', async () => {
    await using host = await Host.open();
    const beside = await host.namespace.another();
    await host.namespace.veth('eth1', '198.51.100.1/24', beside, 'eth0', '198.51.100.2/24');
    create({ ...web, forward: 'routed', uplink: 'eth0' }, host.around);
    const www = await guest(host, tapOf(addTap('web', { name: 'www' }, host.around).network, 'www'));
    await serve(host.outside, 'outside');
    await serve(beside, 'beside');
    await host.outside.shell(
      'ip route add 10.0.42.0/24 via 192.0.2.1; ip -6 route add fd00:42::/64 via 2001:db8::1',
    );
    await beside.shell('ip route add default via 198.51.100.1');
    expect(await ask(www, 'http://192.0.2.2/')).toBe('outside 10.0.42.2');
    expect(await ask(www, 'http://[2001:db8::2]/')).toBe('outside fd00:42::2');
    expect(await ask(www, 'http://198.51.100.2/')).toBeUndefined();
    expect(await dropped(host.outside, 'http://10.0.42.2/')).toBe(true);
    publish('web', { protocol: 'tcp', port: 8080, tap: 'www', guestPort: 80 }, host.around);
    expect(await ask(host.outside, 'http://10.0.42.2/')).toBe('www 192.0.2.2');
    expect(await ask(host.outside, 'http://192.0.2.1:8080/')).toBe('www 192.0.2.2');
    expect(await ask(beside, 'http://198.51.100.1:8080/')).toBeUndefined();
    // The host has not become a router between its other interfaces.
    expect(await ask(beside, 'http://192.0.2.2/')).toBeUndefined();
  });

  test('that are isolated keep unikernels from each other, by whatever way', async () => {
    await using host = await Host.open();
    create({ ...web, isolated: true }, host.around);
    const www = await guest(host, tapOf(addTap('web', { name: 'www' }, host.around).network, 'www'));
    const db = await guest(host, tapOf(addTap('web', { name: 'db' }, host.around).network, 'db'));
    await pings(www, '10.0.42.1');
    await pings(db, 'fd00:42::1');
    expect(await ask(www, 'http://10.0.42.3/')).toBeUndefined();
    // By the host, which would forward it.
    await www.shell('ip route add 10.0.42.3/32 via 10.0.42.1');
    expect(await ask(www, 'http://10.0.42.3/')).toBeUndefined();
    // A published port is for neighbours, too.
    publish('web', { protocol: 'tcp', port: 8080, tap: 'db', guestPort: 80 }, host.around);
    expect(await ask(www, 'http://10.0.42.1:8080/')).toBe('db 10.0.42.1');
  });
});

describe.skipIf(noHost)(`a hostile unikernel ${noHost ?? ''}`, { timeout: 120_000 }, () => {
  const everybody = mac('ff:ff:ff:ff:ff:ff');

  function arp(source: Buffer, sender: Buffer, address: string, operation = 1): Buffer {
    const header = Buffer.from([0, 1, 8, 0, 6, 4, 0, operation]);
    const body = Buffer.concat([header, sender, ip(address), Buffer.alloc(6), ip('10.0.42.99')]);
    return ethernet(everybody, source, 0x0806, body);
  }

  function udp(from: number, to: number): Buffer {
    const header = Buffer.alloc(12);
    header.writeUInt16BE(from, 0);
    header.writeUInt16BE(to, 2);
    header.writeUInt16BE(12, 4);
    return header;
  }

  test('sends by its own addresses or not at all', async () => {
    await using host = await Host.open();
    create(web, host.around);
    const own = tapOf(addTap('web', { name: 'evil' }, host.around).network, 'evil');
    addTap('web', { name: 'www' }, host.around);
    const evil = await Wire.behind(host.namespace, 'evil');
    const www = await Wire.behind(host.namespace, 'www');
    const me = mac(own.mac);
    const other = mac('02:00:00:00:00:07');
    const everywhere = ip('ff02::1');
    const six = (from: string, next: number, payload: Buffer): Buffer =>
      ethernet(everybody, me, 0x86dd, ipv6(ip(from), everywhere, next, payload, { hops: 255 }));
    const address6 = own.address6 ?? '';
    const stranger6 = 'fd00:42::77';
    const to = ip('255.255.255.255');
    const from = (address: string, payload = udp(5000, 9)): Buffer => ipv4(ip(address), to, 17, payload);
    const advert = (target: string): Buffer =>
      Buffer.concat([Buffer.from([136, 0, 0, 0, 0x20, 0, 0, 0]), ip(target)]);
    const tagged = (type: number, packet: Buffer): Buffer =>
      ethernet(everybody, me, type, Buffer.concat([Uint8Array.of(0, 5, 8, 0), packet]));

    /** What it is, the reason it is counted under, and the frame. */
    const bad: [string, string, Buffer][] = [
      [
        "another's MAC address",
        "another's MAC address",
        ethernet(everybody, other, 0x0800, from(own.address)),
      ],
      [
        "another's IPv4 address",
        "another's IPv4 address",
        ethernet(everybody, me, 0x0800, from('10.0.42.3')),
      ],
      [
        "the host's IPv4 address",
        "another's IPv4 address",
        ethernet(everybody, me, 0x0800, from('10.0.42.1')),
      ],
      ['no IPv4 address', "another's IPv4 address", ethernet(everybody, me, 0x0800, from('0.0.0.0'))],
      ['an ARP request of another', "ARP with another's address", arp(me, me, '10.0.42.1')],
      ['an ARP answer for the host', "ARP with another's address", arp(me, me, '10.0.42.1', 2)],
      [
        'an ARP answer with another MAC address inside',
        "ARP with another's address",
        arp(me, other, own.address, 2),
      ],
      [
        'the answers of a DHCP server',
        "a DHCP server's answer",
        ethernet(everybody, me, 0x0800, from(own.address, udp(67, 68))),
      ],
      ["another's IPv6 address", "another's IPv6 address", six(stranger6, 17, udp(5000, 9))],
      ['no IPv6 address', "another's IPv6 address", six('::', 17, udp(5000, 9))],
      [
        'a router advertisement',
        "a router's advertisement or redirect",
        six(address6, 58, Buffer.from([134, ...Buffer.alloc(15)])),
      ],
      [
        'a redirect',
        "a router's advertisement or redirect",
        six(address6, 58, Buffer.from([137, ...Buffer.alloc(39)])),
      ],
      [
        'a neighbour advertisement for another',
        "a neighbour advertisement of another's address",
        six(address6, 58, advert(stranger6)),
      ],
      ['a VLAN', 'a VLAN tag', tagged(0x8100, from(own.address))],
      ['a VLAN of a VLAN', 'a VLAN tag', tagged(0x88a8, from(own.address))],
      [
        'a frame for bridges',
        'a frame for bridges',
        ethernet(mac('01:80:c2:00:00:00'), me, 0x0800, from(own.address)),
      ],
      [
        'a protocol of its own',
        'a protocol that is neither ARP nor IP',
        ethernet(everybody, me, 0x88b5, Buffer.alloc(46)),
      ],
    ];
    const good: Buffer[] = [
      ethernet(everybody, me, 0x0800, from(own.address)),
      arp(me, me, own.address),
      arp(me, me, '0.0.0.0'),
      ethernet(everybody, me, 0x0800, from('0.0.0.0', udp(68, 67))),
      six(address6, 17, udp(5000, 9)),
      six(address6, 58, advert(address6)),
    ];
    // Frames keep their order: once the last has come, none before it is still to come.
    const dropsOf = (tap: string): Map<string, Drop> => {
      const network = host.around.store.read('web');
      const drops = (network && readDrops(network, host.exec)) ?? [];
      return new Map(drops.filter((each) => each.tap === tap).map((each) => [each.reason, each]));
    };
    for (const [what, reason, frame] of bad) {
      const before = dropsOf('evil').get(reason);
      await evil.send([frame, good[0] ?? frame]);
      const [came] = await www.receive(
        (each) => each.subarray(6, 12).equals(me) || each.subarray(6, 12).equals(other),
        1,
        10_000,
      );
      expect(came?.equals(good[0] ?? frame), what).toBe(true);
      const after = dropsOf('evil').get(reason);
      expect((after?.packets ?? 0) - (before?.packets ?? 0), what).toBe(1);
      expect((after?.bytes ?? 0) - (before?.bytes ?? 0), what).toBeGreaterThan(0);
    }
    const counted = dropsOf('evil');
    for (const [at, frame] of good.entries()) {
      await evil.send([frame]);
      expect(await www.receive((each) => each.equals(frame), 1, 10_000), `good frame ${at}`).toHaveLength(1);
    }
    // What may pass is counted nowhere, no reason is without its case, and the counts are no change of the rules to be put right.
    expect(dropsOf('evil')).toEqual(counted);
    expect(new Set(counted.keys())).toEqual(new Set(bad.map(([, reason]) => reason)));
    expect([...dropsOf('www').values()].every(({ packets }) => packets === 0)).toBe(true);
    expect(create(web, host.around).commands).toEqual([]);
  });

  test("does not reach the host's loopback", async () => {
    await using host = await Host.open();
    create(web, host.around);
    const www = await guest(host, tapOf(addTap('web', { name: 'www' }, host.around).network, 'www'));
    const server = host.namespace.start([
      process.execPath,
      '-e',
      SERVER.replace('listen(80', 'listen(81'),
      'host',
    ]);
    if (server.stdout) await once(server.stdout, 'data');
    // Publishing makes the bridge take packets for 127.0.0.0/8.
    publish('web', { protocol: 'tcp', port: 8080, tap: 'www', guestPort: 80 }, host.around);
    await www.shell(`PATH=$PATH:/sbin
ip addr flush dev lo
ip route flush table local dev lo || true
sysctl -qw net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.eth0.route_localnet=1
ip route add 127.0.0.0/8 via 10.0.42.1 src 10.0.42.2`);
    expect(await ask(www, 'http://10.0.42.1:81/')).toBe('host 10.0.42.2');
    expect(await ask(www, 'http://127.0.0.1:81/')).toBeUndefined();
    expect(await dropped(www, 'http://127.0.0.1:81/')).toBe(true);
  });
});

const noImages = noHost ?? noImage('netcheck') ?? noImage('website');

describe.skipIf(noImages)(`unikernels ${noImages ?? ''}`, { timeout: 120_000 }, () => {
  test('run on managed taps with what they were told to be given', async () => {
    await using host = await Host.open();
    using content = site({ 'index.html': 'hello\n' });
    const before = await host.picture();
    create(web, host.around);
    const args = (tap: Tap): string[] => [
      ...[`--ipv4=${tap.address}/24`, '--ipv4-gateway=10.0.42.1'],
      ...[`--ipv6=${tap.address6}/64`, '--ipv6-gateway=fd00:42::1'],
    ];
    const start = async (name: string, image: string, data?: string): Promise<Unikernel> => {
      const tap = tapOf(addTap('web', { name }, host.around).network, name);
      const options = [`--net-mac:service=${tap.mac}`];
      return Unikernel.ready(host.namespace, {
        ...{ image: prebuilt(image), args: args(tap), tap: name, options },
        ...(data !== undefined && { data }),
      });
    };
    {
      await using www = await start('www', 'website', content.archive);
      await using check = await start('check', 'netcheck');
      publish('web', { protocol: 'tcp', port: 8080, tap: 'www', guestPort: 80 }, host.around);
      for (const address of ['10.0.42.2', '10.0.42.3', 'fd00:42::2', 'fd00:42::3'])
        await pings(host.namespace, address);
      expect(await ask(host.namespace, 'http://10.0.42.2/')).toBe('hello\n');
      expect(await ask(host.namespace, 'http://127.0.0.1:8080/')).toBe('hello\n');
      expect(await ask(host.outside, 'http://192.0.2.1:8080/')).toBe('hello\n');
      expect(await ask(host.outside, 'http://[2001:db8::1]:8080/')).toBe('hello\n');
      expect(www.running && check.running).toBe(true);
      expect(() => remove('web', false, host.around)).toThrow(/in use by www, check/);
    }
    remove('web', false, host.around);
    expect(await host.picture()).toBe(before);
  });
});
