// A DHCP client to script: messages in and out as Buffers, times in seconds, events by name.
import { compileEntry, fromModule, instantiate, type Module } from '../module.ts';

export interface Exports extends Module {
  readonly message: { readonly value: number };
  readonly out: { readonly value: number };
  readonly log: { readonly value: number };
  told(): number;
  open(nameSize: number, seed: bigint): number;
  close(client: number): void;
  start(client: number, now: bigint): void;
  input(client: number, size: number, now: bigint): number;
  poll(client: number, now: bigint, room: number): number;
  release(client: number, now: bigint): void;
  conflict(client: number, now: bigint): void;
  state(client: number): number;
  deadline(client: number): bigint;
  from(client: number): number;
  to(client: number): number;
  sent(client: number): bigint;
  dropped(client: number): bigint;
  lease(client: number): number;
  leaseWords(lease: number): number;
  t1(lease: number): bigint;
  t2(lease: number): bigint;
  expiry(lease: number): bigint;
  words(event: number): number;
  reason(ignored: number): number;
  hash(k0: bigint, k1: bigint, text: bigint): bigint;
  pages(): number;
}

export const STATES = [
  'STOPPED',
  'INIT',
  'SELECTING',
  'REQUESTING',
  'BOUND',
  'RENEWING',
  'REBINDING',
  'DECLINING',
  'RELEASING',
];

const NANO = 1_000_000_000;
export const nanos = (seconds: number): bigint => BigInt(Math.round(seconds * 1000)) * 1_000_000n;

const dotted = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

export interface Sent {
  readonly type: number;
  readonly xid: number;
  readonly from: string;
  readonly to: string;
  readonly options: ReadonlyMap<number, Buffer>;
  readonly bytes: Buffer;
}

/** The options of a message, strictly: each whole, each once, up to the end option. */
export function optionsOf(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  let at = 240;
  for (;;) {
    const code = bytes.readUInt8(at);
    if (code === 255) return options;
    const size = bytes.readUInt8(at + 1);
    if (at + 2 + size > bytes.length || options.has(code)) throw new Error(`option ${code} is wrong`);
    options.set(code, bytes.subarray(at + 2, at + 2 + size));
    at += 2 + size;
  }
}

export class Client {
  private readonly told: string[] = [];
  readonly core: Exports;
  private readonly handle: number;

  constructor(core: Exports, name = '', seed = 1n) {
    this.core = core;
    Buffer.from(core.memory.buffer, core.message.value).write(name);
    this.handle = core.open(name.length, seed);
  }

  /** What happened, in words. */
  get events(): string[] {
    const codes = Buffer.from(this.core.memory.buffer, this.core.log.value, this.core.told());
    for (const code of codes) this.told.push(fromModule(this.core, this.core.words(code)));
    return this.told;
  }

  start(at: number): void {
    this.core.start(this.handle, nanos(at));
  }

  /** Hands a message in; '' if it was taken, else why not. */
  input(message: Buffer, at: number): string {
    Buffer.from(this.core.memory.buffer, this.core.message.value, message.length).set(message);
    return fromModule(this.core, this.core.reason(this.core.input(this.handle, message.length, nanos(at))));
  }

  /** What it sends at `at`, null if nothing. */
  poll(at: number, room = 548): Sent | null {
    const size = this.core.poll(this.handle, nanos(at), room);
    if (size === 0) return null;
    const bytes = Buffer.from(Buffer.from(this.core.memory.buffer, this.core.out.value, size));
    const options = optionsOf(bytes);
    return {
      type: options.get(53)?.readUInt8(0) ?? 0,
      xid: bytes.readUInt32BE(4),
      from: dotted(this.core.from(this.handle)),
      to: dotted(this.core.to(this.handle)),
      options,
      bytes,
    };
  }

  /** Lets it wait for its deadline; when that was, and what it sent. */
  next(): { at: number; sent: Sent | null } {
    const at = Number(this.core.deadline(this.handle)) / NANO;
    const size = this.core.poll(this.handle, this.core.deadline(this.handle) - 1n, 548);
    if (size !== 0) throw new Error('it sends before its deadline');
    return { at, sent: this.poll(Math.ceil(at * 1000) / 1000) };
  }

  release(at: number): void {
    this.core.release(this.handle, nanos(at));
  }

  conflict(at: number): void {
    this.core.conflict(this.handle, nanos(at));
  }

  close(): void {
    this.core.close(this.handle);
  }

  get state(): string {
    return STATES[this.core.state(this.handle)] ?? '?';
  }

  get deadline(): bigint {
    return BigInt.asUintN(64, this.core.deadline(this.handle));
  }

  get dropped(): number {
    return Number(this.core.dropped(this.handle));
  }

  get lease() {
    const lease = this.core.lease(this.handle);
    const view = new DataView(this.core.memory.buffer, this.core.leaseWords(lease));
    const word = (at: number): number => view.getUint32(at, true);
    const list = (at: number, count: number): string[] =>
      Array.from({ length: count }, (_, i) => dotted(word(at + 4 * i)));
    const seconds = (value: bigint): number => Number(value) / NANO;
    return {
      address: `${dotted(word(0))}/${word(4)}`,
      server: dotted(word(8)),
      mtu: word(12),
      routers: list(64, word(16)),
      dns: list(76, word(20)),
      routes: Array.from({ length: word(24) }, (_, i) => {
        const at = 88 + 12 * i;
        return `${dotted(word(at))}/${word(at + 4)} ${dotted(word(at + 8))}`;
      }),
      routesLeftOut: word(28),
      domain: Buffer.from(this.core.memory.buffer, view.byteOffset + 184, word(32)).toString('latin1'),
      t1: seconds(this.core.t1(lease)),
      t2: seconds(this.core.t2(lease)),
      expiry: seconds(this.core.expiry(lease)),
    };
  }
}

/** Loads the module once; each call of what it returns makes a client in memory of its own, `print` gets its log. */
export async function loadClients() {
  const module = await compileEntry('test/libos/dhcp/dhcp.as.ts');
  return (name?: string, seed?: bigint, print: (text: string) => void = () => undefined): Client => {
    const core: Exports = instantiate<Exports>(module, {
      console_write: (text: number, size: number) =>
        print(Buffer.from(core.memory.buffer, text, size).toString('latin1')),
    });
    return new Client(core, name, seed);
  };
}
