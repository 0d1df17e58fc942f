// Windows and acknowledgments: RFC 9293, 3.7.4 (Nagle), 3.8.6 (windows that shut, silly windows, delayed acknowledgments), RFC 7323.
import { describe, expect, test } from 'vitest';
import { pattern, Peer, PEER_ISS } from './peer.ts';

const MEMORY = 1 << 24;

describe('the window we offer', () => {
  test('shuts as the buffer fills, and what does not fit is dropped', async () => {
    const peer = await Peer.accepted();
    let last = Infinity;
    for (let sent = 0; sent < 15 * 1460; sent += 1460) {
      peer.send('A', { data: 1460 });
      const edge = peer.next - 1460;
      const [segment] = peer.left;
      if (segment) {
        const { window, ack } = peer.expect('A');
        expect(window).toBeLessThanOrEqual(last);
        expect(((ack - PEER_ISS) >>> 0) + window).toBeLessThanOrEqual(1 + 16384);
        last = window;
      }
      expect(edge).toBeGreaterThan(0);
    }
    expect(last).toBe(0);
    expect(peer.read(0)).toBeLessThanOrEqual(16384);
  });

  test('never moves its edge back, and never beyond the buffer, though it is scaled', async () => {
    const peer = await Peer.accepted({ syn: { scale: 7 } });
    let edge = 0;
    for (let i = 0; i < 3000; i++) {
      peer.send('A', { data: 1 });
      peer.after(50);
      const segment = peer.left.pop()?.segment;
      peer.left.length = 0;
      const found = ((segment?.ack ?? 0) - PEER_ISS + (segment?.window ?? 0) * 8) >>> 0;
      expect(found).toBeGreaterThan(edge - 8); // RFC 7323, 2.4: by no more than the scale rounds away
      expect(found).toBeLessThanOrEqual(1 + 16384);
      edge = found;
    }
    expect(peer.read(0)).toBe(3000);
  });

  test('opens again only by a good piece (3.8.6.2.2)', async () => {
    const peer = await Peer.accepted();
    for (let i = 0; i < 12; i++) peer.send('A', { data: 1460 });
    peer.after(100);
    const all = 16384 - 1;
    peer.left.length = 0;
    expect(peer.read(0, 100)).toBe(100);
    peer.expectNothing();
    expect(peer.read(100, 1500)).toBe(1500);
    peer.expect('A', { ack: 1 + all, window: 1600 });
    expect(peer.read(1600)).toBe(all - 1600);
    peer.expect('A', { window: all });
    peer.expectNothing();
  });

  test('grows with a reader who keeps up, as far as the bound', async () => {
    const peer = await Peer.accepted({ syn: { scale: 7 } });
    peer.host.limit({ buffer: 65536 });
    let most = 0;
    for (let sent = 0; sent < 500_000; sent += 1460) {
      peer.send('A', { data: 1460 });
      peer.read(sent);
      for (const { segment } of peer.left.splice(0)) most = Math.max(most, segment.window * 8);
    }
    expect(most).toBeGreaterThan(60_000);
    expect(most).toBeLessThanOrEqual(65536);
    expect(peer.host.count('memory')).toBe(MEMORY - 65536);
  });

  test('stays within 64 KiB when the peer does not scale, without an update for every segment', async () => {
    const peer = await Peer.accepted();
    for (let sent = 0; sent < 900_000; sent += 1460) {
      peer.send('A', { data: 1460 });
      peer.read(sent);
      for (const { segment } of peer.left.splice(0)) expect(segment.window).toBeLessThanOrEqual(65535);
    }
    peer.after(100);
    peer.left.length = 0;
    peer.send('A');
    peer.expectNothing();
  });

  test('opens again where a segment may be as large as all of it, and the peer does not scale', async () => {
    const peer = await Peer.accepted({ mtu: 65520, syn: { mss: 65480 } });
    let edge = 16384;
    const offered = (): number => {
      for (const { segment } of peer.left.splice(0))
        edge = Math.max(edge, ((segment.ack - PEER_ISS) >>> 0) + segment.window);
      return edge - peer.next;
    };
    peer.host.limit({ buffer: 1 << 18 });
    // With a reader who keeps up the buffer grows beyond what the peer can be told of; libslirp fills the window by halves, and not with a small rest.
    for (let read = 0; read < 2_000_000;) {
      peer.send('A', { data: Math.min(edge - peer.next, 32767) });
      read += peer.read(read);
      const room = offered();
      if (room > 4096 && room < 65535) {
        peer.send('A', { data: Math.min(room, 29674) });
        read += peer.read(read);
      }
      expect(offered(), `after ${read}`).toBeGreaterThan(4096);
    }
  });

  test('shut, still lets acknowledgments, a FIN and a reset in', async () => {
    const peer = await Peer.accepted();
    peer.write(100, 0);
    peer.expect('A', { size: 100 });
    for (let i = 0; i < 12; i++) peer.send('A', { data: 1460, ack: 1 });
    peer.next = 16384;
    peer.after(40);
    peer.left.length = 0;
    const unsent = peer.host.congestion(peer.connection).srtt;
    peer.send('A', { data: 1, seq: 16384 }); // a probe with a byte, that acknowledges
    peer.expect('A', { ack: 16384, window: 0 });
    peer.after(2000);
    peer.expectNothing(); // nothing is sent again
    expect(peer.host.congestion(peer.connection).srtt).toBeGreaterThan(unsent);
    peer.send('FA');
    peer.expect('A', { ack: 16385, window: 0 });
    expect(peer.state).toBe('CLOSE-WAIT');
    expect(peer.read(0)).toBe(16383);
    peer.send('R');
    peer.expectGone();
  });
});

describe('the window we are offered', () => {
  test('is never overrun, and is probed when it is shut, ever more seldom, for as long as the peer answers', async () => {
    const peer = await Peer.accepted({ window: 1000 });
    peer.write(3000, 0);
    peer.expect('A', { seq: 1, size: 1000 });
    peer.expectNothing();
    peer.window = 0;
    peer.send('A');
    let gap = 0;
    for (let i = 0; i < 20; i++) {
      const before = peer.time;
      while (peer.left.length === 0) peer.after(5);
      expect(peer.time - before).toBeGreaterThanOrEqual(Math.min(gap, 59_000) - 10);
      gap = peer.time - before;
      peer.expect('A', { seq: 1000, size: 0 });
      peer.send('A');
    }
    expect(gap).toBeLessThan(60_100);
    expect(peer.events()).toBe('');
    peer.window = 5000;
    peer.send('A');
    peer.expect('A', { seq: 1001, size: 1460 });
    peer.send('A');
    peer.expect('A', { seq: 2461, size: 540 });
  });

  test('and a peer that does not answer the probes is given up', async () => {
    const peer = await Peer.accepted({ window: 1000 });
    peer.write(3000, 0);
    peer.window = 0;
    peer.send('A', { ack: 1001 });
    peer.after(900_000);
    expect(peer.events()).toBe('ended timedOut');
    peer.expectGone();
  });

  test('holds a FIN back while it is shut', async () => {
    const peer = await Peer.accepted({ window: 1000 });
    peer.host.write(peer.connection, pattern(0, 1000));
    peer.close();
    peer.expect('A', { seq: 1, size: 1000 });
    peer.expectNothing();
    peer.window = 0;
    peer.send('A');
    peer.after(1000);
    peer.expect('A', { seq: 1000, size: 0 });
    peer.left.length = 0;
    peer.window = 1;
    peer.send('A');
    peer.expect('FA', { seq: 1001, size: 0 });
  });

  test('is not filled by small pieces (3.8.6.2.1), but used as it is when it stays small', async () => {
    const peer = await Peer.accepted({ window: 4000 });
    peer.write(2920, 0);
    peer.left.length = 0;
    peer.window = 300;
    peer.send('A', { ack: 2921 });
    peer.write(2000, 2920);
    peer.expectNothing();
    peer.after(1000);
    peer.expect('A', { seq: 2921, size: 300 });
  });

  test('of an older segment is not believed', async () => {
    const peer = await Peer.accepted({ window: 1000 });
    peer.send('A', { data: 10 });
    peer.send('A', { seq: 1, window: 60000, ack: 1 }); // overtaken by the one before
    peer.write(3000, 0);
    peer.after(100);
    const sizes = peer.left.map(({ segment }) => segment.data.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1000);
  });

  test('is scaled as both agreed', async () => {
    const peer = await Peer.accepted({ syn: { scale: 2 }, window: 500 });
    peer.write(3000, 0);
    expect(peer.left.reduce((sum, { segment }) => sum + segment.data.length, 0)).toBe(1460);
    peer.left.length = 0;
    peer.send('A', { ack: 1461, window: 385 });
    peer.expect('A', { seq: 1461, size: 1460 });
  });
});

describe("Nagle's algorithm", () => {
  test('holds small pieces back until all is acknowledged', async () => {
    const peer = await Peer.accepted();
    peer.write(10, 0);
    peer.expect('A', { seq: 1, size: 10 });
    peer.write(10, 10);
    peer.write(10, 20);
    peer.expectNothing();
    peer.send('A');
    peer.expect('A', { seq: 11, size: 20 });
  });

  test('lets full segments pass, and the end', async () => {
    const peer = await Peer.accepted();
    peer.write(2000, 0);
    peer.expect('A', { size: 1460 });
    peer.expectNothing();
    peer.write(1000, 2000);
    peer.expect('A', { seq: 1461, size: 1460 });
    peer.close();
    peer.expect('FA', { seq: 2921, size: 80 });
  });

  test('is off on demand', async () => {
    const peer = await Peer.accepted();
    peer.host.setNoDelay(peer.connection);
    for (const offset of [0, 10, 20]) {
      peer.write(10, offset);
      peer.expect('A', { seq: offset + 1, size: 10 });
    }
  });
});

test('checksums are right for every length, wherever it lies in the buffer', async () => {
  const peer = await Peer.accepted();
  peer.host.setNoDelay(peer.connection);
  for (let size = 1, offset = 0; size <= 200; offset += size++) {
    expect(peer.write(size, offset)).toBe(size);
    peer.expect('A', { seq: 1 + offset, size }); // which checks the sum, and the bytes
    peer.send('A');
  }
});

describe('acknowledgments', () => {
  /** The first segments are acknowledged at once. */
  async function settled(): Promise<Peer> {
    const peer = await Peer.accepted();
    for (let i = 0; i < 8; i++) {
      peer.send('A', { data: 100 });
      peer.expect('A', { ack: 101 + 100 * i });
    }
    return peer;
  }

  test('come at once at the start, and wait 40 ms later', async () => {
    const peer = await settled();
    peer.send('A', { data: 100 });
    peer.expectNothing();
    peer.at(39);
    peer.expectNothing();
    peer.at(46);
    peer.expect('A', { ack: 901, at: 40 });
  });

  test('come for every second segment', async () => {
    const peer = await settled();
    peer.send('A', { data: 100 });
    peer.expectNothing();
    peer.send('A', { data: 100 });
    peer.expect('A', { ack: 1001 });
    peer.after(100);
    peer.expectNothing();
  });

  test('of segments that came together are one', async () => {
    const peer = await settled();
    peer.sendTogether(['A', { data: 100 }], ['A', { data: 100 }], ['A', { data: 100 }], ['A', { data: 100 }]);
    peer.expect('A', { ack: 1201 });
    peer.expectNothing();
  });

  test('ride on data', async () => {
    const peer = await settled();
    peer.send('A', { data: 100 });
    peer.write(10, 0);
    peer.expect('A', { ack: 901, size: 10 });
    peer.after(100);
    peer.expectNothing();
  });

  test('come at once for what is out of order, and for what fills the gap (RFC 5681, 4.2)', async () => {
    const peer = await settled();
    peer.send('A', { seq: 901, data: 100 });
    peer.expect('A', { ack: 801 });
    peer.send('A', { seq: 1001, data: 100 });
    peer.expect('A', { ack: 801 });
    peer.send('A', { seq: 801, data: 100 });
    peer.expect('A', { ack: 1101 });
    expect(peer.read(0)).toBe(1100);
  });

  test('of what came before are repeated', async () => {
    const peer = await settled();
    peer.send('A', { seq: 1, data: 100 });
    peer.expect('A', { ack: 801 });
  });
});

describe('data out of order', () => {
  test('finds its place in any order, overlapping, around the end of sequence numbers', async () => {
    const peer = await Peer.accepted();
    const pieces = [
      [1200, 700],
      [400, 300],
      [100, 100],
      [650, 600],
      [150, 300],
      [0, 120],
    ] as const;
    for (const [offset, size] of pieces) peer.send('A', { seq: 1 + offset, data: size });
    peer.after(50);
    expect(peer.left.pop()?.segment.ack).toBe((PEER_ISS + 1901) >>> 0);
    expect(peer.read(0)).toBe(1900);
  });

  test('in more than sixteen pieces is dropped and comes again', async () => {
    const peer = await Peer.accepted();
    for (let i = 1; i <= 20; i++) peer.send('A', { seq: 1 + i * 200, data: 100 });
    expect(peer.host.dropped).toBe('TCP out of order, and no room to keep it');
    peer.left.length = 0;
    for (let i = 0; i <= 20; i++) peer.send('A', { seq: 1 + i * 200, data: 200 });
    expect(peer.read(0)).toBe(4200);
  });

  test('behind the window is cut off', async () => {
    const peer = await Peer.accepted();
    peer.send('A', { seq: 16001, data: 1460 });
    peer.send('A', { seq: 16384, data: 1460 });
    expect(peer.host.dropped).toBe('TCP outside the window');
    for (let offset = 0; offset < 16000; offset += 1000) peer.send('A', { seq: 1 + offset, data: 1000 });
    expect(peer.read(0)).toBe(16383);
  });
});

describe('memory', () => {
  test('is taken when data comes, given back when a connection ends, and never more than there is', async () => {
    const peer = await Peer.accepted();
    peer.host.limit({ memory: 20000 });
    expect(peer.host.count('memory')).toBe(20000);
    peer.send('A', { data: 100 });
    expect(peer.host.count('memory')).toBe(20000 - 16384);
    peer.left.length = 0;
    expect(peer.write(100, 0)).toBe(0);
    peer.abort();
    peer.expectGone(20000);
  });

  test('that was missing for the user to write: told when it may be there', async () => {
    const peer = await Peer.accepted();
    peer.host.limit({ memory: 100 });
    expect(peer.write(100, 0)).toBe(0);
    peer.host.limit({ memory: 50000 });
    expect(peer.events()).toBe('');
    peer.after(110);
    expect(peer.events()).toBe('writable');
    expect(peer.write(100, 0)).toBe(100);
    peer.expect('A', { size: 100 });
  });

  test('that was missing for what came: the peer sends it again', async () => {
    const peer = await Peer.accepted();
    peer.host.limit({ memory: 100 });
    peer.send('A', { data: 100 });
    expect(peer.host.dropped).toBe('TCP, and no room for one more connection');
    peer.expect('A', { ack: 1 });
    peer.host.limit({ memory: 50000 });
    peer.send('A', { seq: 1, data: 100 });
    peer.expect('A', { ack: 101 });
  });

  /** Bytes of a record of what was sent. */
  const RECORD = 20;

  test.each([1, 10, 40])(
    'of what notes pieces of %i bytes is bounded by that of the buffer',
    async (size) => {
      const peer = await Peer.accepted();
      peer.host.setNoDelay(peer.connection);
      let written = 0;
      for (let piece = 0; piece < 90; piece++) written += peer.write(size, written);
      expect(peer.host.sending(peer.connection)).toEqual({ records: 64 * RECORD, buffer: 4096 });
      for (let piece = 0; piece < 64; piece++) peer.expect('A', { size });
      peer.expectNothing();
      // What had to wait goes in one piece.
      peer.send('A');
      peer.expect('A', { seq: 1 + 64 * size, size: written - 64 * size });
      peer.send('A');
      peer.expectNothing();
      expect(peer.host.sending(peer.connection)).toEqual({ records: 0, buffer: 4096 });
    },
  );

  test('of records is given back with the buffer when all was acknowledged, and it goes on', async () => {
    const peer = await Peer.accepted({ syn: { mss: 500 } });
    let most = 0;
    let written = 0;
    while (written < 100_000) {
      written += peer.write(Math.min(100_000 - written, 20_000), written);
      const { records, buffer } = peer.host.sending(peer.connection);
      expect(records).toBeLessThanOrEqual((buffer / 64) * RECORD);
      most = Math.max(most, records);
      while (peer.left.length > 0) peer.expect('A');
      peer.after(10);
      peer.send('A');
    }
    expect(most).toBeGreaterThan(16 * RECORD);
    while (peer.left.length > 0) {
      while (peer.left.length > 0) peer.expect('A');
      peer.send('A');
    }
    expect(peer.acked).toBe(1 + written);
    expect(peer.host.sending(peer.connection)).toEqual({ records: 0, buffer: 0 });
    expect(peer.host.count('memory')).toBe(MEMORY);
    peer.write(100, written);
    peer.expect('A', { seq: 1 + written, size: 100 });
  });

  test('of records takes no more than twice that, when a probe goes beyond the bound', async () => {
    const peer = await Peer.accepted({ syn: { sackPermitted: true } });
    peer.host.setNoDelay(peer.connection);
    peer.after(10);
    peer.write(1, 0);
    peer.after(10);
    peer.expect('A');
    peer.send('A');
    let written = 1;
    for (let piece = 0; piece < 90; piece++) written += peer.write(10, written);
    expect(peer.left.length).toBe(64);
    peer.after(150);
    expect(peer.left.length).toBe(65);
    expect(peer.host.sending(peer.connection)).toEqual({ records: 128 * RECORD, buffer: 4096 });
  });
});
