// Packets in pieces over IPv6: RFC 8200 4.5, RFC 5722, RFC 6946, RFC 6980, RFC 7112.
import { beforeEach, describe, expect, test } from 'vitest';
import { ip } from '../../packets.ts';
import { PEER, US } from '../frames.ts';
import { frame, icmp6, ipv6, OURS, sealed, solicitation, THEIRS, type Ipv6Fields } from '../ipv6/frames.ts';
import { Link } from '../ipv6/link.ts';
import { cut, fragmentHeader, shuffled, whole } from './pieces.ts';

let link: Link;
beforeEach(async () => {
  link = await Link.ready();
  link.meet();
  link.transport();
});

const udp = (size: number): Buffer => {
  const segment = Buffer.from(Array.from({ length: 8 + size }, (_, i) => (i * 7) & 255));
  segment.writeUInt16BE(8 + size, 4);
  return sealed(17, segment, 6);
};
const back: Ipv6Fields = { from: OURS.fixed, to: THEIRS.fixed };

/** Frames with the pieces of a payload. */
const pieces = (next: number, payload: Buffer, size: number, id = 1): Buffer[] =>
  cut(payload, size).map(({ at, more, bytes }) =>
    frame(ipv6(44, Buffer.concat([fragmentHeader(next, at, more, id), bytes]))),
  );
const piece = (at: number, more: boolean, bytes: Buffer, id = 1, fields?: Ipv6Fields): Buffer =>
  frame(ipv6(44, Buffer.concat([fragmentHeader(17, at, more, id), bytes]), fields));

describe('4.5: pieces are put together', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('in any order (seed %i)', (seed) => {
    const payload = udp(9000);
    link.receive(...shuffled(pieces(17, payload, 1232), seed));
    expect(link.delivered).toMatchObject([
      { protocol: 17, segment: payload, from: ip(THEIRS.fixed).toString('hex') },
    ]);
  });

  test('up to the largest packet', () => {
    const payload = udp(65527);
    link.receive(...shuffled(pieces(17, payload, 1448), 1));
    expect(link.delivered).toMatchObject([{ segment: payload }]);
  });

  test('of the smallest size', () => {
    const payload = udp(300);
    link.receive(...shuffled(pieces(17, payload, 8), 1));
    expect(link.delivered).toMatchObject([{ segment: payload }]);
  });

  test('several packets at a time, told apart by identification and sender', () => {
    const payload = udp(2000);
    const packets = [1, 2, 3].map((id) => pieces(17, payload, 1232, id));
    const other = cut(payload, 1232).map(({ at, more, bytes }) =>
      piece(at, more, bytes, 1, { from: '2001:db8::9' }),
    );
    link.receive(...shuffled([...packets.flat(), ...other], 3));
    expect(link.delivered).toHaveLength(4);
  });

  test('the first one’s headers are those of the whole, options before and behind it are obeyed', () => {
    const options = (next: number): Buffer => Buffer.from([next, 0, 1, 4, 0, 0, 0, 0]);
    const [first, second] = cut(Buffer.concat([options(200), Buffer.alloc(1500)]), 1232);
    if (first === undefined || second === undefined) throw new Error('not cut');
    const before = (header: Buffer, bytes: Buffer): Buffer =>
      frame(ipv6(60, Buffer.concat([options(44), header, bytes])));
    link.receive(before(fragmentHeader(60, 0, true, 1), first.bytes));
    // Nobody speaks protocol 200, so the answer quotes the packet as it was put together.
    const [answer] = link.receive(before(fragmentHeader(60, second.at, false, 1), second.bytes));
    const together = ipv6(60, Buffer.concat([options(60), options(200), Buffer.alloc(1500)]));
    const quoted = together.subarray(0, 1280 - 48);
    expect(answer).toEqual(frame(ipv6(58, icmp6(4, 1, 48, quoted, back), back), US.mac, PEER.mac));
  });

  test('the same piece twice does no harm', () => {
    const payload = udp(4000);
    const frames = pieces(17, payload, 1232);
    link.receive(frames[0] ?? payload, frames[0] ?? payload);
    expect(link.dropped).toBe('fragment');
    link.receive(...frames.slice(1));
    expect(link.delivered).toMatchObject([{ segment: payload }]);
  });
});

describe('what cannot be put together', () => {
  const bytes = udp(3000);
  const last = (): void => {
    link.receive(piece(1232, true, bytes.subarray(1232, 2464)), piece(2464, false, bytes.subarray(2464)));
    expect(link.delivered).toEqual([]);
    expect(link.dropped).toBe('fragment');
  };

  test.each<[string, Buffer]>([
    ['that overlaps by its end', piece(8, true, Buffer.alloc(1232))],
    ['that overlaps by its beginning', piece(1224, true, Buffer.alloc(16))],
    ['that is within another', piece(8, true, Buffer.alloc(8, 0xff))],
    ['of the same place with other bytes', piece(0, true, Buffer.alloc(1232))],
    ['that ends before others begin', piece(8, false, Buffer.alloc(3))],
  ])('RFC 5722: a piece %s spoils the packet, even what comes later', (_, wrong) => {
    link.receive(piece(0, true, bytes.subarray(0, 1232)), wrong);
    expect(link.dropped).toBe('fragment');
    last();
  });

  test('a piece behind the end, or another end', () => {
    for (const [id, wrong] of [
      piece(4000, true, Buffer.alloc(8), 0),
      piece(4000, false, Buffer.alloc(8), 1),
    ].entries()) {
      link.receive(piece(2464, false, bytes.subarray(2464), id), wrong);
      expect(link.dropped).toBe('fragment');
      link.receive(
        piece(0, true, bytes.subarray(0, 1232), id),
        piece(1232, true, bytes.subarray(1232, 2464), id),
      );
    }
    expect(link.delivered).toEqual([]);
  });

  test('an end before what has come', () => {
    link.receive(piece(1232, true, bytes.subarray(1232, 2464)), piece(8, false, Buffer.alloc(3)));
    expect(link.dropped).toBe('fragment');
  });

  test('an empty piece', () => {
    for (const frame of [
      piece(8, true, Buffer.alloc(0)),
      piece(8, false, Buffer.alloc(0)),
      piece(0, true, Buffer.alloc(0)),
    ]) {
      link.receive(frame);
      expect(link.dropped).toBe('fragment');
    }
  });

  test('a piece of an odd size that is not the last is answered', () => {
    const packet = ipv6(44, Buffer.concat([fragmentHeader(17, 0, true, 1), Buffer.alloc(20)]));
    expect(link.receive(frame(packet))).toEqual([
      frame(ipv6(58, icmp6(4, 0, 4, packet, back), back), US.mac, PEER.mac),
    ]);
  });

  test('a piece that would make the packet too large is answered', () => {
    const packet = ipv6(44, Buffer.concat([fragmentHeader(17, 65528, false, 1), Buffer.alloc(8)]));
    expect(link.receive(frame(packet))).toEqual([
      frame(ipv6(58, icmp6(4, 0, 42, packet, back), back), US.mac, PEER.mac),
    ]);
    expect(link.receive(piece(65528, false, Buffer.alloc(7)))).toEqual([]);
    // Headers before the pieces count, too.
    const options = Buffer.from([44, 0, 1, 4, 0, 0, 0, 0]);
    const behind = (at: number): Buffer =>
      ipv6(60, Buffer.concat([options, fragmentHeader(17, at, false, 2), Buffer.alloc(7)]));
    expect(link.receive(frame(behind(65528)))).toEqual([
      frame(ipv6(58, icmp6(4, 0, 50, behind(65528), back), back), US.mac, PEER.mac),
    ]);
    expect(link.receive(frame(behind(65520)))).toEqual([]);
    // Even if it is the first piece that had more of them.
    const first = Buffer.concat([options, fragmentHeader(17, 0, true, 3), Buffer.alloc(65512)]);
    link.receive(piece(65512, false, Buffer.alloc(23), 3), frame(ipv6(60, first)));
    expect([link.delivered.length, link.dropped]).toEqual([0, 'fragment']);
  });

  test.each<[string, number, Buffer]>([
    ['TCP', 6, Buffer.alloc(16)],
    ['options without an end', 60, Buffer.from([17, 4, 1, 4, 0, 0, 0, 0])],
    ['options and nothing behind', 60, Buffer.from([17, 0, 1, 4, 0, 0, 0, 0])],
  ])('RFC 7112: a first piece without all headers is answered (%s)', (_, next, rest) => {
    const packet = ipv6(44, Buffer.concat([fragmentHeader(next, 0, true, 1), rest]));
    expect(link.receive(frame(packet))).toEqual([
      frame(ipv6(58, icmp6(4, 3, 0, packet, back), back), US.mac, PEER.mac),
    ]);
  });

  test('a packet in pieces in pieces', () => {
    const inner = Buffer.concat([fragmentHeader(17, 0, false, 9), bytes.subarray(0, 2000)]);
    link.receive(...pieces(44, inner, 1232));
    expect([link.delivered.length, link.dropped]).toEqual([0, 'ipv6_header']);
  });
});

describe('RFC 6946: a piece that is all', () => {
  const atomic = (id: number, next = 17, payload = udp(10)): Buffer =>
    frame(ipv6(44, Buffer.concat([fragmentHeader(next, 0, false, id), payload])));

  test('is taken by itself, and does not disturb the pieces of another', () => {
    const payload = udp(2000);
    const [first, ...rest] = pieces(17, payload, 1232, 7);
    link.receive(first ?? payload, atomic(7), ...rest);
    expect(link.delivered.map(({ segment }) => segment)).toEqual([udp(10), payload]);
  });

  test('RFC 6980: is never neighbour discovery', () => {
    const asked = solicitation(OURS.fixed).subarray(14 + 40);
    const packet = ipv6(44, Buffer.concat([fragmentHeader(58, 0, false, 1), asked]), {
      to: OURS.group,
      hops: 255,
    });
    expect(link.receive(frame(packet))).toEqual([]);
    expect(link.dropped).toBe('ndp_malformed');
  });
});

describe('a packet whose pieces do not all come', () => {
  const bytes = udp(3000);

  test('is given up after 60 seconds; if the first piece came, its sender is told', () => {
    const first = piece(0, true, bytes.subarray(0, 1232));
    link.receive(first);
    expect(link.pass(59.9)).toEqual([]);
    const quoted = first.subarray(14, 14 + 1280 - 48);
    expect(link.pass(0.2)).toContainEqual(
      frame(ipv6(58, icmp6(3, 1, 0, quoted, back), back), US.mac, PEER.mac),
    );
    link.receive(piece(1232, true, bytes.subarray(1232, 2464)), piece(2464, false, bytes.subarray(2464)));
    expect(link.delivered).toEqual([]);
  });

  test('without the first piece nobody is told', () => {
    link.receive(piece(1232, true, bytes.subarray(1232, 2464)));
    expect(link.pass(70)).toEqual([]);
  });

  test('nor about one that was sent to many', () => {
    link.receive(piece(0, true, bytes.subarray(0, 1232), 1, { to: 'ff02::1' }));
    expect([link.dropped, link.pass(70)]).toEqual(['', []]);
  });

  test('nor about one that was spoiled', () => {
    link.receive(piece(0, true, bytes.subarray(0, 1232)), piece(0, true, Buffer.alloc(1232)));
    expect(link.pass(70)).toEqual([]);
  });
});

describe('a flood of pieces', () => {
  test('takes bounded memory, and whole packets still get through', () => {
    const flood = (i: number): void => {
      const from = `2001:db8::${(i % 997).toString(16)}:${(i & 0xffff).toString(16)}`;
      const at = (i % 8) * 8184;
      link.receive(piece(at, true, Buffer.alloc(1400), i, { from }));
    };
    for (let i = 0; i < 2000; i++) flood(i);
    expect(link.dropped).toBe('fragments_full');
    const pages = link.pages();
    const payload = udp(60_000);
    for (let i = 0; i < 5000; i++) {
      flood(i);
      expect(link.counter('pieces')).toBeLessThanOrEqual(160 * 1024);
      if (i % 500 === 0) link.receive(...pieces(17, payload, 1448, i));
    }
    expect(link.delivered).toHaveLength(10);
    expect(link.pages()).toBe(pages);
    link.pass(61);
    expect(link.counter('pieces')).toBe(0);
  });
});

test('the oldest gives way: a packet whose pieces come among those of six others gets through', () => {
  const payload = udp(3000);
  let others = 100;
  const flood = (count: number): void => {
    for (; count > 0; count--) {
      link.pass(0.001);
      link.receive(piece(0, true, Buffer.alloc(1232), others++));
    }
  };
  flood(20);
  for (const frame of pieces(17, payload, 1232)) {
    link.pass(0.001);
    link.receive(frame);
    flood(3);
  }
  expect(link.delivered).toMatchObject([{ segment: payload }]);
});

describe('pieces we send', () => {
  test.each([1453, 1456, 8000, 65527])('of %i bytes are put together to the same', (size) => {
    const data = Buffer.from(Array.from({ length: size }, (_, i) => i & 255));
    link.sendPieces(ip(OURS.fixed), ip(THEIRS.fixed), data);
    const sent = link.out().map((frame) => frame.subarray(14));
    expect(Math.max(...sent.map((packet) => packet.length))).toBeLessThanOrEqual(1500);
    expect(new Set(sent.map((packet) => packet.readUInt32BE(44))).size).toBe(1);
    expect(
      whole(sent.map((packet) => ({ header: packet.subarray(40, 48), bytes: packet.subarray(48) }))),
    ).toEqual(data);
  });

  test('are as small as the path needs, each packet’s with another identification', () => {
    const data = Buffer.alloc(3000);
    link.receive(frame(ipv6(58, icmp6(2, 0, 1280, ipv6(17, Buffer.alloc(8), back)))));
    const ids = [0, 1, 2].map(() => {
      link.sendPieces(ip(OURS.fixed), ip(THEIRS.fixed), data);
      const sent = link.out();
      expect(sent.map((frame) => frame.length - 14)).toEqual([1280, 1280, 48 + 3000 - 2 * 1232]);
      return sent[0]?.readUInt32BE(14 + 44);
    });
    expect(new Set(ids).size).toBe(3);
  });

  test('no more than a packet can have', () => {
    expect(link.sendPieces(ip(OURS.fixed), ip(THEIRS.fixed), Buffer.alloc(65536))).toBe(false);
  });

  test('a large echo comes back in pieces', () => {
    const data = Buffer.from(Array.from({ length: 8192 }, (_, i) => i & 255));
    const sent = link.receive(...pieces(58, icmp6(128, 0, 5, data), 1232)).map((frame) => frame.subarray(14));
    const reply = whole(
      sent.map((packet) => ({ header: packet.subarray(40, 48), bytes: packet.subarray(48) })),
    );
    expect(reply).toEqual(icmp6(129, 0, 5, data, back));
  });
});
