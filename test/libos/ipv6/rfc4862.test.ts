// Addresses (RFC 4862): how one becomes ours, and for how long; RFC 7527, RFC 6724.
import { beforeEach, describe, expect, test } from 'vitest';
import { ip } from '../../packets.ts';
import { PEER, US } from '../frames.ts';
import {
  advertisement,
  echo6,
  frame,
  groupMac,
  icmp6,
  ipv6,
  macOption,
  OURS,
  prefixOption,
  routerAdvertisement,
  solicitation,
  THEIRS,
} from './frames.ts';
import { ADDRESS, Link } from './link.ts';

const PREFIX = '2001:db8:1::';
const MADE = '2001:db8:1::ff:fe00:2';
const HOUR = 3600;

/** Neighbour solicitations and advertisements among frames: what they are about, by type. */
const about = (frames: Buffer[], type: number): string[] =>
  frames
    .filter((f) => f[20] === 58 && f[54] === type)
    .map((f) => f.subarray(54 + 8, 54 + 24).toString('hex'));
const hex = (address: string): string => ip(address).toString('hex');

describe('5.4: duplicate address detection', () => {
  let link: Link;
  beforeEach(async () => {
    link = await Link.open();
    link.configure({ autoconfigured: false });
    link.addStatic(OURS.fixed, 64);
    link.start();
  });

  test('asks from nowhere for each address, and takes it a second later', () => {
    const asked = link.pass(0.5);
    expect(about(asked, 135).sort()).toEqual([hex(OURS.fixed), hex(OURS.local)].sort());
    const probe = asked.find((f) => f[20] === 58 && f[54] === 135);
    const nonce = probe?.subarray(14 + 64) ?? Buffer.alloc(0);
    expect(nonce.subarray(0, 2)).toEqual(Buffer.from([14, 1]));
    const expected = solicitation(OURS.fixed, nonce, { from: '::' });
    expected.set(Buffer.from(US.mac, 'hex'), 6);
    expect(probe).toEqual(expected);
    expect([link.address(OURS.fixed), link.isOurs(OURS.fixed)]).toEqual([ADDRESS.tentative, false]);
    const told = link.pass(0.6);
    expect([link.address(OURS.fixed), link.isOurs(OURS.fixed)]).toEqual([ADDRESS.preferred, true]);
    expect(about(told, 136).sort()).toEqual([hex(OURS.fixed), hex(OURS.local)].sort());
  });

  test('until then nothing goes to it or from it', () => {
    link.pass(0.5);
    expect(link.receive(echo6(Buffer.alloc(8)), solicitation(OURS.fixed))).toEqual([]);
    expect(link.sourceFor(THEIRS.fixed)).toBeNull();
  });

  const taken = (): void => {
    expect(link.address(OURS.fixed)).toBe(ADDRESS.duplicate);
    expect(link.counter('duplicates')).toBe(1);
    const later = link.pass(10);
    expect(about(later, 136)).toEqual([hex(OURS.local)]);
    expect(link.isOurs(OURS.fixed)).toBe(false);
    expect(link.receive(echo6(Buffer.alloc(8)), solicitation(OURS.fixed))).toEqual([]);
    expect(link.isOurs(OURS.local)).toBe(true);
  };

  test('an advertisement says that another host has it', () => {
    link.pass(0.5);
    link.receive(advertisement(OURS.fixed, 0x20, macOption(2, PEER.mac), { to: 'ff02::1' }));
    taken();
  });

  test('a question from nowhere says that another host wants it', () => {
    link.pass(0.5);
    link.receive(solicitation(OURS.fixed, Buffer.alloc(0), { from: '::' }));
    taken();
  });

  test('RFC 7527: but not our own question that came back', () => {
    for (const asked of link.pass(0.5)) link.receive(asked);
    link.pass(0.6);
    expect(link.isOurs(OURS.fixed)).toBe(true);
    expect(link.counter('duplicates')).toBe(0);
  });

  test('nor a question of one who resolves it', () => {
    link.pass(0.5);
    link.receive(solicitation(OURS.fixed));
    link.pass(0.6);
    expect(link.isOurs(OURS.fixed)).toBe(true);
  });

  test('5.4.5: if the link-local address is taken, IPv6 is not used at all', () => {
    link.pass(0.5);
    link.receive(advertisement(OURS.local, 0x20, macOption(2, PEER.mac), { to: 'ff02::1' }));
    expect(link.pass(10)).toEqual([]);
    expect(link.receive(echo6(Buffer.alloc(8)), solicitation(OURS.fixed))).toEqual([]);
    expect([link.sourceFor(THEIRS.fixed), link.send(THEIRS.fixed, Buffer.alloc(8))]).toEqual([null, false]);
  });

  test('an address that is claimed later stays ours, and it is counted', () => {
    link.pass(2);
    link.receive(advertisement(OURS.fixed, 0x20, macOption(2, PEER.mac), { to: 'ff02::1' }));
    expect([link.isOurs(OURS.fixed), link.counter('duplicates')]).toEqual([true, 1]);
  });

  test('can be left out', async () => {
    const sure = await Link.open();
    sure.configure({ probes: 0, autoconfigured: false });
    sure.addStatic(OURS.fixed, 64);
    sure.start();
    expect(about(sure.pass(0), 135)).toEqual([]);
    expect(sure.isOurs(OURS.fixed)).toBe(true);
  });
});

describe('5.5: addresses from advertisements', () => {
  let link: Link;
  beforeEach(async () => {
    link = await Link.open();
    link.start();
    link.pass(1.5);
  });
  const advertise = (...options: Parameters<typeof prefixOption>[]): void => {
    link.receive(routerAdvertisement(options.map((option) => prefixOption(...option))));
  };

  test('the prefix, and the half our MAC address makes (RFC 4291, appendix A); asked for within a second', () => {
    advertise([PREFIX]);
    expect(link.address(MADE)).toBe(ADDRESS.tentative);
    expect(about(link.pass(1), 135)).toEqual([hex(MADE)]);
    link.pass(1);
    expect(link.address(MADE)).toBe(ADDRESS.preferred);
    expect(link.sourceFor('2001:db8:9::1')).toBe(hex(MADE));
  });

  test('5.5.3 (a) to (d): not without the flag, of the link-local prefix, of bad lifetimes or lengths', () => {
    advertise(
      [PREFIX, { flags: 0x80 }],
      ['fe80::'],
      [PREFIX, { valid: 100, preferred: 101 }],
      [PREFIX, { valid: 0, preferred: 0 }],
      [PREFIX, { length: 65 }],
      [PREFIX, { length: 129 }],
      ['ff02::'],
    );
    link.pass(3);
    expect([...link.addresses().keys()]).toEqual([hex(OURS.local)]);
  });

  test('5.5.4: preferred, then deprecated, then gone', () => {
    advertise([PREFIX, { valid: 3 * HOUR, preferred: HOUR }]);
    link.pass(3);
    expect(link.address(MADE)).toBe(ADDRESS.preferred);
    link.pass(HOUR);
    expect([link.address(MADE), link.isOurs(MADE)]).toEqual([ADDRESS.deprecated, true]);
    link.pass(2 * HOUR);
    expect([link.address(MADE), link.isOurs(MADE)]).toEqual([ADDRESS.free, false]);
  });

  test('a later advertisement renews it, and prefers it again', () => {
    advertise([PREFIX, { valid: 3 * HOUR, preferred: HOUR }]);
    link.pass(2 * HOUR);
    advertise([PREFIX, { valid: 3 * HOUR, preferred: HOUR }]);
    expect(link.address(MADE)).toBe(ADDRESS.preferred);
    link.pass(2.5 * HOUR);
    expect(link.address(MADE)).toBe(ADDRESS.deprecated);
  });

  test.each<[string, number, number, number]>([
    ['longer than what is left', 1 * HOUR, 1.5 * HOUR, 1.5 * HOUR],
    ['longer than two hours', 5 * HOUR, 3 * HOUR, 3 * HOUR],
    ['short, and more than two hours were left', 5 * HOUR, 60, 2 * HOUR],
    ['short, and less than two hours were left', 1 * HOUR, 60, 1 * HOUR],
    ['none, as a forger would', 5 * HOUR, 0, 2 * HOUR],
  ])('5.5.3 (e): a lifetime that is %s', (_, first, second, left) => {
    advertise([PREFIX, { valid: first, preferred: 60 }]);
    advertise([PREFIX, { valid: second, preferred: 0 }]);
    link.pass(left - 10);
    expect(link.address(MADE)).toBe(ADDRESS.deprecated);
    link.pass(20);
    expect(link.address(MADE)).toBe(ADDRESS.free);
  });

  test('one that was for ever ends when a later advertisement says so', () => {
    advertise([PREFIX, { valid: 0xffffffff, preferred: 0xffffffff }]);
    link.pass(100 * HOUR);
    advertise([PREFIX, { valid: 3 * HOUR, preferred: HOUR }]);
    link.pass(HOUR + 1);
    expect(link.address(MADE)).toBe(ADDRESS.deprecated);
    link.pass(2 * HOUR);
    expect(link.address(MADE)).toBe(ADDRESS.free);
  });

  test('one that is not preferred from the beginning is deprecated at once', () => {
    advertise([PREFIX, { preferred: 0 }]);
    link.pass(3);
    expect(link.address(MADE)).toBe(ADDRESS.deprecated);
  });

  test('renumbering: the old one is deprecated, the new one used', () => {
    advertise([PREFIX]);
    link.pass(3);
    advertise([PREFIX, { preferred: 0 }], ['2001:db8:2::']);
    link.pass(3);
    expect(link.sourceFor('2001:db8:1::99')).toBe(hex('2001:db8:2::ff:fe00:2'));
    expect(link.isOurs(MADE)).toBe(true);
    expect(link.sourceFor(MADE)).toBe(hex(MADE)); // RFC 6724, rule 1 comes before rule 3
  });

  test('one that another host has is not tried again as long as it is advertised', () => {
    advertise([PREFIX]);
    link.pass(1);
    link.receive(advertisement(MADE, 0x20, macOption(2, PEER.mac), { to: 'ff02::1' }));
    advertise([PREFIX]);
    expect(about(link.pass(5), 135)).toEqual([]);
    expect(link.address(MADE)).toBe(ADDRESS.duplicate);
  });

  test('the same one that the operator gave stays the operator’s', () => {
    link.addStatic(MADE, 64);
    link.pass(2);
    advertise([PREFIX, { valid: 60, preferred: 60 }]);
    link.pass(HOUR);
    expect(link.address(MADE)).toBe(ADDRESS.preferred);
  });

  test('a flood of prefixes leaves room for the operator’s addresses, and is counted', () => {
    for (let i = 1; i <= 100; i++)
      advertise([`2001:db8:${i.toString(16)}::`, { valid: 0xffffffff, preferred: 0xffffffff }]);
    link.pass(3);
    expect(link.addresses().size).toBe(6);
    expect(link.counter('refused')).toBe(100 - 5 + (100 - 8));
    expect([
      link.addStatic(OURS.fixed, 64),
      link.addStatic('2001:db8::3', 64),
      link.addStatic('2001:db8::4', 64),
    ]).toEqual([true, true, false]);
  });

  test('not if routers are not to be listened to', async () => {
    const deaf = await Link.ready();
    deaf.receive(routerAdvertisement([prefixOption(PREFIX)]));
    deaf.pass(5);
    expect(deaf.address(MADE)).toBe(ADDRESS.free);
  });
});

describe('RFC 6724, 5: the address to send from', () => {
  const choose = async (to: string, ...ours: string[]): Promise<string | null> => {
    const link = await Link.open();
    link.configure({ probes: 0, autoconfigured: false });
    for (const address of ours) link.addStatic(address, 64);
    link.start();
    link.pass(1);
    return link.sourceFor(to);
  };

  test.each<[string, string, string[], string]>([
    ['1: the same address', '2001:db8::5', ['2001:db8::2', '2001:db8::5'], '2001:db8::5'],
    ['2: the scope, of a link', 'fe80::1', ['2001:db8::2'], OURS.local],
    ['2: the scope, of a group of the link', 'ff02::fb', ['2001:db8::2'], OURS.local],
    ['2: the scope, of the world', '2001:db8:9::1', ['2001:db8::2'], '2001:db8::2'],
    ['2: the scope, of a wider group', 'ff05::1', ['2001:db8::2'], '2001:db8::2'],
    ['6: the label, of local addresses', 'fd00:1::1', ['2001:db8::2', 'fd00:2::2'], 'fd00:2::2'],
    ['6: the label, of the world', '2001:db8:9::1', ['fd00:2::2', '2001:db8::2'], '2001:db8::2'],
    ['6: the label, of 6to4', '2002:c000:204::1', ['2001:db8::2', '2002:c000:201::2'], '2002:c000:201::2'],
    ['6: the label, not of Teredo', '2001:db8:9::1', ['2001:0:1::2', '2400::2'], '2400::2'],
    ['8: the longest prefix', '2001:db8:2::1', ['2001:db8:1::2', '2001:db8:2::2'], '2001:db8:2::2'],
    ['8: but no longer than its own', '2001:db8:1::ff', ['2001:db8:1::1', '2001:db8:1::fe'], '2001:db8:1::1'],
  ])('rule %s', async (_, to, ours, chosen) => {
    expect(await choose(to, ...ours)).toBe(hex(chosen));
  });
});

describe('RFC 3810: our groups are reported', () => {
  const reports = (frames: Buffer[]): Buffer[] => frames.filter((f) => f[20] === 0 && f[14 + 48] === 143);
  const groups = (report?: Buffer): string[] => {
    const count = report?.readUInt16BE(14 + 48 + 6) ?? 0;
    return Array.from({ length: count }, (_, i) =>
      (report?.subarray(14 + 56 + 20 * i, 14 + 76 + 20 * i) ?? Buffer.alloc(0)).toString('hex'),
    );
  };
  const record = (type: number, group: string): string => `0${type}000000${hex(group)}`;

  test('at the start and again, with a router alert and a right checksum', async () => {
    const link = await Link.open();
    link.configure({ autoconfigured: false });
    link.addStatic('2001:db8::5', 64);
    link.joinMdns();
    link.start();
    const sent = reports(link.pass(1.1));
    expect(sent.length).toBeGreaterThanOrEqual(2);
    expect(groups(sent[0]).sort()).toEqual(
      [record(4, OURS.group), record(4, 'ff02::1:ff00:5'), record(4, 'ff02::fb')].sort(),
    );
    const body = sent[0]?.subarray(14 + 48) ?? Buffer.alloc(0);
    const fields = { from: '::', to: 'ff02::16', hops: 1 };
    const message = icmp6(143, 0, 3, body.subarray(8), fields);
    const alert = Buffer.from([58, 0, 5, 2, 0, 0, 1, 0]);
    expect(sent[0]).toEqual(
      frame(ipv6(0, Buffer.concat([alert, message]), fields), US.mac, groupMac('ff02::16')),
    );
  });

  const query = (fields: { from?: string; hops?: number; delay?: number } = {}): Buffer => {
    const { from = 'fe80::fe', hops = 1, delay = 1000 } = fields;
    const addressed = { from, to: 'ff02::1', hops };
    const alert = Buffer.from([58, 0, 5, 2, 0, 0, 1, 0]);
    const message = icmp6(130, 0, delay << 16, Buffer.alloc(20), addressed);
    return frame(ipv6(0, Buffer.concat([alert, message]), addressed));
  };

  test('when a router asks, within the time it says', async () => {
    const link = await Link.ready();
    link.receive(query());
    const [report, ...more] = reports(link.pass(1));
    expect(groups(report)).toEqual([record(2, OURS.group)]);
    expect(report?.subarray(22, 38)).toEqual(ip(OURS.local));
    expect(more).toEqual([]);
    link.receive(query({ delay: 0x8001 })); // (1 | 0x1000) << 3: 32,776 ms
    expect(reports(link.pass(33))).toHaveLength(1);
  });

  test('the group of multicast DNS when it is joined, and then its packets are for us', async () => {
    const asked = frame(ipv6(17, Buffer.alloc(8), { to: 'ff02::fb' }));
    const other = await Link.ready();
    other.transport();
    other.receive(asked);
    expect(other.dropped).toBe('not_for_us');
    const link = await Link.open();
    link.configure({ probes: 0, autoconfigured: false });
    link.addStatic(OURS.fixed, 64);
    link.joinMdns();
    link.transport();
    link.start();
    expect(groups(reports(link.pass(1.1))[0])).toContain(record(4, 'ff02::fb'));
    link.receive(asked);
    expect(link.delivered).toMatchObject([{ protocol: 17, to: hex('ff02::fb') }]);
    link.send('ff02::fb', Buffer.alloc(8));
    expect(link.out()[0]?.subarray(0, 22)).toEqual(
      frame(ipv6(17, Buffer.alloc(8), { to: 'ff02::fb', hops: 255 }), US.mac).subarray(0, 22),
    );
  });

  test.each([{ from: THEIRS.fixed }, { hops: 2 }])('not when the question is forged: %o', async (fields) => {
    const link = await Link.ready();
    link.receive(query(fields));
    expect(link.dropped).toBe('icmpv6_malformed');
    expect(reports(link.pass(10))).toEqual([]);
  });
});

test('whoever follows our addresses sees each change of those that may be used, and no other', async () => {
  const link = await Link.open();
  let seen = link.counter('addressChanges');
  const changed = (): boolean => {
    const before = seen;
    seen = link.counter('addressChanges');
    return seen !== before;
  };
  link.setIpv4(US.ip, 24);
  expect(changed()).toBe(true);
  link.start();
  link.pass(0.5);
  expect(changed()).toBe(false); // nobody uses it yet
  link.pass(1);
  expect([link.isOurs(OURS.local), changed()]).toEqual([true, true]);
  const lifetimes = { valid: 7300, preferred: 7250 };
  link.receive(routerAdvertisement([prefixOption(PREFIX, lifetimes)]));
  expect(changed()).toBe(false);
  link.pass(3);
  expect([link.address(MADE), changed()]).toEqual([ADDRESS.preferred, true]);
  link.pass(7255);
  expect([link.address(MADE), changed()]).toEqual([ADDRESS.deprecated, false]);
  link.receive(routerAdvertisement([prefixOption(PREFIX, lifetimes)]));
  expect([link.address(MADE), changed()]).toEqual([ADDRESS.preferred, false]);
  link.pass(7301);
  expect([link.address(MADE), changed()]).toEqual([ADDRESS.free, true]);
});
