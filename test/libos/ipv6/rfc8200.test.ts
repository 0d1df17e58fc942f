// Extension headers (RFC 8200, 4; RFC 5095).
import { beforeEach, describe, expect, test } from 'vitest';
import { PEER, US } from '../frames.ts';
import { frame, icmp6, ipv6, OURS, sealed, THEIRS, type Ipv6Fields } from './frames.ts';
import { Link } from './link.ts';

let link: Link;
beforeEach(async () => {
  link = await Link.ready();
  link.meet();
  link.transport();
});

const back: Ipv6Fields = { from: OURS.fixed, to: THEIRS.fixed };
const HOP = 0;
const ROUTING = 43;
const OPTIONS = 60;
const UDP = 17;

const segment = (to?: string): Buffer =>
  sealed(17, Buffer.from([1, 2, 3, 4, 0, 12, 0, 0, 9, 9, 9, 9]), 6, to === undefined ? {} : { to });
/** An options header: what comes next, and options of 6 bytes (or 8 more, and so on). */
const options = (next: number, ...bytes: number[]): Buffer => {
  const all = bytes.length === 0 ? [1, 4, 0, 0, 0, 0] : bytes;
  return Buffer.from([next, (all.length - 6) / 8, ...all]);
};
const routing = (next: number, type: number, left: number): Buffer =>
  Buffer.from([next, 0, type, left, 0, 0, 0, 0]);
const problem = (packet: Buffer, code: number, pointer: number): Buffer =>
  frame(ipv6(58, icmp6(4, code, pointer, packet.subarray(0, 1280 - 48), back), back), US.mac, PEER.mac);
/** The packet with the first header's type and all headers. */
const packet = (first: number, ...headers: Buffer[]): Buffer => ipv6(first, Buffer.concat(headers));

test.each<[string, Buffer]>([
  ['none', packet(UDP, segment())],
  ['hop-by-hop', packet(HOP, options(UDP), segment())],
  ['hop-by-hop with a router alert', packet(HOP, options(UDP, 5, 2, 0, 0, 1, 0), segment())],
  ['destination options', packet(OPTIONS, options(UDP), segment())],
  ['padding of single bytes', packet(OPTIONS, options(UDP, 0, 0, 0, 0, 0, 0), segment())],
  [
    'options of 264 bytes',
    packet(OPTIONS, options(UDP, 1, 253, ...Buffer.alloc(253), 0, 1, 4, 0, 0, 0, 0), segment()),
  ],
  ['an unknown option that may be skipped', packet(OPTIONS, options(UDP, 0x1e, 4, 0, 0, 0, 0), segment())],
  ['routing of type 0 that is at its end', packet(ROUTING, routing(UDP, 0, 0), segment())],
  ['routing of another type at its end', packet(ROUTING, routing(UDP, 4, 0), segment())],
  [
    'the recommended order',
    packet(HOP, options(OPTIONS), options(ROUTING), routing(OPTIONS, 2, 0), options(UDP), segment()),
  ],
  [
    'eight headers',
    packet(OPTIONS, ...Array.from({ length: 7 }, () => options(OPTIONS)), options(UDP), segment()),
  ],
])('with %s it is delivered', (_, whole) => {
  expect(link.receive(frame(whole))).toEqual([]);
  expect(link.delivered).toMatchObject([{ protocol: 17, segment: segment() }]);
});

test.each<[string, Buffer]>([
  [
    'nine headers',
    packet(OPTIONS, ...Array.from({ length: 8 }, () => options(OPTIONS)), options(UDP), segment()),
  ],
  ['a header longer than the packet', packet(OPTIONS, Buffer.from([UDP, 3, 1, 4, 0, 0, 0, 0]), segment())],
  ['half a header', packet(OPTIONS, Buffer.from([UDP, 0, 1]))],
  ['a header that is missing', packet(HOP, options(OPTIONS))],
  ['half a fragment header', packet(44, Buffer.from([UDP, 0, 0, 1]))],
  ['an option longer than its header', packet(OPTIONS, options(UDP, 1, 5, 0, 0, 0, 0), segment())],
  ['half an option', packet(OPTIONS, options(UDP, 1, 3, 0, 0, 0, 1), segment())],
  [
    'seventeen options',
    packet(OPTIONS, options(UDP, ...Array.from({ length: 19 }, () => [0x1e, 0]).flat()), segment()),
  ],
  ['an option that says: drop it', packet(OPTIONS, options(UDP, 0x41, 4, 0, 0, 0, 0), segment())],
])('with %s it is dropped in silence', (_, whole) => {
  expect(link.receive(frame(whole))).toEqual([]);
  expect([link.delivered.length, link.dropped]).toEqual([0, 'ipv6_header']);
});

describe('4.2: options that say: answer', () => {
  test.each<[string, number, number, number[]]>([
    ['the packet, to whomever it was sent', OPTIONS, 42, [0x80, 4, 0, 0, 0, 0]],
    ['a packet for us', OPTIONS, 44, [1, 0, 0xc2, 2, 0, 0]],
    ['a packet for us (hop-by-hop)', HOP, 42, [0xc2, 4, 0, 1, 0, 0]],
  ])('%s', (_, type, pointer, bytes) => {
    const whole = packet(type, options(UDP, ...bytes), segment());
    expect(link.receive(frame(whole))).toEqual([problem(whole, 2, pointer)]);
    expect([link.delivered.length, link.dropped]).toEqual([0, 'ipv6_header']);
  });

  test.each([
    [0x80, 1],
    [0xc0, 0],
  ])('option %i to a group: %i answers', (option, answers) => {
    link.meet(THEIRS.local);
    const fields = { from: THEIRS.local, to: 'ff02::1' };
    const whole = ipv6(
      OPTIONS,
      Buffer.concat([options(UDP, option, 4, 0, 0, 0, 0), segment('ff02::1')]),
      fields,
    );
    expect(link.receive(frame(whole))).toHaveLength(answers);
  });
});

test('4.1: hop-by-hop options are only the first header', () => {
  const whole = packet(OPTIONS, options(HOP), options(UDP), segment());
  expect(link.receive(frame(whole))).toEqual([problem(whole, 1, 40)]);
});

test.each([0, 2, 3, 4, 253])(
  '4.4, RFC 5095: routing of type %i that is not at its end is refused',
  (type) => {
    const whole = packet(ROUTING, routing(UDP, type, 1), segment());
    expect(link.receive(frame(whole))).toEqual([problem(whole, 0, 42)]);
  },
);

test('4.7: nothing behind is nothing to do', () => {
  expect(link.receive(frame(packet(OPTIONS, options(59), Buffer.alloc(9))))).toEqual([]);
  expect(link.dropped).toBe('protocol');
});

test.each([50, 51, 135, 253])('4: header %i, which we do not know, is refused where it is named', (type) => {
  const whole = packet(OPTIONS, options(type), Buffer.alloc(24));
  expect(link.receive(frame(whole))).toEqual([problem(whole, 1, 40)]);
});

test.each([
  [1279, false],
  [1280, true],
])('5: a link of %i bytes is wide enough: %s', async (mtu, enough) => {
  const narrow = await Link.open(mtu);
  narrow.configure({ probes: 0 });
  narrow.addStatic(OURS.fixed, 64);
  expect(narrow.start()).toBe(enough);
  expect(narrow.pass(5).length > 0).toBe(enough);
  narrow.receive(frame(packet(200, Buffer.alloc(8))));
  expect([narrow.dropped, narrow.isOurs(OURS.fixed)]).toEqual(['protocol', enough]);
});

test('an interface that does not speak IPv6 says nothing, even to all nodes', async () => {
  const deaf = await Link.open();
  deaf.receive(frame(ipv6(58, icmp6(128, 0, 1, Buffer.alloc(8), { to: 'ff02::1' }), { to: 'ff02::1' })));
  expect([deaf.dropped, deaf.pass(100)]).toEqual(['protocol', []]);
});
