// What routers say (RFC 4861, 6.3 and 8; RFC 4191; RFC 7559).
import { beforeEach, describe, expect, test } from 'vitest';
import { ip } from '../../packets.ts';
import { US } from '../frames.ts';
import {
  advertisement,
  echo6,
  groupMac,
  icmpFrame,
  ipv6,
  macOption,
  mtuOption,
  OURS,
  prefixOption,
  ROUTER,
  routerAdvertisement,
  THEIRS,
  type Advertised,
} from './frames.ts';
import { Link, NEIGHBOUR } from './link.ts';

const FAR = '2001:db8:9::1';
const data = Buffer.alloc(8, 'x');
const SECOND = 1e9;

/** A link that listens to routers and has asked for them. */
async function open(): Promise<Link> {
  const link = await Link.open();
  link.configure({ probes: 0 });
  link.addStatic(OURS.fixed, 64);
  link.start();
  link.pass(1.5);
  return link;
}

let link: Link;
beforeEach(async () => {
  link = await open();
});

/** An advertisement with the router's station. */
const advertise = (fields: Advertised = {}, ...options: Buffer[]): Buffer[] =>
  link.receive(routerAdvertisement([macOption(1, fields.mac ?? ROUTER.mac), ...options], fields));
const SECOND_ROUTER = { from: 'fe80::fd', mac: '0200000000fd' };
/** The station that takes packets for far away, null if they are dropped. */
const via = (to = FAR): string | null => {
  const sent = link.send(to, data);
  const [packet] = link.out();
  return sent ? (packet?.subarray(0, 6).toString('hex') ?? '') : null;
};

describe('6.3.7 and RFC 7559: we ask for routers', () => {
  const solicitation = (from: string, options: Buffer): Buffer => {
    const asked = icmpFrame(133, 0, options, { from, to: 'ff02::2', hops: 255 });
    asked.set(Buffer.from(groupMac('ff02::2') + US.mac, 'hex'));
    return asked;
  };
  const asked = (frames: Buffer[]): Buffer[] => frames.filter((f) => f[20] === 58 && f[54] === 133);

  test('with our station, ever less often, until one answers', async () => {
    const fresh = await Link.open();
    fresh.start();
    const times: number[] = [];
    for (let second = 0; second < 130; second++) {
      for (const frame of asked(fresh.pass(1))) {
        expect(frame).toEqual(solicitation(OURS.local, macOption(1, US.mac)));
        times.push(second);
      }
    }
    const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(pauses).toHaveLength(5);
    for (const [i, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(Math.floor(0.9 * 4 * 2 ** i) - 1);
      expect(pause).toBeLessThanOrEqual(Math.ceil(1.1 * 4 * 2 ** i) + 1);
    }
    fresh.receive(routerAdvertisement([]));
    expect(asked(fresh.pass(1000))).toEqual([]);
  });

  test('not when they are not to be listened to', async () => {
    const deaf = await Link.open();
    deaf.configure({ autoconfigured: false });
    deaf.start();
    expect(asked(deaf.pass(100))).toEqual([]);
    deaf.receive(routerAdvertisement([]));
    expect(deaf.counter('advertisements')).toBe(0);
  });
});

describe('6.1.2: advertisements that are not believed', () => {
  test.each<[string, Buffer]>([
    ['from another link', routerAdvertisement([], { hops: 254 })],
    ['not from a link-local address', routerAdvertisement([], { from: '2001:db8::fe' })],
    ['from nowhere', routerAdvertisement([], { from: '::' })],
    [
      'of another code',
      icmpFrame(134, 1800, Buffer.alloc(8), { from: ROUTER.local, to: 'ff02::1', hops: 255, code: 1 }),
    ],
    ['cut', icmpFrame(134, 1800, Buffer.alloc(7), { from: ROUTER.local, to: 'ff02::1', hops: 255 })],
    ['with an empty option', routerAdvertisement([Buffer.alloc(8)])],
    ['with half an option', routerAdvertisement([Buffer.from([1, 1, 0, 0])])],
  ])('%s', (_, wrong) => {
    link.receive(wrong);
    expect(link.dropped).toBe('ndp_malformed');
    expect([link.counter('advertisements'), via()]).toEqual([0, null]);
  });
});

describe('6.3.4: the default router', () => {
  test('takes what is for other networks as long as it says', () => {
    expect(via()).toBeNull();
    advertise({ lifetime: 600 });
    expect(via()).toBe(ROUTER.mac);
    expect(link.isRouter(ROUTER.local)).toBe(true);
    link.pass(599);
    expect(link.send(FAR, data)).toBe(true);
    link.pass(2);
    expect(link.send(FAR, data)).toBe(false);
  });

  test('is asked for if it did not say its station', () => {
    link.receive(routerAdvertisement([]));
    expect(via()).toBe(groupMac('ff02::1:ff00:fe'));
    expect(link.neighbour(ROUTER.local)).toBe(NEIGHBOUR.incomplete);
  });

  test('is none with a lifetime of 0, at once', () => {
    advertise();
    advertise({ lifetime: 0 });
    expect(via()).toBeNull();
  });

  test('7.2.5: is none any more when it advertises itself as a host', () => {
    advertise();
    link.receive(advertisement(ROUTER.local, 0x20, macOption(2, ROUTER.mac)));
    expect(via()).toBeNull();
  });

  test.each([
    [0x08, 0x00, ROUTER.mac],
    [0x00, 0x08, SECOND_ROUTER.mac],
    [0x18, 0x00, SECOND_ROUTER.mac],
    [0x00, 0x18, ROUTER.mac],
    [0x10, 0x00, ROUTER.mac], // reserved: as if it were 0
  ])('RFC 4191: is the one that is preferred (flags %i, %i)', (first, second, chosen) => {
    advertise({ flags: first });
    advertise({ flags: second, ...SECOND_ROUTER });
    expect(via()).toBe(chosen);
  });

  test('6.3.6: is another one when it does not answer', () => {
    advertise({ flags: 0x08 });
    advertise(SECOND_ROUTER);
    expect(via()).toBe(ROUTER.mac);
    link.pass(40); // it is probed three times, in vain
    expect(link.neighbour(ROUTER.local)).toBe(NEIGHBOUR.none);
    expect(via()).toBe(SECOND_ROUTER.mac);
  });

  test('that the operator named comes before all others, and no advertisement takes it away', () => {
    link.setGateway(ROUTER.local);
    link.send(FAR, data);
    link.receive(advertisement(ROUTER.local, 0xe0, macOption(2, ROUTER.mac)));
    link.out();
    advertise({ flags: 0x08, ...SECOND_ROUTER });
    advertise({ lifetime: 0 });
    expect(via()).toBe(ROUTER.mac);
    link.pass(100_000);
    expect(link.send(FAR, data)).toBe(true);
  });

  test('that the operator named gets a second to answer, before another one takes its place', () => {
    advertise(SECOND_ROUTER);
    link.setGateway(ROUTER.local);
    expect([via(), via()]).toEqual([groupMac('ff02::1:ff00:fe'), '']);
    link.pass(1.5);
    expect(via()).toBe(SECOND_ROUTER.mac);
  });

  test('that the operator named is never pushed out of the neighbours by packets to others', () => {
    link.setGateway(ROUTER.local);
    link.send(FAR, data);
    link.receive(advertisement(ROUTER.local, 0xe0, macOption(2, ROUTER.mac)));
    link.send(FAR, data);
    for (let i = 1; i < 2000; i++) link.send(`2001:db8::${i.toString(16)}:1`, data);
    expect(link.neighbour(ROUTER.local)).toBe(NEIGHBOUR.reachable);
  });

  test('a flood of routers finds the list full, unless they are preferred, and is counted', () => {
    advertise();
    for (let i = 1; i <= 100; i++) advertise({ from: `fe80::${i.toString(16)}:1` });
    expect(link.counter('refused')).toBe(97);
    expect(via()).toBe(ROUTER.mac);
    advertise({ flags: 0x08, ...SECOND_ROUTER });
    expect(via()).toBe(SECOND_ROUTER.mac);
  });
});

describe('6.3.4: what else they say', () => {
  test('hop limit, times; what is left out stays', () => {
    advertise({ hopLimit: 17, reachable: 10_000, retransmit: 2000 });
    const times = (): number[] => ['hopLimit', 'retransmitTime'].map((name) => link.counter(name));
    expect(times()).toEqual([17, 2 * SECOND]);
    expect(link.counter('reachableTime')).toBeGreaterThanOrEqual(5 * SECOND);
    expect(link.counter('reachableTime')).toBeLessThanOrEqual(15 * SECOND);
    link.send(FAR, data);
    expect(link.out()[0]?.[14 + 7]).toBe(17);
    const before = link.counter('reachableTime');
    advertise();
    expect([...times(), link.counter('reachableTime')]).toEqual([17, 2 * SECOND, before]);
  });

  test('times no honest router would say are bounded', () => {
    const before = link.counter('reachableTime');
    advertise({ reachable: 3_600_001, retransmit: 1 });
    expect([link.counter('reachableTime'), link.counter('retransmitTime')]).toEqual([before, 0.1 * SECOND]);
    advertise({ retransmit: 0xffffffff });
    expect(link.counter('retransmitTime')).toBe(10 * SECOND);
  });

  test('the MTU of the link, not below 1280 bytes nor above the device’s', () => {
    for (const [mtu, taken] of [
      [1279, 1500],
      [1501, 1500],
      [1400, 1400],
      [1280, 1280],
    ] as const) {
      advertise({}, mtuOption(mtu));
      expect(link.pathMtu(FAR)).toBe(taken);
    }
  });

  test('prefixes that are on the link, as long as they say', () => {
    advertise({}, prefixOption('2001:db8:7::', { flags: 0x80, length: 63, valid: 1000 }));
    expect(via('2001:db8:7::5')).toBe(groupMac('ff02::1:ff00:5'));
    expect(via('2001:db8:6:ffff::5')).toBe(ROUTER.mac);
    expect(via('2001:db8:8::5')).toBe(ROUTER.mac);
    link.pass(999);
    advertise({}, prefixOption('2001:db8:7::', { flags: 0x80, length: 63, valid: 1000 }));
    link.pass(500);
    advertise();
    expect(via('2001:db8:7::5')).toBe(groupMac('ff02::1:ff00:5'));
    advertise({}, prefixOption('2001:db8:7::', { flags: 0x80, length: 63, valid: 0, preferred: 0 }));
    expect(via('2001:db8:7::6')).toBe(ROUTER.mac);
  });

  test('but not the operator’s prefix away', () => {
    advertise({}, prefixOption('2001:db8::', { flags: 0x80, valid: 0, preferred: 0 }));
    expect(via('2001:db8::5')).toBe(groupMac('ff02::1:ff00:5'));
  });
});

describe('RFC 8106: name servers', () => {
  const servers = (seconds: number, ...addresses: string[]): Buffer => {
    const head = Buffer.from([25, 1 + 2 * addresses.length, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(seconds, 4);
    return Buffer.concat([head, ...addresses.map(ip)]);
  };
  const hex = (...addresses: string[]): string[] => addresses.map((text) => ip(text).toString('hex'));

  test('may be asked as long as they say', () => {
    advertise({}, servers(600, '2001:db8::53', 'fd00::53'));
    expect(link.nameServers()).toEqual(hex('2001:db8::53', 'fd00::53'));
    link.pass(500);
    advertise({}, servers(600, '2001:db8::53'));
    link.pass(101);
    expect(link.nameServers()).toEqual(hex('2001:db8::53'));
    advertise({}, servers(0, '2001:db8::53'));
    expect(link.nameServers()).toEqual([]);
  });

  test('are three at most; others are counted', () => {
    advertise({}, servers(0xffffffff, 'fd00::1', 'fd00::2', 'fd00::3', 'fd00::4'));
    expect(link.nameServers()).toEqual(hex('fd00::1', 'fd00::2', 'fd00::3'));
    expect(link.counter('refused')).toBe(1);
  });
});

describe('8: redirects', () => {
  const redirect = (target: string, to: string, options: Buffer, fields: object = {}): Buffer => {
    const about = ipv6(17, data, { from: OURS.fixed, to });
    const rest = Buffer.concat([ip(target), ip(to), options, Buffer.from([4, 7, 0, 0, 0, 0, 0, 0]), about]);
    return icmpFrame(137, 0, rest, {
      from: ROUTER.local,
      to: OURS.fixed,
      hops: 255,
      mac: ROUTER.mac,
      ...fields,
    });
  };
  const station = macOption(2, SECOND_ROUTER.mac);
  beforeEach(() => {
    advertise();
    advertise({ flags: 0x18, ...SECOND_ROUTER });
    expect(via()).toBe(ROUTER.mac);
  });

  test('8.3: to a better router, for this destination, for ten minutes', () => {
    link.receive(redirect(SECOND_ROUTER.from, FAR, station));
    expect([via(), via('2001:db8:9::2')]).toEqual([SECOND_ROUTER.mac, ROUTER.mac]);
    advertise(SECOND_ROUTER);
    link.pass(599);
    expect(link.send(FAR, data)).toBe(true);
    link.pass(2);
    advertise();
    expect(via()).toBe(ROUTER.mac);
  });

  test('8.3: to the destination itself, which is on the link', () => {
    link.receive(redirect(FAR, FAR, macOption(2, '020000000077')));
    expect([via(), link.neighbour(FAR)]).toEqual(['020000000077', NEIGHBOUR.delay]);
    expect(link.isRouter(FAR)).toBe(false);
  });

  test('8.1: a better one again from the one it was redirected to', () => {
    link.receive(redirect(SECOND_ROUTER.from, FAR, station));
    link.receive(redirect(FAR, FAR, macOption(2, '020000000077'), { from: SECOND_ROUTER.from }));
    expect(via()).toBe('020000000077');
  });

  test.each<[string, Buffer]>([
    ['from another router', redirect('fe80::9', FAR, station, { from: SECOND_ROUTER.from })],
    ['from a host', redirect('fe80::9', FAR, station, { from: THEIRS.local })],
    ['not from a link-local address', redirect('fe80::9', FAR, station, { from: '2001:db8::fe' })],
    ['from another link', redirect('fe80::9', FAR, station, { hops: 254 })],
    ['of another code', redirect('fe80::9', FAR, station, { code: 1 })],
    ['of a group', redirect('ff02::1', 'ff02::1', station)],
    ['to a router that is no link-local address', redirect('2001:db8::9', FAR, station)],
    ['of a destination on the link', redirect('fe80::9', '2001:db8::5', station)],
    ['with an empty option', redirect('fe80::9', FAR, Buffer.alloc(8))],
    ['cut', icmpFrame(137, 0, Buffer.alloc(31), { from: ROUTER.local, to: OURS.fixed, hops: 255 })],
  ])('8.1: not %s', (_, wrong) => {
    link.receive(wrong);
    expect(link.dropped).toBe('ndp_malformed');
    expect(via()).toBe(ROUTER.mac);
  });

  test('are forgotten with the router they lead to', () => {
    link.receive(redirect(SECOND_ROUTER.from, FAR, station));
    link.receive(advertisement(SECOND_ROUTER.from, 0x20, macOption(2, SECOND_ROUTER.mac)));
    expect(via()).toBe(ROUTER.mac);
  });

  test('a flood of them only pushes out the oldest', () => {
    const far = (i: number): string => `2001:db8:9::${i.toString(16)}:1`;
    for (let i = 1; i <= 100; i++) link.receive(redirect(SECOND_ROUTER.from, far(i), station));
    expect([via(far(1)), via(far(100))]).toEqual([ROUTER.mac, SECOND_ROUTER.mac]);
  });
});

test('an answer to far away goes by the router, not to the station it came from', () => {
  advertise();
  const [reply] = link.receive(echo6(data, { from: FAR }));
  expect(reply?.subarray(0, 6).toString('hex')).toBe(ROUTER.mac);
  expect(reply?.subarray(14 + 24, 14 + 40)).toEqual(ip(FAR));
});
