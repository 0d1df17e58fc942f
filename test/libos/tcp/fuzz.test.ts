// Segments nobody would send, by seed: against a listener, half-open, open and closing connections. No trap, no growth, bounded tables.
import { describe, expect, test } from 'vitest';
import { fractions } from '../../random.ts';
import { decode, type Options, type Segment } from '../../segments.ts';
import { EVENT, Host } from '../host.ts';
import { arp, echo, ethernet, ipv4, udp } from '../frames.ts';
import { encode } from './segments.ts';

const CONNECTIONS = 64;
const BACKLOG = 6;
const PORTS = 24;
const FLAGS = ['', 'S', 'A', 'SA', 'F', 'FA', 'R', 'RA', 'PA', 'SF', 'SFRPAU', 'FPU', 'SR', 'FPA', 'U'];

class Attacker {
  readonly host: Host;
  readonly random: () => number;
  now = 1_000_000_000n;
  /** What the host said last to each port: where good guesses begin. */
  readonly #heard = new Map<number, Segment>();
  readonly open = new Set<number>();

  private constructor(host: Host, random: () => number) {
    this.host = host;
    this.random = random;
    host.onTransmit = (frame) => {
      const segment = decode(frame);
      if (segment?.flags.includes('R')) this.#heard.delete(segment.to);
      else if (segment) this.#heard.set(segment.to, segment);
    };
    host.onEvent = (connection, events) => {
      if (events & EVENT.ended) this.open.delete(connection);
      else {
        this.open.add(connection);
        this.#use(connection, events);
      }
    };
  }

  static async create(seed: number): Promise<Attacker> {
    const host = await Host.create({ id: 2, seed });
    host.limit({ connections: CONNECTIONS, backlog: BACKLOG, memory: 1 << 20, buffer: 1 << 16 });
    const attacker = new Attacker(host, fractions(seed));
    host.receive(ethernet(0x0806, arp(1)), attacker.now);
    host.listen(80);
    return attacker;
  }

  pick<T>(values: readonly T[]): T {
    const value = values[Math.floor(this.random() * values.length)];
    if (value === undefined) throw new Error('nothing to pick from');
    return value;
  }

  number(below: number): number {
    return Math.floor(this.random() * below);
  }

  /** A user who reads, writes, closes and aborts as it comes. */
  #use(connection: number, events: number): void {
    const { host } = this;
    const choice = this.random();
    if (choice < 0.7) host.read(connection, this.pick([1, 100, 65536]));
    if (choice < 0.5) host.write(connection, Buffer.alloc(this.pick([1, 500, 5000])));
    if (choice > 0.97) host.abort(connection);
    else if (choice > 0.9 || (events & EVENT.peerClosed && choice > 0.5)) host.close(connection);
  }

  /** A number near what counts: right, next to it, at a window's edge, opposite, or anything. */
  #near(number: number): number {
    const choice = this.random();
    if (choice < 0.55) return number;
    if (choice < 0.7) return number + this.pick([-1, 1, 2, -2, 1460, -1460]);
    if (choice < 0.8) return number + this.number(40_000) - 20_000;
    if (choice < 0.85) return number + 0x7fff_ffff + this.number(3);
    return this.number(2 ** 32);
  }

  #options(heard: Segment | undefined): Options {
    const choice = this.random();
    if (choice < 0.3) return {};
    if (choice < 0.4)
      return { raw: Buffer.from(Array.from({ length: this.number(11) * 4 }, () => this.number(256))) };
    const stamp = heard?.options.timestamps;
    const word = (): number => this.#near(heard?.seq ?? 0) >>> 0;
    return {
      ...(this.random() < 0.3 && { mss: this.pick([0, 1, 88, 536, 1460, 65535]) }),
      ...(this.random() < 0.3 && { scale: this.pick([0, 1, 7, 14, 15, 255]) }),
      ...(this.random() < 0.3 && { sackPermitted: true }),
      ...(this.random() < 0.6 && {
        timestamps: [this.number(2 ** 20), this.#near(stamp?.[0] ?? 0) >>> 0] as const,
      }),
      ...(this.random() < 0.3 && { sack: [[word(), word()]] as [number, number][] }),
    };
  }

  segment(): Buffer {
    const from = 1000 + this.number(PORTS);
    const heard = this.#heard.get(from);
    const { ack = 0, seq = 0, data } = heard ?? {};
    const frame = encode({
      from,
      to: this.random() < 0.97 ? (heard?.from ?? 80) : this.number(65536),
      seq: this.#near(ack),
      ack: this.#near(seq + (data?.length ?? 0) + (heard && /[SF]/.test(heard.flags) ? 1 : 0)),
      flags: this.random() < 0.6 ? this.pick(['A', 'PA', 'S', 'FA']) : this.pick(FLAGS),
      window: this.pick([0, 1, 100, 1460, 65535]),
      data: Buffer.alloc(this.random() < 0.4 ? this.pick([1, 10, 536, 1400]) : 0, 0x55),
      options: this.#options(heard),
    });
    if (this.random() < 0.03) frame[this.number(frame.length)] = this.number(256);
    return this.random() < 0.02 ? frame.subarray(0, this.number(frame.length)) : frame;
  }

  /** Time passes; at times so much that timers fire. */
  rest(): void {
    const choice = this.random();
    this.now += BigInt(this.number(choice < 0.9 ? 3 : choice < 0.999 ? 100 : 70_000)) * 1_000_000n;
    const { deadline } = this.host;
    if (deadline !== undefined && deadline <= this.now) this.host.tick(this.now);
    if (this.random() < 0.02 && this.open.size > 0) {
      this.#use(this.pick([...this.open]), 0);
      this.host.flush();
    }
    if (this.random() < 0.001) this.host.connect('10.0.0.1', 1000 + this.number(PORTS));
  }

  expectBounded(): void {
    expect(this.host.count('connections')).toBeLessThanOrEqual(CONNECTIONS);
    expect(this.host.count('halfOpen')).toBeLessThanOrEqual(BACKLOG);
    expect(this.host.count('memory')).toBeLessThanOrEqual(1 << 20);
  }

  /** All of it ends some time, and gives back what it took. */
  expectNothingLeft(): void {
    for (let i = 0; i < 3000 && this.host.count('connections') > 0; i++) {
      for (const connection of this.open) this.host.abort(connection);
      this.host.flush();
      this.now += 1_000_000_000n;
      this.host.tick(this.now);
    }
    expect(this.host.count('connections')).toBe(0);
    expect(this.host.count('halfOpen')).toBe(0);
    expect(this.host.count('timeWaits')).toBe(0);
    expect(this.host.count('memory')).toBe(1 << 20);
  }
}

describe.each([1, 2, 3])('seed %i', (seed) => {
  test('a hundred thousand segments', async () => {
    const attacker = await Attacker.create(seed);
    const states = new Set<string>();
    let pages = 0;
    for (let i = 0; i < 100_000; i++) {
      attacker.host.take(attacker.segment(), attacker.now);
      if (attacker.random() < 0.7) attacker.host.flush();
      if (i % 3 === 0) attacker.rest();
      if (i % 500 === 0) {
        attacker.expectBounded();
        for (const connection of attacker.open) states.add(attacker.host.state(connection) ?? '');
      }
      if (i === 20_000) ({ pages } = attacker.host);
    }
    // It was no fuzz of closed doors only.
    expect(attacker.host.count('cookiesTaken')).toBeGreaterThan(50);
    expect([...states]).toEqual(expect.arrayContaining(['ESTABLISHED', 'FIN-WAIT-1', 'CLOSE-WAIT']));
    attacker.expectNothingLeft();
    expect(attacker.host.pages).toBe(pages);
  });
});

test('frames of all protocols, broken anywhere', async () => {
  const attacker = await Attacker.create(4);
  const { host } = attacker;
  const seeds = [
    (): Buffer => attacker.segment(),
    (): Buffer => ethernet(0x0806, arp(1 + attacker.number(3))),
    (): Buffer => ethernet(0x0800, ipv4(1, echo(Buffer.alloc(attacker.number(1400))))),
    (): Buffer => ethernet(0x0800, ipv4(17, udp(Buffer.alloc(attacker.number(1400))))),
    (): Buffer =>
      ethernet(0x0800, ipv4(6, Buffer.alloc(attacker.number(60)), { fragment: attacker.number(65536) })),
    (): Buffer => ethernet(0x86dd, Buffer.alloc(40 + attacker.number(100), 0x60)),
  ];
  for (let i = 0; i < 60_000; i++) {
    const frame = Buffer.from(attacker.pick(seeds)());
    for (let breaks = attacker.number(3); breaks > 0 && frame.length > 0; breaks--) {
      frame[attacker.number(frame.length)] = attacker.number(256);
    }
    host.receive(frame, attacker.now);
    attacker.rest();
    if (i % 1000 === 0) attacker.expectBounded();
  }
  expect(host.pages).toBeLessThanOrEqual(24); // 16 are the buffers' bound
  attacker.expectNothingLeft();
});
