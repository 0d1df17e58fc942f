// Neighbour discovery (RFC 4861, 7): who is at which station.
import { beforeEach, describe, expect, test } from 'vitest';
import { ip } from '../../packets.ts';
import { PEER, US } from '../frames.ts';
import {
  advertisement,
  echo6,
  frame,
  groupMac,
  icmpFrame,
  ipv6,
  macOption,
  OURS,
  sealed,
  solicitation,
  THEIRS,
} from './frames.ts';
import { Link, NEIGHBOUR } from './link.ts';

let link: Link;
beforeEach(async () => {
  link = await Link.ready();
});

const OTHER = '020000000009';
const ask = (mac?: string): Buffer =>
  solicitation(THEIRS.fixed, macOption(1, US.mac), {
    from: OURS.fixed,
    ...(mac === undefined ? {} : { to: THEIRS.fixed }),
  });
/** Our question about the peer: to its group, or to its station. */
const question = (mac?: string): Buffer => {
  const asked = ask(mac);
  asked.set(Buffer.from(`${mac ?? groupMac(THEIRS.group)}${US.mac}`, 'hex'));
  return asked;
};
const data = Buffer.alloc(8, 'x');
const sentTo = (mac: string, body = data): Buffer =>
  frame(ipv6(17, body, { from: OURS.fixed, to: THEIRS.fixed }), US.mac, mac);

describe('7.2.3, 7.2.4: we are asked', () => {
  const reply = (flags: number, from: string, to: string, mac = PEER.mac): Buffer => {
    const answer = advertisement(from, flags, macOption(2, US.mac), { from, to });
    answer.set(Buffer.from(`${mac}${US.mac}`, 'hex'));
    return answer;
  };

  test.each([OURS.fixed, OURS.local])('for %s', (target) => {
    expect(link.receive(solicitation(target))).toEqual([reply(0x60, target, THEIRS.fixed)]);
    expect(link.neighbour(THEIRS.fixed)).toBe(NEIGHBOUR.stale);
  });

  test('by one who knows us already', () => {
    const known = solicitation(OURS.fixed, Buffer.alloc(0), { to: OURS.fixed });
    expect(link.receive(known)).toEqual([reply(0x60, OURS.fixed, THEIRS.fixed)]);
    expect(link.neighbour(THEIRS.fixed)).toBe(NEIGHBOUR.none);
  });

  test('by one who wants the same address: all are told', () => {
    const probe = solicitation(OURS.fixed, Buffer.alloc(0), { from: '::' });
    expect(link.receive(probe)).toEqual([reply(0x20, OURS.fixed, 'ff02::1', groupMac('ff02::1'))]);
  });

  test.each<[string, Buffer, string]>([
    ['for another address', solicitation('2001:db8::1:2', undefined, { to: OURS.group }), 'not_for_us'],
    ['from another link', solicitation(OURS.fixed, undefined, { hops: 254 }), 'ndp_malformed'],
    ['for a group', solicitation('ff02::1', undefined, { to: OURS.group }), 'ndp_malformed'],
    ['with an empty option', solicitation(OURS.fixed, Buffer.alloc(8)), 'ndp_malformed'],
    ['with half an option', solicitation(OURS.fixed, Buffer.from([1, 1, 2, 0])), 'ndp_malformed'],
    [
      'with an option longer than itself',
      solicitation(OURS.fixed, Buffer.from([1, 2, 2, 0, 0, 0, 0, 1])),
      'ndp_malformed',
    ],
    ['from nowhere, with a station', solicitation(OURS.fixed, undefined, { from: '::' }), 'ndp_malformed'],
    [
      'from nowhere, to us alone',
      solicitation(OURS.fixed, Buffer.alloc(0), { from: '::', to: OURS.fixed }),
      'ndp_malformed',
    ],
    ['whose station is a group', solicitation(OURS.fixed, macOption(1, '010000000001')), 'ndp_malformed'],
    ['cut', icmpFrame(135, 0, ip(OURS.fixed).subarray(1), { to: OURS.group, hops: 255 }), 'ndp_malformed'],
    [
      'of another code',
      icmpFrame(135, 0, ip(OURS.fixed), { to: OURS.group, hops: 255, code: 1 }),
      'ndp_malformed',
    ],
    ['for routers', icmpFrame(133, 0, Buffer.alloc(0), { to: OURS.group, hops: 255 }), 'icmpv6_type'],
  ])('not %s', (_, wrong, why) => {
    expect(link.receive(wrong)).toEqual([]);
    expect(link.dropped).toBe(why);
    expect(link.neighbour(THEIRS.fixed)).toBe(NEIGHBOUR.none);
  });
});

describe('7.2.2: we ask', () => {
  test('the group of the address, and the packet waits for the answer', () => {
    expect(link.send(THEIRS.fixed, data)).toBe(true);
    expect(link.out()).toEqual([question()]);
    expect(link.neighbour(THEIRS.fixed)).toBe(NEIGHBOUR.incomplete);
    expect(link.receive(advertisement(THEIRS.fixed, 0x60))).toEqual([sentTo(PEER.mac)]);
    expect(link.neighbour(THEIRS.fixed)).toBe(NEIGHBOUR.reachable);
  });

  test('only the last packet waits', () => {
    link.send(THEIRS.fixed, Buffer.alloc(100, 'a'));
    link.send(THEIRS.fixed, data);
    link.out();
    expect(link.receive(advertisement(THEIRS.fixed, 0x60))).toEqual([sentTo(PEER.mac)]);
  });

  test('three times, a second apart, and then give up', () => {
    link.send(THEIRS.fixed, data);
    link.out();
    expect(link.pass(0.99)).toEqual([]);
    expect(link.pass(0.02)).toEqual([question()]);
    expect(link.pass(1)).toEqual([question()]);
    expect(link.pass(60)).toEqual([]);
    expect(link.neighbour(THEIRS.fixed)).toBe(NEIGHBOUR.none);
  });

  test('from an address of the scope of the one we ask for', () => {
    link.send(THEIRS.local, data, 17, OURS.local);
    expect(link.out()[0]?.subarray(22, 38)).toEqual(ip(OURS.local));
  });
});

describe('7.2.5: answers', () => {
  const answer = (flags: number, mac: string | null = PEER.mac): Buffer =>
    advertisement(THEIRS.fixed, flags, mac === null ? Buffer.alloc(0) : macOption(2, mac));
  /** The station a packet to the peer goes to now. */
  const station = (): string => {
    link.send(THEIRS.fixed, data);
    return link.out()[0]?.subarray(0, 6).toString('hex') ?? '';
  };

  test('INCOMPLETE: without a station means nothing; unsolicited is STALE', () => {
    link.send(THEIRS.fixed, data);
    link.receive(answer(0x60, null));
    expect([link.neighbour(THEIRS.fixed), link.dropped]).toEqual([NEIGHBOUR.incomplete, 'ndp_malformed']);
    link.receive(answer(0x20));
    expect(link.neighbour(THEIRS.fixed)).toBe(NEIGHBOUR.stale);
  });

  // The states of appendix C: flags 0x40 solicited, 0x20 override; the same station, another, none.
  test.each<[number, string | null, number, string]>([
    [0x00, PEER.mac, NEIGHBOUR.reachable, PEER.mac],
    [0x40, PEER.mac, NEIGHBOUR.reachable, PEER.mac],
    [0x20, PEER.mac, NEIGHBOUR.reachable, PEER.mac],
    [0x60, PEER.mac, NEIGHBOUR.reachable, PEER.mac],
    [0x00, OTHER, NEIGHBOUR.stale, PEER.mac],
    [0x40, OTHER, NEIGHBOUR.stale, PEER.mac],
    [0x20, OTHER, NEIGHBOUR.stale, OTHER],
    [0x60, OTHER, NEIGHBOUR.reachable, OTHER],
    [0x40, null, NEIGHBOUR.reachable, PEER.mac],
    [0x20, null, NEIGHBOUR.reachable, PEER.mac],
  ])('REACHABLE, flags %i from %s: state %i, station %s', (flags, mac, state, used) => {
    link.meet();
    link.receive(answer(flags, mac));
    expect(link.neighbour(THEIRS.fixed)).toBe(state);
    expect(station()).toBe(used);
  });

  test.each<[number, string | null, number]>([
    [0x00, PEER.mac, NEIGHBOUR.stale],
    [0x00, OTHER, NEIGHBOUR.stale],
    [0x40, OTHER, NEIGHBOUR.stale],
    [0x40, PEER.mac, NEIGHBOUR.reachable],
    [0x60, OTHER, NEIGHBOUR.reachable],
    [0x40, null, NEIGHBOUR.reachable],
  ])('STALE, flags %i from %s: state %i', (flags, mac, state) => {
    link.receive(solicitation(OURS.fixed));
    link.receive(answer(flags, mac));
    expect(link.neighbour(THEIRS.fixed)).toBe(state);
  });

  test.each<[string, Buffer]>([
    ['nobody asked for', advertisement('2001:db8::77', 0x60)],
    ['from another link', advertisement(THEIRS.fixed, 0x60, macOption(2, OTHER), { hops: 64 })],
    [
      'for all that claims to be asked for',
      advertisement(THEIRS.fixed, 0x60, macOption(2, OTHER), { to: 'ff02::1' }),
    ],
    ['of a group', advertisement('ff02::1', 0x60, macOption(2, OTHER), { from: THEIRS.fixed })],
    ['whose station is a group', answer(0x60, '010000000001')],
    ['with a broken option', advertisement(THEIRS.fixed, 0x60, Buffer.alloc(8))],
  ])('one %s is not believed', (_, wrong) => {
    link.meet();
    link.receive(wrong);
    expect(link.dropped).toBe('ndp_malformed');
    expect(station()).toBe(PEER.mac);
    expect(link.neighbour('2001:db8::77')).toBe(NEIGHBOUR.none);
  });
});

describe('7.3: is it still there?', () => {
  test('REACHABLE is STALE after its time; used, it is probed after 5 seconds, at its station', () => {
    link.meet();
    link.pass(31);
    expect(link.neighbour(THEIRS.fixed)).toBe(NEIGHBOUR.stale);
    link.send(THEIRS.fixed, data);
    expect([link.out(), link.neighbour(THEIRS.fixed)]).toEqual([[sentTo(PEER.mac)], NEIGHBOUR.delay]);
    expect(link.pass(4.9)).toEqual([]);
    expect(link.pass(0.2)).toEqual([question(PEER.mac)]);
    expect(link.neighbour(THEIRS.fixed)).toBe(NEIGHBOUR.probe);
    link.receive(advertisement(THEIRS.fixed, 0x40, Buffer.alloc(0)));
    expect(link.neighbour(THEIRS.fixed)).toBe(NEIGHBOUR.reachable);
  });

  test('PROBE is given up after three questions', () => {
    link.meet();
    link.pass(31);
    link.send(THEIRS.fixed, data);
    link.out();
    expect(link.pass(7.5)).toEqual([question(PEER.mac), question(PEER.mac), question(PEER.mac)]);
    expect(link.pass(10)).toEqual([]);
    expect(link.neighbour(THEIRS.fixed)).toBe(NEIGHBOUR.none);
  });
});

describe('a flood', () => {
  test('of invented neighbours is answered, stays bounded and does not drive out who was confirmed', () => {
    link.meet();
    const pages = link.pages();
    for (let i = 0; i < 5000; i++) {
      const from = `2001:db8::${(i & 0xffff).toString(16)}:1`;
      expect(link.receive(solicitation(OURS.fixed, undefined, { from }))).toHaveLength(1);
    }
    expect(link.neighbour(THEIRS.fixed)).toBe(NEIGHBOUR.reachable);
    expect(link.pages()).toBe(pages);
  });

  test('of packets to neighbours that do not exist stays bounded', () => {
    const pages = link.pages();
    for (let i = 0; i < 5000; i++) {
      link.send(`2001:db8::${(i & 0xffff).toString(16)}:1`, Buffer.alloc(1400));
      if (i % 100 === 0) link.pass(0.5);
    }
    link.out();
    link.pass(10);
    link.meet();
    expect(link.receive(echo6(data))).toHaveLength(1);
    expect(link.pages()).toBeLessThanOrEqual(pages + 1);
  });
});

test('a packet in a frame for many is not answered by an error, and one for TCP is dropped', () => {
  link.transport();
  link.meet();
  const tcp = sealed(6, Buffer.alloc(20), 16);
  link.receive(frame(ipv6(6, tcp), PEER.mac, groupMac('ff02::1')));
  expect([link.delivered.length, link.dropped]).toEqual([0, 'broadcast']);
  link.receive(frame(ipv6(6, tcp)));
  expect(link.delivered).toHaveLength(1);
});

test.each<[string, number, Buffer, number]>([
  ['TCP', 6, Buffer.alloc(20), 16],
  ['UDP', 17, Buffer.from([1, 2, 3, 4, 0, 8, 0, 0]), 6],
])('%s from ourselves or from nowhere is not delivered', (_, protocol, body, at) => {
  link.transport();
  for (const from of [OURS.fixed, OURS.local, '::']) {
    link.receive(frame(ipv6(protocol, sealed(protocol, body, at, { from }), { from })));
    expect([link.delivered.length, link.dropped]).toEqual([0, 'sender']);
  }
});
