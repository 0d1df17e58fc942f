// Packets in pieces over IPv4: RFC 791 3.2, RFC 1122 3.3.2, RFC 792.
import { beforeEach, describe, expect, test } from 'vitest';
import { checksum, ip } from '../../packets.ts';
import { arp, echo, ethernet, ipv4, PEER, udp, US } from '../frames.ts';
import { Link } from '../ipv6/link.ts';
import { cut, shuffled } from './pieces.ts';

let link: Link;
beforeEach(async () => {
  link = await Link.open();
  link.setIpv4(US.ip, 24);
  link.transport();
  link.receive(ethernet(0x0806, arp(1), 'ffffffffffff'));
});

const MORE = 0x2000;
const mapped = (text: string): Buffer => Buffer.concat([Buffer.alloc(10), Buffer.from([255, 255]), ip(text)]);

function piece(payload: Buffer, place: number, id = 1, protocol = 17, from = PEER.ip): Buffer {
  const packet = ipv4(protocol, payload, { fragment: place, from });
  packet.writeUInt16BE(id, 4);
  packet.writeUInt16BE(0, 10);
  packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10);
  return ethernet(0x0800, packet);
}
const pieces = (payload: Buffer, size: number, id = 1, protocol = 17): Buffer[] =>
  cut(payload, size).map(({ at, more, bytes }) => piece(bytes, at / 8 + (more ? MORE : 0), id, protocol));

describe('RFC 791, 3.2: pieces are put together', () => {
  test.each([1, 2, 3, 4])('in any order (seed %i)', (seed) => {
    const segment = udp(Buffer.from(Array.from({ length: 9000 }, (_, i) => i & 255)));
    link.receive(...shuffled(pieces(segment, 1480), seed));
    const from = mapped(PEER.ip).toString('hex');
    expect(link.delivered).toMatchObject([{ protocol: 17, segment, from }]);
  });

  test('several at a time, told apart by identification and protocol', () => {
    const segment = udp(Buffer.alloc(3000));
    const tcp = Buffer.alloc(3008, 1);
    link.receive(
      ...shuffled([...pieces(segment, 1480), ...pieces(segment, 1480, 2), ...pieces(tcp, 1480, 1, 6)], 5),
    );
    expect(link.delivered.map(({ protocol }) => protocol).sort()).toEqual([17, 17, 6]);
  });

  test('up to the largest packet and no further', () => {
    const segment = udp(Buffer.alloc(65507));
    link.receive(...pieces(segment, 1480));
    expect(link.delivered).toMatchObject([{ segment }]);
    link.receive(...pieces(Buffer.alloc(65516), 1480));
    expect(link.dropped).toBe('fragment');
    expect(link.delivered).toHaveLength(1);
  });

  test('pieces that overlap spoil the packet', () => {
    const segment = udp(Buffer.alloc(3000));
    const [first, second, third] = pieces(segment, 1480);
    if (first === undefined || second === undefined || third === undefined) throw new Error('not cut');
    link.receive(first, piece(Buffer.alloc(1480, 1), 100 + MORE), second, third);
    expect([link.delivered.length, link.dropped]).toEqual([0, 'fragment']);
  });

  test.each<[string, Buffer]>([
    ['empty', piece(Buffer.alloc(0), 5)],
    ['of an odd size, and not the last', piece(Buffer.alloc(9), MORE)],
    ['behind the largest packet', piece(Buffer.alloc(16), 8191)],
  ])('a piece that is %s is dropped', (_, wrong) => {
    expect(link.receive(wrong)).toEqual([]);
    expect(link.dropped).toBe('fragment');
  });
});

test('RFC 1122, 3.3.2: a packet is given up after 30 seconds; if the first piece came, its sender is told', () => {
  const first = piece(Buffer.alloc(1480, 'x'), MORE);
  link.receive(first);
  expect(link.pass(29.9)).toEqual([]);
  const [told] = link.pass(0.2);
  expect(told?.subarray(14 + 20, 14 + 24).toString('hex')).toMatch(/^0b01/);
  expect(told?.subarray(14 + 28)).toEqual(first.subarray(14, 14 + 548));
  expect(checksum(told?.subarray(34) ?? first)).toBe(0);
  link.receive(piece(Buffer.alloc(1480), 185 + MORE));
  const ipv4Frames = link.pass(31).filter((frame) => frame.readUInt16BE(12) === 0x0800);
  expect(ipv4Frames).toEqual([]); // but ARP asks whether the sender still is there
});

describe('pieces we send', () => {
  const joined = (frames: Buffer[]): Buffer => {
    let payload = Buffer.alloc(0);
    for (const [index, frame] of frames.entries()) {
      const packet = frame.subarray(14);
      expect(packet.length).toBeLessThanOrEqual(1500);
      expect(checksum(packet.subarray(0, 20))).toBe(0);
      expect(packet.readUInt16BE(6)).toBe(payload.length / 8 + (index < frames.length - 1 ? MORE : 0));
      expect(packet.readUInt16BE(4)).toBe(frames[0]?.readUInt16BE(14 + 4));
      payload = Buffer.concat([payload, packet.subarray(20)]);
    }
    return payload;
  };

  test.each([1481, 8000, 65515])('of %i bytes are put together to the same', (size) => {
    const data = Buffer.from(Array.from({ length: size }, (_, i) => i & 255));
    expect(link.sendPieces(mapped(US.ip), mapped(PEER.ip), data)).toBe(true);
    expect(joined(link.out())).toEqual(data);
  });

  test('no more than a packet can have', () => {
    expect(link.sendPieces(mapped(US.ip), mapped(PEER.ip), Buffer.alloc(65516))).toBe(false);
  });

  test('a large echo comes back in pieces', () => {
    const data = Buffer.from(Array.from({ length: 8192 }, (_, i) => i & 255));
    expect(joined(link.receive(...pieces(echo(data), 1480, 1, 1)))).toEqual(echo(data, 0));
  });
});
