// CUBIC (RFC 9438) against the same in floating point, segments and seconds, written from the RFC.
import { describe, expect, test } from 'vitest';
import { Peer } from './peer.ts';

const MSS = 1460;
const C = 0.4;
const BETA = 0.7;

/** Sections 4.2 to 4.4; the window in segments. */
class Reference {
  readonly #max: number;
  readonly #k: number;
  readonly #epoch: number;
  #estimate: number;
  window: number;

  constructor(max: number, window: number, now: number) {
    this.#max = max;
    this.window = window;
    this.#estimate = window;
    this.#epoch = now;
    this.#k = Math.cbrt((max - window) / C);
  }

  #cubic(t: number): number {
    return C * (t - this.#k) ** 3 + this.#max;
  }

  acknowledge(segments: number, now: number, rtt: number): void {
    const t = now - this.#epoch;
    const target = Math.min(Math.max(this.#cubic(t + rtt), this.window), 1.5 * this.window);
    const alpha = this.#estimate >= this.#max ? 1 : (3 * (1 - BETA)) / (1 + BETA);
    this.#estimate += (alpha * segments) / this.window;
    if (this.#cubic(t) < this.#estimate) this.window = Math.max(this.window, this.#estimate);
    else this.window += ((target - this.window) / this.window) * segments;
  }
}

/** A connection whose round trip takes `rtt` milliseconds and whose user always has more to send. */
class Bulk {
  readonly peer: Peer;
  readonly rtt: number;
  writing = true;
  /** Sequence numbers behind the segments on their way. */
  #ends: number[] = [];

  private constructor(peer: Peer, rtt: number) {
    this.peer = peer;
    this.rtt = rtt;
  }

  static async create(rtt: number): Promise<Bulk> {
    const peer = await Peer.create();
    peer.host.limit({ buffer: 1 << 22 });
    peer.window = 65535;
    peer.send('S', { options: { mss: MSS, scale: 10 } });
    peer.expect('SA');
    peer.after(rtt);
    peer.send('A');
    peer.connection = peer.host.events[0]?.connection ?? 0;
    const bulk = new Bulk(peer, rtt);
    bulk.fill();
    return bulk;
  }

  fill(): void {
    const more = Buffer.alloc(65536);
    while (this.writing && this.peer.host.write(this.peer.connection, more) > 0);
    this.peer.host.flush();
    for (const { segment } of this.peer.left.splice(0)) {
      const end = ((segment.seq - this.peer.hostIss) >>> 0) + segment.data.length;
      this.#ends.push(end);
    }
  }

  /** The segments on their way arrive; every second is acknowledged. Returns how many were. */
  round(each?: (segments: number) => void): void {
    this.peer.after(this.rtt);
    this.fill();
    const ends = this.#ends;
    this.#ends = [];
    for (let i = 1; i < ends.length; i += 2) {
      this.peer.send('A', { ack: ends[i] ?? 0 });
      each?.(2);
      this.fill();
    }
    if (ends.length % 2 === 1) {
      this.peer.send('A', { ack: ends.at(-1) ?? 0 });
      each?.(1);
      this.fill();
    }
  }

  /** The first segment on its way is lost; it is repaired, and all is acknowledged. */
  lose(): void {
    this.peer.after(this.rtt);
    const first = (this.#ends[0] ?? 0) - MSS;
    for (let i = 0; i < 3; i++) this.peer.send('A', { ack: first });
    this.fill();
    this.peer.after(this.rtt);
    const last = Math.max(...this.#ends);
    this.#ends = [];
    this.peer.send('A', { ack: last });
    this.fill();
  }

  get window(): number {
    return this.peer.host.congestion(this.peer.connection).cwnd / MSS;
  }

  get seconds(): number {
    return this.peer.time / 1000;
  }
}

test('slow start doubles the window every round', async () => {
  const bulk = await Bulk.create(50);
  expect(bulk.window).toBe(10);
  bulk.round();
  expect(bulk.window).toBe(20);
  bulk.round();
  expect(bulk.window).toBe(40);
});

describe.each([20, 100, 200])('with a round trip of %i ms', (rtt) => {
  test('a loss leaves seven tenths; then the window follows the cubic function, or Reno where that has more', async () => {
    const bulk = await Bulk.create(rtt);
    for (let i = 0; i < 3; i++) bulk.round();
    const max = bulk.window;
    bulk.lose();
    const { ssthresh } = bulk.peer.host.congestion(bulk.peer.connection);
    expect(ssthresh / MSS).toBeCloseTo(max * BETA, 2);
    let reference: Reference | undefined;
    for (let i = 0; i < 6000 / rtt; i++) {
      bulk.round((segments) => {
        reference ??= new Reference(max, ssthresh / MSS, bulk.seconds);
        reference.acknowledge(segments, bulk.seconds, rtt / 1000);
      });
      expect(bulk.window / (reference?.window ?? 0)).toBeGreaterThan(0.96);
      expect(bulk.window / (reference?.window ?? 0)).toBeLessThan(1.04);
    }
    expect(bulk.window).toBeGreaterThan(max);
  });
});

test('who loses again before it had what it had makes room (fast convergence, 4.7)', async () => {
  const bulk = await Bulk.create(400);
  for (let i = 0; i < 3; i++) bulk.round();
  bulk.lose();
  bulk.round();
  const second = bulk.window;
  bulk.lose();
  let before = bulk.window;
  // It now levels out at 17/20 of what it had at the second loss.
  let flat = 0;
  for (let i = 0; i < 12; i++) {
    bulk.round();
    if (bulk.window - before < 0.5) flat = bulk.window;
    before = bulk.window;
  }
  expect(flat / second).toBeGreaterThan(0.8);
  expect(flat / second).toBeLessThan(0.9);
});

test('a user who pauses does not find the window grown by leaps (5.8)', async () => {
  const bulk = await Bulk.create(100);
  for (let i = 0; i < 3; i++) bulk.round();
  bulk.lose();
  for (let i = 0; i < 20; i++) bulk.round();
  bulk.writing = false;
  for (let i = 0; i < 10; i++) bulk.round();
  bulk.peer.after(5000);
  const before = bulk.window;
  bulk.writing = true;
  bulk.fill();
  for (let i = 0; i < 2; i++) bulk.round();
  expect(bulk.window).toBeGreaterThan(before);
  expect(bulk.window).toBeLessThan(before * 1.1);
});
