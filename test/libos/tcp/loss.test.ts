// What is lost is found and sent again: RFC 6298 (timeouts), RFC 5681 and 6582 (three duplicates), RFC 2018 and 2883 (selective
// acknowledgments), RFC 8985 (RACK and the tail loss probe), and RFC 7323, whose timestamps say what arrived.
import { describe, expect, test } from 'vitest';
import type { Options } from '../../segments.ts';
import { Peer, type PeerOptions } from './peer.ts';

const SACK: Options = { sackPermitted: true };
const MSS = 1460;

/** A connection that measured a round trip of 100 ms: 2 bytes were sent and acknowledged. Streams go on at the number 3. */
async function measured(syn: Options = {}, others: PeerOptions = {}): Promise<Peer> {
  const peer = await Peer.create(others);
  const { mss = MSS, ...offers } = syn;
  peer.send('S', { options: { mss, ...offers } });
  peer.stamped = syn.timestamps !== undefined;
  peer.expect('SA');
  peer.after(100);
  peer.send('A');
  peer.connection = peer.host.events[0]?.connection ?? 0;
  peer.host.setNoDelay(peer.connection);
  for (const offset of [0, 1]) {
    peer.write(1, offset);
    peer.after(100);
    peer.send('A', { ack: offset + 2 });
  }
  peer.left.length = 0;
  peer.acked = 3;
  peer.events();
  return peer;
}

/** Sends `count` full segments; they are expected. */
function sendSegments(peer: Peer, count: number, from = 3, mss = MSS): void {
  peer.write(count * mss, from - 1);
  for (let i = 0; i < count; i++) peer.expect('A', { seq: from + i * mss, size: mss });
  peer.expectNothing();
}

describe('the retransmission timeout (RFC 6298)', () => {
  test('is a second at first, then follows what was measured', async () => {
    const peer = await Peer.create();
    peer.send('S');
    peer.expect('SA');
    peer.after(300);
    peer.send('A');
    const connection = peer.host.events[0]?.connection ?? 0;
    // SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR (2.2)
    expect(peer.host.congestion(connection)).toMatchObject({ srtt: 300_000_000n, rto: 900_000_000n });
    peer.connection = connection;
    peer.write(100, 0);
    peer.after(100);
    peer.send('A', { ack: 101 });
    // RTTVAR = 3/4 150 + 1/4 |300 - 100|; SRTT = 7/8 300 + 1/8 100 (2.3)
    expect(peer.host.congestion(connection)).toMatchObject({
      srtt: 275_000_000n,
      rto: (275n + (4n * 162_500n) / 1000n) * 1_000_000n,
    });
  });

  test('leaves a peer 200 ms to acknowledge', async () => {
    const peer = await Peer.accepted();
    peer.write(100, 0);
    peer.after(1);
    peer.send('A', { ack: 101 });
    expect(peer.host.congestion(peer.connection).rto).toBeGreaterThanOrEqual(200_000_000n);
  });

  test('doubles each time, and a measure makes it short again', async () => {
    const peer = await measured();
    const rto = Number(peer.host.congestion(peer.connection).rto) / 1e6;
    const start = peer.time;
    sendSegments(peer, 1);
    let at = start;
    for (const times of [1, 2, 4]) {
      at += rto * times;
      peer.at(at + 20);
      peer.expect('A', { seq: 3, size: MSS, at });
    }
    peer.expectNothing();
    // It was sent several times: the acknowledgment measures nothing (Karn), and the timeout stays long.
    peer.send('A', { ack: 1463 });
    sendSegments(peer, 1, 1463);
    peer.after(rto * 7);
    peer.expectNothing();
    peer.send('A', { ack: 2923 });
    const { rto: now } = peer.host.congestion(peer.connection);
    sendSegments(peer, 1, 2923);
    peer.after(Number(now) / 1e6 + 10);
    peer.expect('A', { seq: 2923 });
  });

  test('with timestamps, a segment that was sent again can be measured', async () => {
    const peer = await measured({ timestamps: [1000, 0] });
    const { srtt } = peer.host.congestion(peer.connection);
    sendSegments(peer, 1, 3, MSS - 12);
    peer.after(1000);
    while (peer.left.length > 0) peer.expect('A', { seq: 3 });
    peer.after(30);
    peer.send('A', { ack: 3 + MSS - 12 });
    // 121 ms since it was sent last, not 1030 ms since it was sent first.
    const { srtt: now } = peer.host.congestion(peer.connection);
    expect(now).toBeGreaterThan(srtt);
    expect(now).toBeLessThan(srtt + 4_000_000n);
  });

  test('is three seconds when a SYN was lost (5.7)', async () => {
    const peer = await Peer.create();
    peer.send('S', { options: { mss: MSS } });
    peer.after(1010);
    peer.expect('SA');
    peer.expect('SA');
    peer.send('A');
    const connection = peer.host.events[0]?.connection ?? 0;
    expect(peer.host.congestion(connection)).toMatchObject({ rto: 3_000_000_000n, cwnd: 14600 });
  });

  test('lets the window begin with one segment when a SYN was lost twice (RFC 6928, 2)', async () => {
    const peer = await Peer.create();
    peer.send('S', { options: { mss: MSS } });
    peer.after(3020);
    for (let i = 0; i < 3; i++) peer.expect('SA');
    peer.send('A');
    expect(peer.host.congestion(peer.host.events[0]?.connection ?? 0).cwnd).toBe(MSS);
  });

  test('lets the window begin anew, and grow slowly to half', async () => {
    const peer = await measured();
    sendSegments(peer, 10);
    peer.after(2000);
    const first = peer.left.length;
    expect(first).toBeGreaterThanOrEqual(1);
    for (let i = 0; i < first; i++) peer.expect('A', { seq: 3, size: MSS });
    expect(peer.host.congestion(peer.connection)).toMatchObject({ cwnd: MSS, ssthresh: (14600 * 7) / 10 });
    peer.send('A', { ack: 3 + MSS });
    peer.expect('A', { seq: 3 + MSS });
    peer.expect('A', { seq: 3 + 2 * MSS });
    peer.expectNothing();
    peer.send('A', { ack: 3 + 10 * MSS });
    peer.expectNothing();
  });

  test('that came too early is undone when a timestamp shows it (RFC 3522, RFC 4015)', async () => {
    const mss = MSS - 12;
    for (const early of [true, false]) {
      const peer = await measured({ timestamps: [1000, 0] });
      const before = peer.host.congestion(peer.connection);
      sendSegments(peer, 4, 3, mss);
      const { echo } = peer;
      peer.after(350);
      peer.expect('A', { seq: 3, size: mss });
      peer.expectNothing();
      if (early) peer.echo = echo;
      peer.send('A', { ack: 3 + mss });
      if (early) {
        peer.expectNothing();
        expect(peer.host.congestion(peer.connection)).toMatchObject({
          cwnd: before.cwnd,
          ssthresh: before.ssthresh,
        });
      } else {
        peer.expect('A', { seq: 3 + mss });
        expect(peer.host.congestion(peer.connection).cwnd).toBeLessThan(before.cwnd);
      }
    }
  });

  test('gives a silent peer up only after 100 seconds', async () => {
    const peer = await measured();
    const start = peer.time;
    sendSegments(peer, 1);
    while (peer.events() === '') peer.after(100);
    expect(peer.time - start).toBeGreaterThan(100_000);
    expect(peer.time - start).toBeLessThan(300_000);
    peer.expectGone();
  });
});

describe('three duplicates (RFC 5681, 3.2; RFC 6582)', () => {
  test('bring the first segment again at once, and the window down', async () => {
    const peer = await measured();
    sendSegments(peer, 10);
    peer.after(100);
    peer.send('A', { ack: 3 });
    peer.send('A', { ack: 3 });
    peer.expectNothing();
    peer.send('A', { ack: 3 });
    peer.expect('A', { seq: 3, size: MSS });
    peer.expectNothing();
    peer.send('A', { ack: 3 });
    peer.expectNothing();
    peer.send('A', { ack: 3 + 10 * MSS });
    const { cwnd, ssthresh } = peer.host.congestion(peer.connection);
    expect(cwnd).toBe(ssthresh);
    expect(ssthresh).toBe((14600 * 7) / 10);
  });

  test('and a partial acknowledgment the next one that is missing', async () => {
    const peer = await measured();
    sendSegments(peer, 10);
    peer.after(100);
    for (let i = 0; i < 7; i++) peer.send('A', { ack: 3 });
    peer.expect('A', { seq: 3 });
    peer.left.length = 0;
    peer.send('A', { ack: 3 + 4 * MSS });
    peer.expect('A', { seq: 3 + 4 * MSS, size: MSS });
    peer.left.length = 0;
    peer.send('A', { ack: 3 + 8 * MSS });
    peer.expect('A', { seq: 3 + 8 * MSS, size: MSS });
  });

  test('and that whatever else is on its way', async () => {
    const peer = await measured();
    peer.write(11 * MSS, 2);
    expect(peer.left.splice(0)).toHaveLength(10);
    peer.after(100);
    for (const ack of [3 + 5 * MSS, 3 + 10 * MSS]) peer.host.take(peer.frame('A', { ack }), peer.now);
    peer.write(19 * MSS, 2 + 11 * MSS);
    expect(peer.left.splice(0)).toHaveLength(20);
    for (let i = 0; i < 3; i++) peer.send('A', { ack: 3 + 10 * MSS });
    peer.expect('A', { seq: 3 + 10 * MSS });
    peer.send('A', { ack: 3 + 14 * MSS }); // sixteen are left, and the window is fourteen
    peer.expect('A', { seq: 3 + 14 * MSS, size: MSS });
    peer.expectNothing();
  });

  test('and more duplicates let new data out, one segment each', async () => {
    const peer = await measured();
    sendSegments(peer, 10);
    peer.write(10 * MSS, 2 + 10 * MSS);
    peer.expectNothing();
    peer.after(100);
    // The first two let a segment out each (RFC 3042).
    for (let i = 0; i < 3; i++) peer.send('A', { ack: 3 });
    for (const seq of [3 + 10 * MSS, 3 + 11 * MSS, 3]) peer.expect('A', { seq, size: MSS });
    peer.expectNothing();
    for (let i = 0; i < 6; i++) peer.send('A', { ack: 3 });
    // Seven tenths of ten may be on their way: of twelve nine arrived, and the first is sent again.
    expect(peer.left.map(({ segment }) => segment.data.length)).toEqual([MSS, MSS, MSS, MSS]);
  });

  test('and what a partial acknowledgment took is no longer counted as behind the hole', async () => {
    const peer = await measured();
    sendSegments(peer, 10); // the first and the fifth are lost
    peer.write(10 * MSS, 2 + 10 * MSS);
    peer.after(100);
    for (let i = 0; i < 8; i++) peer.send('A', { ack: 3 });
    expect(peer.left.map(({ segment }) => ((segment.seq - peer.hostIss - 3) >>> 0) / MSS)).toEqual([
      10, 11, 0, 12, 13, 14,
    ]);
    peer.left.length = 0;
    // Eleven remain, five of them arrived, one is lost and sent again: there is room for one of seven.
    peer.send('A', { ack: 3 + 4 * MSS });
    expect(peer.left.map(({ segment }) => ((segment.seq - peer.hostIss - 3) >>> 0) / MSS)).toEqual([4, 15]);
  });

  test('but not what brings data, a new window, or nothing to wait for', async () => {
    const peer = await measured();
    for (let i = 0; i < 4; i++) peer.send('A', { ack: 3 });
    peer.expectNothing();
    sendSegments(peer, 3);
    for (let i = 0; i < 4; i++) peer.send('A', { ack: 3, window: 60000 + i });
    peer.expectNothing();
    for (let i = 0; i < 4; i++) peer.send('A', { ack: 3, data: 10 });
    expect(peer.left.every(({ segment }) => segment.data.length === 0)).toBe(true);
  });
});

describe('what we acknowledge selectively (RFC 2018, RFC 2883)', () => {
  test('begins with the range that came last', async () => {
    const peer = await Peer.accepted({ syn: SACK });
    peer.send('A', { seq: 101, data: 100 });
    peer.expect('A', { ack: 1, sack: [[101, 201]] });
    peer.send('A', { seq: 401, data: 100 });
    peer.expect('A', {
      ack: 1,
      sack: [
        [401, 501],
        [101, 201],
      ],
    });
    peer.send('A', { seq: 201, data: 50 });
    peer.expect('A', {
      ack: 1,
      sack: [
        [101, 251],
        [401, 501],
      ],
    });
    peer.send('A', { seq: 1, data: 100 });
    peer.expect('A', { ack: 251, sack: [[401, 501]] });
    peer.send('A', { seq: 251, data: 150 });
    expect(peer.expect('A', { ack: 501 }).options.sack).toBeUndefined();
  });

  test('has four blocks at most, three beside timestamps', async () => {
    for (const [syn, most] of [
      [SACK, 4],
      [{ ...SACK, timestamps: [1000, 0] }, 3],
    ] as [Options, number][]) {
      const peer = await Peer.accepted({ syn });
      for (let i = 1; i <= 6; i++) peer.send('A', { seq: 1 + i * 200, data: 100 });
      const last = peer.left.pop()?.segment.options.sack ?? [];
      expect(last).toHaveLength(most);
      expect(last[0]?.[0]).toBe((peer.iss + 1201) >>> 0);
    }
  });

  test('tells of data that came twice: below, and within a range', async () => {
    const peer = await Peer.accepted({ syn: SACK });
    peer.send('A', { data: 200 });
    peer.expect('A', { ack: 201 });
    peer.send('A', { seq: 101, data: 100 });
    peer.expect('A', { ack: 201, sack: [[101, 201]] });
    peer.send('A', { seq: 401, data: 100 });
    peer.expect('A', { ack: 201, sack: [[401, 501]] });
    peer.send('A', { seq: 421, data: 50 });
    peer.expect('A', {
      ack: 201,
      sack: [
        [421, 471],
        [401, 501],
      ],
    });
    peer.send('A', { data: 10 });
    peer.expect('A', { ack: 211, sack: [[401, 501]] });
  });

  test('is told at once even while we send data', async () => {
    const peer = await Peer.accepted({ syn: SACK });
    peer.host.setNoDelay(peer.connection);
    peer.host.take(peer.frame('A', { seq: 101, data: 100 }), peer.now);
    peer.write(10, 0);
    peer.expect('A', { size: 10 });
    peer.expect('A', { size: 0, sack: [[101, 201]] });
  });

  test('is nothing without being offered', async () => {
    const peer = await Peer.accepted();
    peer.send('A', { seq: 101, data: 100 });
    expect(peer.expect('A', { ack: 1 }).options.sack).toBeUndefined();
  });
});

describe('RACK (RFC 8985)', () => {
  const at = (segment: number): number => 3 + segment * MSS;

  test('finds a hole when three segments behind it arrived, and sends only what is missing', async () => {
    const peer = await measured(SACK);
    sendSegments(peer, 10);
    peer.after(100);
    peer.send('A', { ack: at(1), sack: [[at(2), at(3)]] });
    peer.send('A', { ack: at(1), sack: [[at(2), at(4)]] });
    peer.expectNothing();
    peer.send('A', { ack: at(1), sack: [[at(2), at(5)]] });
    peer.expect('A', { seq: at(1), size: MSS });
    peer.expectNothing();
    peer.send('A', { ack: at(1), sack: [[at(2), at(10)]] });
    peer.expectNothing();
    peer.after(100);
    peer.send('A', { ack: at(10) });
    peer.after(5000);
    peer.expectNothing();
    expect(peer.host.count('timeouts')).toBe(0);
  });

  test('waits a quarter of a round trip for fewer, and then sends again', async () => {
    const peer = await measured(SACK);
    sendSegments(peer, 4);
    peer.after(100);
    peer.send('A', { ack: at(0), sack: [[at(1), at(2)]] });
    peer.expectNothing();
    const { time } = peer;
    peer.after(40);
    peer.expect('A', { seq: at(0), at: time + 25 });
    peer.expectNothing();
  });

  test('sees that segments were reordered, and waits from then on', async () => {
    const peer = await measured(SACK);
    sendSegments(peer, 5);
    peer.after(100);
    peer.send('A', { ack: at(0), sack: [[at(1), at(2)]] });
    peer.send('A', { ack: at(2) }); // the first came after the second
    peer.send('A', { ack: at(5) });
    sendSegments(peer, 8, at(5));
    peer.after(100);
    peer.send('A', { ack: at(5), sack: [[at(6), at(12)]] });
    peer.expectNothing();
    peer.after(40);
    peer.expect('A', { seq: at(5), size: MSS });
  });

  test('finds a retransmission that was lost, too', async () => {
    const peer = await measured({ ...SACK, timestamps: [1000, 0] });
    const mss = MSS - 12;
    const part = (segment: number): number => 3 + segment * mss;
    sendSegments(peer, 10, 3, mss);
    peer.after(100);
    peer.send('A', { ack: part(0), sack: [[part(1), part(8)]] });
    peer.expect('A', { seq: 3 });
    peer.write(mss * 3, 2 + 10 * mss);
    const newer = peer.left.splice(0).map(({ segment }) => segment.seq);
    expect(newer.length).toBeGreaterThan(0);
    peer.after(100);
    peer.send('A', { ack: part(0), sack: [[part(1), part(8 + 2 + newer.length)]] });
    peer.after(60);
    peer.expect('A', { seq: 3, size: mss });
    expect(peer.host.count('timeouts')).toBe(0);
  });

  test('believes no block of what was never sent, and none that is empty or upside down', async () => {
    const peer = await measured(SACK);
    sendSegments(peer, 5);
    peer.after(50);
    peer.send('A', {
      ack: at(0),
      sack: [
        [at(5), at(9)],
        [at(3), at(3)],
        [at(4), at(2)],
      ],
    });
    peer.after(60);
    peer.expectNothing();
    peer.send('A', { ack: at(5) });
    peer.after(3000);
    peer.expectNothing();
  });

  test('sends all again to a peer that takes back what it had (RFC 2018, 8)', async () => {
    const peer = await measured(SACK);
    sendSegments(peer, 4);
    peer.after(100);
    peer.send('A', { ack: at(0), sack: [[at(1), at(4)]] });
    peer.expect('A', { seq: at(0) });
    peer.send('A', { ack: at(1) });
    peer.after(3000);
    expect(peer.left.length).toBeGreaterThan(0);
    peer.left.length = 0;
    peer.send('A', { ack: at(2) });
    peer.expect('A', { seq: at(2) });
    peer.expect('A', { seq: at(3) });
  });
});

describe('the tail loss probe (RFC 8985, 7)', () => {
  test('sends the last segment again after two round trips', async () => {
    const peer = await measured(SACK);
    const { srtt } = peer.host.congestion(peer.connection);
    const { time } = peer;
    sendSegments(peer, 3);
    peer.after(210);
    peer.expect('A', { seq: 3 + 2 * MSS, size: MSS, at: time + (2 * Number(srtt)) / 1e6 });
    peer.after(100);
    expect(peer.host.count('timeouts')).toBe(0);
    // The probe shows what is missing.
    peer.send('A', { ack: 3 + MSS, sack: [[3 + 2 * MSS, 3 + 3 * MSS]] });
    peer.after(60);
    peer.expect('A', { seq: 3 + MSS, size: MSS });
  });

  test('that is answered too soon says nothing of it: the first sending arrived', async () => {
    const peer = await measured(SACK);
    sendSegments(peer, 3);
    peer.after(210);
    peer.expect('A', { seq: 3 + 2 * MSS });
    peer.after(5);
    peer.send('A', { ack: 3, sack: [[3 + 2 * MSS, 3 + 3 * MSS]] });
    peer.expectNothing();
  });

  test('or new data, if there is any', async () => {
    const peer = await measured(SACK);
    sendSegments(peer, 2);
    peer.window = 2 * MSS;
    peer.write(100, 2 + 2 * MSS);
    peer.left.length = 0;
    peer.after(250);
    expect(peer.left[0]?.segment.data.length).toBe(100);
  });

  test('leaves a lone segment the time a peer may delay', async () => {
    const peer = await measured(SACK);
    const { srtt, rto } = peer.host.congestion(peer.connection);
    const wait = Math.min(2 * Number(srtt) + 200e6, Number(rto)) / 1e6;
    const { time } = peer;
    sendSegments(peer, 1);
    peer.after(wait + 10);
    peer.expect('A', { seq: 3, at: time + wait });
  });

  test('that repaired a loss costs a part of the window; one that was in vain costs nothing', async () => {
    for (const lost of [true, false]) {
      const peer = await measured(SACK);
      const { cwnd } = peer.host.congestion(peer.connection);
      sendSegments(peer, 3);
      peer.after(260);
      peer.expect('A', { seq: 3 + 2 * MSS });
      const end = 3 + 3 * MSS;
      peer.send('A', { ack: end });
      if (!lost) peer.send('A', { ack: end, sack: [[end - MSS, end]] });
      sendSegments(peer, 1, end);
      peer.send('A', { ack: end + MSS });
      const { cwnd: now } = peer.host.congestion(peer.connection);
      if (lost) expect(now).toBeLessThan(cwnd);
      else expect(now).toBeGreaterThanOrEqual(cwnd);
    }
  });

  test('is followed by a timeout if nothing comes', async () => {
    const peer = await measured(SACK);
    sendSegments(peer, 3);
    peer.after(2000);
    expect(peer.host.count('timeouts')).toBeGreaterThan(0);
    expect(peer.left.slice(0, 2).map(({ segment }) => (segment.seq - peer.hostIss) >>> 0)).toEqual([
      3 + 2 * MSS,
      3,
    ]);
  });
});

describe('timestamps (RFC 7323)', () => {
  const stamped: PeerOptions = { syn: { timestamps: [1000, 0] } };

  test('are echoed of the segment that was acknowledged last in order', async () => {
    const peer = await Peer.accepted(stamped);
    peer.after(10);
    peer.send('A', { data: 10 });
    expect(peer.expect('A').options.timestamps?.[1]).toBe(1010);
    peer.after(10);
    peer.send('A', { seq: 100, data: 10 });
    expect(peer.expect('A').options.timestamps?.[1]).toBe(1010);
  });

  test('are on every segment, and one without is dropped', async () => {
    const peer = await Peer.accepted(stamped);
    peer.stamped = false;
    peer.send('A', { data: 10, seq: 1 });
    expect(peer.host.dropped).toBe('TCP with an old timestamp');
    peer.expectNothing();
    peer.send('R', { seq: 1 });
    peer.expectGone();
  });

  test('that are old show that a segment is (PAWS), but for a reset', async () => {
    const peer = await Peer.accepted(stamped);
    peer.after(1000);
    peer.send('A', { data: 10 });
    peer.expect('A', { ack: 11 });
    peer.send('A', { seq: 11, data: 10, options: { timestamps: [1999, 0] } });
    expect(peer.host.dropped).toBe('TCP with an old timestamp');
    peer.expect('A', { ack: 11 });
    peer.send('R', { seq: 11, options: { timestamps: [1, 0] } });
    peer.expectGone();
  });

  test('count for 24 days only', async () => {
    const peer = await Peer.accepted(stamped);
    peer.at(25 * 24 * 3600_000);
    peer.send('A', { seq: 1, data: 10, options: { timestamps: [999, 0] } });
    peer.after(50);
    expect(peer.read(0)).toBe(10);
  });

  test('of a segment that acknowledges the future are not kept', async () => {
    const peer = await Peer.accepted(stamped);
    peer.send('A', { ack: 999, options: { timestamps: [0x7000_0000, 0] } });
    peer.left.length = 0;
    peer.send('A', { data: 10 });
    peer.expect('A', { ack: 11 });
  });
});
