// The other end of a connection, played by a test: it says which segments come and which must leave, and when. Sequence numbers are
// relative: those of the peer count from its SYN, those of the host from the host's.
import { expect } from 'vitest';
import { ETHERTYPE } from '../../packets.ts';
import { decode, type Options, type Segment } from '../../segments.ts';
import { arp, ethernet, PEER, US } from '../frames.ts';
import { EVENT, Host, type HostOptions, type STATES } from '../host.ts';
import { advertisement, macOption, OURS, solicitation, THEIRS } from '../ipv6/frames.ts';
import { encode } from './segments.ts';

/** The peer's SYN has this number, so that it wraps around within every test that sends more. */
export const PEER_ISS = 0xffff_fe00;

export interface Send {
  readonly seq?: number;
  readonly ack?: number;
  readonly window?: number;
  /** Bytes, or how many of them. */
  readonly data?: Buffer | number;
  readonly options?: Options;
  /** Blocks of a SACK option, relative to the host's SYN. */
  readonly sack?: readonly (readonly [number, number])[];
}

export interface Expected {
  readonly seq?: number;
  readonly ack?: number;
  readonly window?: number;
  readonly size?: number;
  readonly options?: Options;
  /** Blocks, relative to the peer's SYN. */
  readonly sack?: readonly (readonly [number, number])[];
  /** Milliseconds since the start: not before the first, and, as timers are a little late, not long after. */
  readonly at?: number;
}

interface Left {
  readonly segment: Segment;
  /** Milliseconds since the start. */
  readonly time: number;
}

/** The versions of IP a connection may go by. */
export const FAMILIES = [4, 6] as const;
export type Family = (typeof FAMILIES)[number];

/** Of each: our address and the peer's, bytes of a segment on a link of 1500, how the peer asks and answers where whom is. */
const BY = {
  4: {
    ours: US.ip,
    theirs: PEER.ip,
    mss: 1460,
    ask: () => ethernet(ETHERTYPE.arp, arp(1)),
    tell: () => ethernet(ETHERTYPE.arp, arp(2)),
    asks: (frame: Buffer) => frame.readUInt16BE(12) === ETHERTYPE.arp,
  },
  6: {
    ours: OURS.fixed,
    theirs: THEIRS.fixed,
    mss: 1440,
    ask: () => solicitation(OURS.fixed),
    tell: () => advertisement(THEIRS.fixed, 0x60, macOption(2, PEER.mac), { to: OURS.fixed }),
    asks: (frame: Buffer) =>
      frame.readUInt16BE(12) === ETHERTYPE.ipv6 && frame[20] === 58 && frame[54] === 135,
  },
} as const;

/** How late a timer may be: its slot of the wheel has to be over. */
const LATE = 5;

/** The bytes a test stream has from `offset` on: their value tells where they belong. */
export function pattern(offset: number, size: number): Buffer {
  return Buffer.from(
    Array.from({ length: size }, (_, i) => ((offset + i) * 167 + ((offset + i) >> 8)) & 255),
  );
}

export interface PeerOptions extends Partial<HostOptions> {
  /** The version of IP, by default 4. */
  readonly family?: Family;
  /** Of the peer's SYN; by default a plain one with the MSS of a link of 1500. */
  readonly syn?: Options;
  readonly window?: number;
}

export class Peer {
  readonly left: Left[] = [];
  readonly #start: bigint;
  /** The host forgot where we are, and asked. */
  #asked = false;
  now: bigint;
  port = 40000;
  hostPort = 80;
  iss = PEER_ISS;
  hostIss = 0;
  /** What is sent next, and what of the host's was expected so far. */
  next = 0;
  acked = 0;
  /** With timestamps: the last value that came; the peer's own clock counts milliseconds from 1000. */
  stamped = false;
  echo = 0;
  window = 65535;
  connection = 0;
  readonly host: Host;
  readonly family: Family;
  readonly #by: (typeof BY)[Family];

  private constructor(host: Host, now: bigint, family: Family) {
    this.host = host;
    this.family = family;
    this.#by = BY[family];
    this.now = now;
    this.#start = now;
    host.onTransmit = (frame) => {
      if (this.#by.asks(frame)) this.#asked = true;
      const segment = decode(frame);
      if (segment) this.left.push({ segment, time: this.time });
    };
  }

  /** A host that knows its neighbour and listens at port 80. */
  static async create(options: PeerOptions = {}): Promise<Peer> {
    const { now = 1_000_000_000n, family = 4 } = options;
    const host = await Host.create({ id: 2, ...(family === 6 && { ipv6: OURS.fixed }), ...options, now });
    const peer = new Peer(host, now, family);
    host.receive(peer.#by.ask(), now);
    host.listen(80);
    peer.window = options.window ?? 65535;
    return peer;
  }

  /** The same, with a connection the peer opened. */
  static async accepted(options: PeerOptions = {}): Promise<Peer> {
    const peer = await Peer.create(options);
    peer.open(options.syn);
    return peer;
  }

  /** The same, with a connection the host opened to the peer's port 90. */
  static async connected(options: PeerOptions = {}): Promise<Peer> {
    const peer = await Peer.create(options);
    peer.connect();
    peer.expectSyn();
    const { mss = peer.mss, ...others } = options.syn ?? {};
    peer.send('SA', { options: { mss, ...others } });
    peer.stamped = others.timestamps !== undefined;
    peer.expect('A', { seq: 1, ack: 1 });
    return peer;
  }

  /** Shakes hands with the listener. */
  open(syn: Options = {}): void {
    const { mss = this.mss, ...others } = syn;
    this.send('S', { options: { mss, ...others } });
    this.stamped = others.timestamps !== undefined;
    const answer = this.expect('SA', { seq: 0, ack: 1 });
    this.echo = answer.options.timestamps?.[0] ?? 0;
    this.send('A');
    this.expectNothing();
    this.connection = this.host.events[0]?.connection ?? 0;
    expect(this.events()).toBe('connected');
  }

  connect(): void {
    this.connection = this.host.connect(this.theirs, 90);
    this.port = 90;
    this.host.flush();
  }

  expectSyn(options: Options = {}): Segment {
    const { segment } = this.left[0] ?? {};
    expect(segment?.flags).toBe('S');
    this.hostPort = segment?.from ?? 0;
    return this.expect('S', { seq: 0, options });
  }

  /** Bytes of a full segment without options. */
  get mss(): number {
    return this.#by.mss;
  }

  /** The host's address, and the peer's. */
  get ours(): string {
    return this.#by.ours;
  }

  get theirs(): string {
    return this.#by.theirs;
  }

  get time(): number {
    return Number((this.now - this.#start) / 1000n) / 1000;
  }

  get stamp(): number {
    return 1000 + Math.floor(this.time);
  }

  /** A segment of the peer's as a frame. Without `seq` it follows what was sent before. */
  frame(flags: string, fields: Send = {}): Buffer {
    const { seq = this.next, ack = this.acked, window = this.window, sack } = fields;
    const data =
      typeof fields.data === 'number' ? pattern(seq - 1, fields.data) : (fields.data ?? Buffer.alloc(0));
    if (fields.seq === undefined) {
      this.next += data.length + (flags.includes('S') ? 1 : 0) + (flags.includes('F') ? 1 : 0);
    }
    const timestamps = this.stamped ? ([this.stamp, this.echo] as const) : undefined;
    const blocks = sack?.map(([a, b]) => [a + this.hostIss, b + this.hostIss] as const);
    return encode({
      fromAddress: this.theirs,
      toAddress: this.ours,
      from: this.port,
      to: this.hostPort,
      seq: this.iss + seq,
      ack: flags.includes('A') ? this.hostIss + ack : 0,
      flags,
      window,
      data,
      options: { ...(timestamps && { timestamps }), ...(blocks && { sack: blocks }), ...fields.options },
    });
  }

  /** A segment comes, and the host answers. */
  send(flags: string, fields: Send = {}): void {
    this.host.receive(this.frame(flags, fields), this.now);
    this.#answerWhere();
  }

  #answerWhere(): void {
    if (!this.#asked) return;
    this.#asked = false;
    this.host.receive(this.#by.tell(), this.now);
  }

  /** Several segments come before the host may answer. */
  sendTogether(...segments: (readonly [string, Send?])[]): void {
    for (const [flags, fields] of segments) this.host.take(this.frame(flags, fields), this.now);
    this.host.flush();
  }

  /** The next segment that left must be this one. */
  expect(flags: string, fields: Expected = {}): Segment {
    const left = this.left.shift();
    if (!left) throw new Error(`${flags} expected, and nothing was sent`);
    const { segment, time } = left;
    if (segment.flags.includes('S')) this.hostIss = segment.seq;
    const relative = (number: number, base: number): number => (number - base) >>> 0;
    const found = {
      flags: segment.flags,
      seq: relative(segment.seq, this.hostIss),
      ...(segment.flags.includes('A') && { ack: relative(segment.ack, this.iss) }),
      window: segment.window,
      size: segment.data.length,
      options: segment.options,
      sack: segment.options.sack?.map(([a, b]) => [relative(a, this.iss), relative(b, this.iss)]),
      to: segment.to,
      from: segment.from,
    };
    const { at, ...others } = fields;
    expect(found).toMatchObject({ ...others, flags, to: this.port, from: this.hostPort });
    if (at !== undefined) {
      expect(time).toBeGreaterThanOrEqual(at);
      expect(time).toBeLessThan(at + LATE + at / 200); // one timer's lateness is the next one's
    }
    const length = found.size + (flags.includes('S') ? 1 : 0) + (flags.includes('F') ? 1 : 0);
    const end = found.seq + length;
    if (length !== 0 && end > this.acked) this.acked = end;
    if (found.size !== 0) expect(segment.data.equals(pattern(found.seq - 1, found.size))).toBe(true);
    if (segment.options.timestamps && !flags.includes('R')) this.echo = segment.options.timestamps[0];
    return segment;
  }

  /** Nothing was sent but what was expected. */
  expectNothing(): void {
    expect(this.left.map(({ segment }) => segment)).toEqual([]);
  }

  /** Lets time pass until `ms` milliseconds since the start; timers fire when they are due. */
  at(ms: number): void {
    const end = this.#start + BigInt(Math.round(ms * 1000)) * 1000n;
    for (;;) {
      const { deadline } = this.host;
      if (deadline === undefined || deadline > end) break;
      if (deadline > this.now) this.now = deadline;
      this.host.tick(this.now);
      this.#answerWhere();
    }
    this.now = end;
    this.host.tick(this.now);
    this.#answerWhere();
  }

  after(ms: number): void {
    this.at(this.time + ms);
  }

  /** What the host's user was told since the last time, in words. */
  events(): string {
    const told = this.host.events.splice(0).flatMap(({ events }) =>
      Object.entries(EVENT)
        .filter(([, bit]) => events & bit)
        .map(([name]) => name),
    );
    return told.join(' ');
  }

  get state(): (typeof STATES)[number] | undefined {
    return this.host.state(this.connection);
  }

  /** The host's user writes the next `size` bytes of the pattern, from `offset` of its stream on. */
  write(size: number, offset: number): number {
    const done = this.host.write(this.connection, pattern(offset, size));
    this.host.flush();
    return done;
  }

  /** The user reads; the bytes must be those of the pattern from `offset` on. */
  read(offset: number, most = 65536): number {
    const data = this.host.read(this.connection, most);
    expect(data.equals(pattern(offset, data.length))).toBe(true);
    this.host.flush();
    return data.length;
  }

  close(): void {
    this.host.close(this.connection);
    this.host.flush();
  }

  abort(): void {
    this.host.abort(this.connection);
    this.host.flush();
  }

  /** Nothing is left of any connection. */
  expectGone(memory = 1 << 24): void {
    expect(this.host.count('connections')).toBe(0);
    expect(this.host.count('halfOpen')).toBe(0);
    expect(this.host.count('memory')).toBe(memory);
  }
}
