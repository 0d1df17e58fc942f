// ICMPv6 (RFC 4443): echo, errors about our packets, errors we send.
import { beforeEach, describe, expect, test } from 'vitest';
import { ip } from '../../packets.ts';
import { PEER, US } from '../frames.ts';
import { echo6, frame, icmp6, icmpFrame, ipv6, OURS, sealed, THEIRS, type Ipv6Fields } from './frames.ts';
import { ERROR, Link } from './link.ts';

let link: Link;
beforeEach(async () => {
  link = await Link.ready();
  link.meet();
});

const back: Ipv6Fields = { from: OURS.fixed, to: THEIRS.fixed };
/** What we would send: from our station to the peer's. */
const answer = (next: number, payload: Buffer): Buffer => frame(ipv6(next, payload, back), US.mac, PEER.mac);
const udp = (data: Buffer, fields: Ipv6Fields = {}, port = 7): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(40000, 0);
  head.writeUInt16BE(port, 2);
  head.writeUInt16BE(8 + data.length, 4);
  return sealed(17, Buffer.concat([head, data]), 6, fields);
};

describe('4.2: echo', () => {
  test.each([0, 1, 7, 56, 57, 1452])('of %i bytes', (size) => {
    const data = Buffer.from(Array.from({ length: size }, (_, i) => i & 255));
    expect(link.receive(echo6(data))).toEqual([answer(58, icmp6(129, 0, 0x12340007, data, back))]);
  });

  test('in a padded frame', () => {
    expect(link.receive(Buffer.concat([echo6(Buffer.from('abc')), Buffer.alloc(17, 0xaa)]))).toEqual([
      answer(58, icmp6(129, 0, 0x12340007, Buffer.from('abc'), back)),
    ]);
  });

  test('to all nodes, from an address of the asker’s scope', () => {
    link.meet(THEIRS.local);
    const [reply] = link.receive(echo6(Buffer.alloc(8), { from: THEIRS.local, to: 'ff02::1' }));
    expect(reply?.subarray(22, 54)).toEqual(Buffer.concat([ip(OURS.local), ip(THEIRS.local)]));
  });

  test.each<[string, Buffer, string]>([
    ['with a wrong checksum', spoiled(echo6(Buffer.alloc(8)), 60), 'icmpv6_malformed'],
    ['from nowhere', echo6(Buffer.alloc(8), { from: '::' }), 'sender'],
    ['from a group', echo6(Buffer.alloc(8), { from: 'ff02::1' }), 'sender'],
    ['from ourselves', echo6(Buffer.alloc(8), { from: OURS.fixed }), 'sender'],
    ['from the loopback', echo6(Buffer.alloc(8), { from: '::1' }), 'sender'],
    ['from an IPv4-mapped address', echo6(Buffer.alloc(8), { from: '::ffff:a00:1' }), 'sender'],
    ['to another host', echo6(Buffer.alloc(8), { to: '2001:db8::3' }), 'not_for_us'],
    ['to a group that is not ours', echo6(Buffer.alloc(8), { to: 'ff02::1:ff00:3' }), 'not_for_us'],
    ['cut', frame(ipv6(58, sealed(58, Buffer.from([128, 0, 0, 0, 1, 2, 3]), 2))), 'icmpv6_malformed'],
    ['that is a reply', icmpFrame(129, 1, Buffer.alloc(8)), 'icmpv6_type'],
  ])('not %s', (_, wrong, why) => {
    expect(link.receive(wrong)).toEqual([]);
    expect(link.dropped).toBe(why);
  });
});

function spoiled(frame: Buffer, at: number): Buffer {
  const copy = Buffer.from(frame);
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
}

test.each<[string, (packet: Buffer) => Buffer]>([
  ['shorter than a header', (packet) => packet.subarray(0, 39)],
  ['of another version', (packet) => spoiled(packet, 0)],
  ['longer than its frame', (packet) => packet.subarray(0, packet.length - 1)],
])('RFC 8200, 3: it drops a packet %s', (_, spoil) => {
  const packet = ipv6(58, icmp6(128, 0, 1, Buffer.alloc(8)));
  expect(link.receive(frame(packet))).toHaveLength(1);
  expect(link.receive(frame(spoil(packet), PEER.mac, US.mac))).toEqual([]);
  expect(link.dropped).toBe('ipv6_malformed');
});

describe('2.4: errors we send', () => {
  test('port unreachable, with as much of the packet as fits into 1280 bytes', () => {
    link.transport(true);
    for (const size of [4, 1400]) {
      const packet = ipv6(17, udp(Buffer.alloc(size, 'x')));
      const quoted = packet.subarray(0, 1280 - 48);
      expect(link.receive(frame(packet))).toEqual([answer(58, icmp6(1, 4, 0, quoted, back))]);
    }
  });

  test('unknown next header, with where it stands', () => {
    const packet = ipv6(200, Buffer.alloc(20));
    expect(link.receive(frame(packet))).toEqual([answer(58, icmp6(4, 1, 6, packet, back))]);
    expect(link.dropped).toBe('protocol');
  });

  test('a protocol that nobody speaks here is unknown', () => {
    const packet = ipv6(6, Buffer.alloc(20));
    expect(link.receive(frame(packet))).toEqual([answer(58, icmp6(4, 1, 6, packet, back))]);
  });

  test('(e): not about errors, redirects, groups, or senders that are none', () => {
    link.transport(true);
    link.setGateway(THEIRS.local);
    link.meet(THEIRS.local);
    const inner = ipv6(17, udp(Buffer.alloc(4), back), back);
    const routing = (next: number): Buffer => Buffer.from([next, 0, 0, 1, 0, 0, 0, 0]);
    for (const type of [1, 2, 3, 4, 100, 137]) {
      const message = icmp6(type, 0, 1500, inner);
      expect(link.receive(frame(ipv6(43, Buffer.concat([routing(58), message]))))).toEqual([]);
      expect(link.dropped).toBe('ipv6_header');
    }
    expect(link.receive(frame(ipv6(43, Buffer.concat([routing(58), icmp6(128, 0, 1, inner)]))))).toHaveLength(
      1,
    );
    expect(link.receive(frame(ipv6(17, udp(Buffer.alloc(4), { to: 'ff02::1' }), { to: 'ff02::1' })))).toEqual(
      [],
    );
    expect(link.receive(frame(ipv6(200, Buffer.alloc(8), { from: '::' })))).toEqual([]);
    expect(link.receive(frame(ipv6(200, Buffer.alloc(8)), PEER.mac, groupMacOfAll))).toEqual([]);
  });

  test('(f): at most 50 in a second', () => {
    const packet = frame(ipv6(200, Buffer.alloc(8)));
    let sent = 0;
    for (let i = 0; i < 100; i++) sent += link.receive(packet).length;
    expect(sent).toBe(50);
    link.pass(1);
    expect(link.receive(packet)).toHaveLength(1);
  });
});

const groupMacOfAll = '333300000001';

describe('3: errors about packets of ours', () => {
  const inner = (fields = back): Buffer => ipv6(17, udp(Buffer.alloc(12, 'x'), fields), fields);
  beforeEach(() => {
    link.transport();
  });

  test.each<[string, number, number, number]>([
    ['no route', 1, 0, ERROR.unreachable],
    ['forbidden', 1, 1, ERROR.unreachable],
    ['no port', 1, 4, ERROR.refused],
    ['time exceeded', 3, 0, ERROR.unreachable],
    ['an unknown next header', 4, 1, ERROR.refused],
    ['a bad field', 4, 0, ERROR.unreachable],
  ])('%s', (_, type, code, kind) => {
    expect(link.receive(icmpFrame(type, 0, inner(), { code }))).toEqual([]);
    expect(link.dropped).toBe('');
    const segment = inner().subarray(40, 48);
    expect(link.told).toEqual([
      { protocol: 17, kind, value: 0, segment, to: ip(THEIRS.fixed).toString('hex') },
    ]);
  });

  test('behind extension headers', () => {
    const options = Buffer.from([17, 0, 1, 4, 0, 0, 0, 0]);
    const quoted = ipv6(60, Buffer.concat([options, udp(Buffer.alloc(8), back)]), back);
    link.receive(icmpFrame(1, 0, quoted, { code: 4 }));
    expect(link.told).toMatchObject([{ protocol: 17, kind: ERROR.refused }]);
  });

  test.each<[string, Buffer]>([
    ['that is not ours', inner({ from: '2001:db8::3', to: THEIRS.fixed })],
    ['of another version', spoiled(inner(), 0)],
    ['of which too little is quoted', inner().subarray(0, 47)],
    ['without a header', inner().subarray(0, 39)],
    [
      'whose later piece is quoted',
      ipv6(44, Buffer.from([17, 0, 0, 8, 0, 0, 0, 1, ...Buffer.alloc(16)]), back),
    ],
  ])('not about a packet %s', (_, quoted) => {
    link.receive(icmpFrame(1, 0, quoted, { code: 4 }));
    expect(link.dropped).toBe('icmpv6_malformed');
    expect(link.told).toEqual([]);
  });
});

describe('RFC 8201: packets that are too big', () => {
  const far = '2001:db8:9::1';
  const about = (protocol: number, mtu: number): Buffer =>
    icmpFrame(2, mtu, ipv6(protocol, Buffer.alloc(20), { from: OURS.fixed, to: far }));
  const tooBig = (mtu: number): Buffer => about(17, mtu);
  beforeEach(() => {
    link.transport();
  });

  test('lower the MTU of the path for datagrams, and for nobody else', () => {
    expect(link.datagramMtu(far)).toBe(1500);
    link.receive(tooBig(1400));
    expect(link.datagramMtu(far)).toBe(1400);
    link.receive(tooBig(1300));
    expect(link.datagramMtu(far)).toBe(1300);
    expect(link.pathMtu(far)).toBe(1500);
    expect(link.told).toEqual([]);
  });

  test('and are about a segment: TCP is told, and has to say whether it sent that (RFC 5927)', () => {
    link.receive(about(6, 1400));
    expect(link.told).toMatchObject([{ protocol: 6, kind: ERROR.tooBig, value: 1400 }]);
    expect(link.pathMtu(far)).toBe(1500);
    expect(link.datagramMtu(far)).toBe(1500);
  });

  test('never raise it, nor lower it below 1280 bytes', () => {
    link.receive(tooBig(1400), tooBig(1450), tooBig(1279), tooBig(0), tooBig(0xffffffff));
    expect(link.datagramMtu(far)).toBe(1400);
    link.receive(tooBig(1280));
    expect(link.datagramMtu(far)).toBe(1280);
  });

  test('are forgotten after ten minutes', () => {
    link.receive(tooBig(1400));
    link.pass(601);
    expect(link.datagramMtu(far)).toBe(1500);
  });

  test('and what is larger goes there in pieces', () => {
    link.setGateway(THEIRS.local);
    link.meet(THEIRS.local);
    link.receive(tooBig(1400));
    expect(link.sendPieces(ip(OURS.fixed), ip(far), Buffer.alloc(1400))).toBe(true);
    expect(link.out().map((frame) => frame.length - 14)).toEqual([1400, 96]);
  });
  test('and nothing larger than the link is sent anywhere', () => {
    link.setGateway(THEIRS.local);
    link.meet(THEIRS.local);
    expect([link.send(far, Buffer.alloc(1460)), link.send(far, Buffer.alloc(1461))]).toEqual([true, false]);
    expect(link.out()).toHaveLength(1);
  });
});
