// An interface on a wire in memory: frames go in at a time that is given, frames come out.
import { ip } from '../../packets.ts';
import { compileEntry, fromModule, instantiate, toModule, type Module } from '../module.ts';
import { advertisement, OURS, THEIRS } from './frames.ts';

interface Exports extends Module {
  readonly buffer: { readonly value: number };
  open(mtu: number, seed: bigint): void;
  transport(refuse: number): void;
  setIpv4(address: number, mask: number, gateway: number): void;
  start(now: bigint): number;
  configure(probes: number, autoconfigured: number): void;
  nameServer(index: number, now: bigint): number;
  joinMdns(): void;
  addStatic(prefix: number, now: bigint): number;
  setGateway(): void;
  receive(size: number, now: bigint): number;
  feed(size: number, now: bigint): number;
  tick(now: bigint): void;
  deadline(): bigint;
  sendTo(protocol: number, size: number, now: bigint): number;
  sendPieces(protocol: number, size: number, now: bigint): number;
  sourceFor(): number;
  isOurs(): number;
  from(): number;
  to(): number;
  pathMtu(now: bigint): number;
  datagramMtu(now: bigint): number;
  neighbour(): number;
  isRouter(): number;
  address(index: number): number;
  counter(name: number): bigint;
  pages(): number;
}

/** What a transport got or was told. */
export interface Delivered {
  readonly protocol: number;
  readonly segment: Buffer;
  readonly from: string;
  readonly to: string;
}
export interface Told {
  readonly protocol: number;
  readonly kind: number;
  readonly value: number;
  readonly segment: Buffer;
  readonly to: string;
}

export const NEIGHBOUR = { none: -1, incomplete: 1, reachable: 2, stale: 3, delay: 4, probe: 5 };
export const ADDRESS = { free: 0, tentative: 1, preferred: 2, deprecated: 3, duplicate: 4 };
export const ERROR = { tooBig: 1, refused: 2, unreachable: 3 };

const SECOND = 1_000_000_000;

let compiled: Promise<WebAssembly.Module> | undefined;

export class Link {
  /** Frames that went out and were not taken by out() yet. */
  readonly sent: Buffer[] = [];
  readonly delivered: Delivered[] = [];
  readonly told: Told[] = [];
  /** Why the last frame was dropped, '' if it was not. */
  dropped = '';
  private now = 1n;
  private readonly module: Exports;

  private constructor(code: WebAssembly.Module) {
    this.module = instantiate<Exports>(
      code,
      {},
      {
        'ipv6.as': {
          transmit: (at: number, size: number) => {
            this.sent.push(this.copy(at, size));
          },
          deliver: (protocol: number, at: number, size: number) => {
            const segment = this.copy(at, size);
            const [from, to] = [this.module.from(), this.module.to()].map((a) =>
              this.copy(a, 16).toString('hex'),
            );
            this.delivered.push({ protocol, segment, from: from ?? '', to: to ?? '' });
          },
          notify: (protocol: number, kind: number, value: number, at: number) => {
            const to = this.copy(this.module.to(), 16).toString('hex');
            this.told.push({ protocol, kind, value, segment: this.copy(at, 8), to });
          },
        },
      },
    );
  }

  /** A link with an interface that has not started. */
  static async open(mtu = 1500, seed = 1n): Promise<Link> {
    compiled ??= compileEntry('test/libos/ipv6/ipv6.as.ts');
    const link = new Link(await compiled);
    link.module.open(mtu, seed);
    return link;
  }

  /** A link whose interface has its link-local address and the fixed one, asks no routers, and was silent so far. */
  static async ready(mtu?: number): Promise<Link> {
    const link = await Link.open(mtu);
    link.configure({ probes: 0, autoconfigured: false });
    link.addStatic(OURS.fixed, 64);
    link.start();
    link.pass(5);
    link.out();
    return link;
  }

  private copy(at: number, size: number): Buffer {
    return Buffer.from(Buffer.from(this.module.memory.buffer, at, size));
  }

  private write(...parts: Buffer[]): number {
    const bytes = Buffer.concat(parts);
    Buffer.from(this.module.memory.buffer, this.module.buffer.value, bytes.length).set(bytes);
    return bytes.length;
  }

  configure(wanted: { probes?: number; autoconfigured?: boolean }): void {
    const { probes = 1, autoconfigured = true } = wanted;
    this.module.configure(probes, Number(autoconfigured));
  }

  /** To be called before start(). */
  joinMdns(): void {
    this.module.joinMdns();
  }

  /** The name servers that may be asked now. */
  nameServers(): string[] {
    const indices = [0, 1, 2, 3].filter((i) => this.module.nameServer(i, this.now) !== 0);
    return indices.map((i) => {
      this.module.nameServer(i, this.now);
      return this.copy(this.module.buffer.value, 16).toString('hex');
    });
  }

  transport(refuse = false): void {
    this.module.transport(Number(refuse));
  }

  setIpv4(address: string, prefix: number, gateway = '0.0.0.0'): void {
    const number = (text: string): number => ip(text).readInt32BE();
    this.module.setIpv4(number(address), -1 << (32 - prefix), number(gateway));
  }

  start(): boolean {
    return this.module.start(this.now) !== 0;
  }

  addStatic(address: string, prefix: number): boolean {
    this.write(ip(address));
    return this.module.addStatic(prefix, this.now) !== 0;
  }

  setGateway(address: string): void {
    this.write(ip(address));
    this.module.setGateway();
  }

  /** Hands the frames in; the frames that went out before now and because of them. */
  receive(...frames: Buffer[]): Buffer[] {
    for (const frame of frames) {
      this.dropped = fromModule(this.module, this.module.receive(this.write(frame), this.now));
    }
    return this.out();
  }

  /** As receive() for a frame of which only the first `size` bytes came, without looking at anything. */
  feed(frame: Buffer, size: number): number {
    this.write(frame);
    return this.module.feed(size, this.now);
  }

  /** Takes what went out. */
  out(): Buffer[] {
    return this.sent.splice(0);
  }

  /** Lets so many seconds pass, ticking at every deadline; the frames that went out. */
  pass(seconds: number): Buffer[] {
    const end = this.now + BigInt(Math.round(seconds * SECOND));
    for (let ticks = 0; ; ticks++) {
      if (ticks > 10_000) throw new Error('a deadline that does not pass');
      const due = BigInt.asUintN(64, this.module.deadline());
      if (due > end) break;
      if (due > this.now) this.now = due;
      this.module.tick(this.now);
    }
    this.now = end;
    return this.out();
  }

  /** Sends a packet from one of our addresses. */
  send(to: string, body: Buffer, protocol = 17, from: string = OURS.fixed): boolean {
    this.write(ip(from), ip(to), body);
    return this.module.sendTo(protocol, body.length, this.now) !== 0;
  }

  /** The same of an address as bytes: of either family. */
  sendPieces(from: Buffer, to: Buffer, body: Buffer, protocol = 17): boolean {
    this.write(from, to, body);
    return this.module.sendPieces(protocol, body.length, this.now) !== 0;
  }

  sourceFor(to: string): string | null {
    this.write(ip(to));
    return this.module.sourceFor() !== 0 ? this.copy(this.module.buffer.value, 16).toString('hex') : null;
  }

  isOurs(address: string): boolean {
    this.write(ip(address));
    return this.module.isOurs() !== 0;
  }

  pathMtu(to: string): number {
    this.write(ip(to));
    return this.module.pathMtu(this.now);
  }

  datagramMtu(to: string): number {
    this.write(ip(to));
    return this.module.datagramMtu(this.now);
  }

  neighbour(address: string): number {
    this.write(ip(address));
    return this.module.neighbour();
  }

  isRouter(address: string): boolean {
    this.write(ip(address));
    return this.module.isRouter() !== 0;
  }

  /** Our addresses that are not free, with their states. */
  addresses(): Map<string, number> {
    const all = new Map<string, number>();
    for (let i = 0; i < 8; i++) {
      const state = this.module.address(i);
      if (state !== ADDRESS.free) all.set(this.copy(this.module.buffer.value, 16).toString('hex'), state);
    }
    return all;
  }

  /** State of one of our addresses. */
  address(text: string): number {
    return this.addresses().get(ip(text).toString('hex')) ?? ADDRESS.free;
  }

  counter(name: string): number {
    const value = this.module.counter(toModule(this.module, name));
    if (value === -1n) throw new Error(`no counter ${name}`);
    return Number(value);
  }

  pages(): number {
    return this.module.pages();
  }

  /** Makes the peer known, so that packets to it go out at once. */
  meet(address: string = THEIRS.fixed): void {
    this.send(address, Buffer.alloc(0), 59);
    this.receive(advertisement(address, 0x60));
  }
}
