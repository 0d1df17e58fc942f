// What ICMP says about segments of ours (RFC 1191 and 8201: path MTUs; RFC 5927: whom to believe), by either version of IP.
import { describe, expect, test } from 'vitest';
import { checksum, ip } from '../../packets.ts';
import { encodeSegment, type Segment } from '../../segments.ts';
import { ethernet, ipv4, PEER, US } from '../frames.ts';
import { icmpFrame, ipv6, OURS, THEIRS } from '../ipv6/frames.ts';
import { FAMILIES, Peer, type Family } from './peer.ts';

/** Errors: a packet was larger than `mtu`; nobody is at the port; the host cannot be reached now. */
type Trouble = { readonly mtu: number } | 'no port' | 'no host';

/** Such an error about `segment` of ours. */
function error4(segment: Segment, trouble: Trouble): Buffer {
  const quoted = encodeSegment(ip(US.ip), ip(PEER.ip), { ...segment, data: Buffer.alloc(0) }).subarray(0, 8);
  const code = { 'no port': 3, 'no host': 1, 'too big': 4 }[
    typeof trouble === 'string' ? trouble : 'too big'
  ];
  const head = Buffer.from([3, code, 0, 0, 0, 0, 0, 0]);
  if (typeof trouble !== 'string') head.writeUInt16BE(trouble.mtu, 6);
  const message = Buffer.concat([head, ipv4(6, quoted, { from: US.ip, to: PEER.ip })]);
  message.writeUInt16BE(checksum(message), 2);
  return ethernet(0x0800, ipv4(1, message));
}

/** From a router, as much as from the peer. */
function error6(segment: Segment, trouble: Trouble): Buffer {
  const fields = { from: OURS.fixed, to: THEIRS.fixed };
  const quoted = ipv6(6, encodeSegment(ip(fields.from), ip(fields.to), segment), fields).subarray(0, 1232);
  const from = { from: '2001:db8::fe' };
  if (typeof trouble !== 'string') return icmpFrame(2, trouble.mtu, quoted, from);
  return icmpFrame(1, 0, quoted, { ...from, code: trouble === 'no port' ? 4 : 3 });
}

/** A path's MTU that is smaller than the link's, and what is left of it for data. */
const SMALL = { 4: { mtu: 1000, mss: 960 }, 6: { mtu: 1280, mss: 1220 } };

describe.each(FAMILIES)('ICMP errors by IPv%i', (family: Family) => {
  const error = family === 4 ? error4 : error6;
  const { mtu, mss } = SMALL[family];

  test('a path that takes less: the same bytes go again in smaller segments, and the window stays', async () => {
    const peer = await Peer.accepted({ family });
    const full = peer.mss;
    peer.write(2 * full, 0);
    const first = peer.expect('A', { seq: 1, size: full });
    peer.expect('A', { seq: 1 + full, size: full });
    const { cwnd } = peer.host.congestion(peer.connection);
    peer.host.receive(error(first, { mtu }), peer.now);
    const sizes = peer.left.map(({ segment }) => [(segment.seq - peer.hostIss) >>> 0, segment.data.length]);
    expect(sizes).toEqual([
      [1, mss],
      [1 + mss, full - mss],
      [1 + full, mss],
      [1 + full + mss, full - mss],
    ]);
    peer.left.length = 0;
    expect(peer.host.congestion(peer.connection)).toMatchObject({ mss, cwnd });
    peer.send('A', { ack: 1 + 2 * full });
    peer.write(2000, 2 * full);
    peer.expect('A', { seq: 1 + 2 * full, size: mss });
    // A connection to the same host begins so.
    peer.port = 40001;
    peer.next = 0;
    peer.acked = 0;
    peer.left.length = 0;
    peer.open();
    expect(peer.host.congestion(peer.connection).mss).toBe(mss);
  });

  test('a path that takes less, as somebody else learned: found out by a timeout', async () => {
    const peer = await Peer.accepted({ family });
    const full = peer.mss;
    peer.host.setMtu(mtu);
    peer.write(2000, 0);
    peer.expectNothing();
    peer.after(250);
    peer.expect('A', { seq: 1, size: mss });
    peer.send('A');
    peer.expect('A', { seq: 1 + mss, size: full - mss });
    peer.send('A');
    peer.expect('A', { seq: 1 + full, size: 2000 - full });
  });

  test('about what is not on its way is not believed', async () => {
    const peer = await Peer.accepted({ family });
    peer.write(peer.mss, 0);
    const segment = peer.expect('A', { size: peer.mss });
    peer.host.receive(error({ ...segment, seq: segment.seq + peer.mss }, { mtu }), peer.now);
    peer.host.receive(error({ ...segment, seq: segment.seq - 1 }, { mtu }), peer.now);
    peer.host.receive(error({ ...segment, to: 40001 }, { mtu }), peer.now);
    peer.expectNothing();
    expect(peer.host.congestion(peer.connection).mss).toBe(peer.mss);
    // Nor does a timeout look up what was said, or another connection begin with it.
    peer.after(250);
    peer.expect('A', { seq: 1, size: peer.mss });
    peer.port = 40001;
    peer.next = 0;
    peer.acked = 0;
    peer.left.length = 0;
    peer.open();
    expect(peer.host.congestion(peer.connection).mss).toBe(peer.mss);
  });

  test('a refusal ends an opening, but no connection', async () => {
    const peer = await Peer.create({ family });
    peer.connect();
    const syn = peer.expectSyn();
    peer.host.receive(error({ ...syn, seq: syn.seq + 1 }, 'no port'), peer.now);
    expect(peer.events()).toBe('');
    peer.host.receive(error(syn, 'no host'), peer.now);
    expect(peer.events()).toBe('');
    peer.host.receive(error(syn, 'no port'), peer.now);
    expect(peer.events()).toBe('ended reset');
    peer.expectGone();

    const other = await Peer.accepted({ family });
    other.write(100, 0);
    const segment = other.expect('A', { size: 100 });
    other.host.receive(error(segment, 'no port'), other.now);
    expect(other.events()).toBe('');
    expect(other.state).toBe('ESTABLISHED');
  });
});

test('no path of IPv6 is narrower than 1280 bytes, whoever says so (RFC 8201, 4)', async () => {
  const peer = await Peer.accepted({ family: 6 });
  peer.write(peer.mss, 0);
  const segment = peer.expect('A', { size: peer.mss });
  peer.host.receive(error6(segment, { mtu: 1279 }), peer.now);
  peer.expectNothing();
  expect(peer.host.congestion(peer.connection).mss).toBe(1440);
});
