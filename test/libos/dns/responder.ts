// A multicast DNS responder to script: messages in and out, times in seconds.
import { compileEntry, instantiate, type Module } from '../module.ts';
import { read, wireAddress, write, type Message, type Read } from './messages.ts';

export interface Exports extends Module {
  readonly message: { readonly value: number };
  readonly out: { readonly value: number };
  readonly address: { readonly value: number };
  readonly named: { readonly value: number };
  readonly renamed: { readonly value: number };
  open(size: number, seed: bigint): number;
  close(responder: number): void;
  addAddress(responder: number): number;
  start(responder: number, now: bigint): void;
  leave(responder: number, now: bigint): void;
  poll(responder: number, now: bigint, room: number): number;
  input(responder: number, size: number, port: number, now: bigint): void;
  destination(responder: number): number;
  state(responder: number): number;
  deadline(responder: number): bigint;
  malformed(responder: number): bigint;
  crowded(responder: number): bigint;
  pages(): number;
}

const nanos = (seconds: number): bigint => BigInt(Math.ceil(seconds * 1e6 - 1e-6)) * 1000n;
const mapped = (text: string): Buffer => {
  const bytes = wireAddress(text);
  return bytes.length === 16 ? bytes : Buffer.concat([Buffer.from(`${'0'.repeat(20)}ffff`, 'hex'), bytes]);
};

export interface Sent extends Read {
  /** 'groups', or address and port. */
  readonly to: string;
  readonly bytes: Buffer;
}

export class Responder {
  readonly core: Exports;
  private readonly handle: number;

  constructor(core: Exports, name: string, addresses: readonly string[], seed: bigint) {
    this.core = core;
    this.put(core.message.value, Buffer.from(name, 'latin1'));
    this.handle = core.open(name.length, seed);
    if (this.handle !== 0) for (const address of addresses) this.addAddress(address);
  }

  get exists(): boolean {
    return this.handle !== 0;
  }

  private put(at: number, bytes: Buffer): void {
    Buffer.from(this.core.memory.buffer, at, bytes.length).set(bytes);
  }

  addAddress(address: string): boolean {
    this.put(this.core.address.value, mapped(address));
    return this.core.addAddress(this.handle) !== 0;
  }

  start(at: number): void {
    this.core.start(this.handle, nanos(at));
  }

  leave(at: number): void {
    this.core.leave(this.handle, nanos(at));
  }

  poll(at: number, room = 600): Sent | null {
    const size = this.core.poll(this.handle, nanos(at), room);
    if (size === 0) return null;
    const bytes = Buffer.from(Buffer.from(this.core.memory.buffer, this.core.out.value, size));
    const port = this.core.destination(this.handle);
    const to = Buffer.from(this.core.memory.buffer, this.core.address.value + 12, 4);
    return { ...read(bytes), bytes, to: port === 0 ? 'groups' : `${to.join('.')}:${port}` };
  }

  /** Lets it wait for its deadline; when that was, and what it sent. */
  next(): { at: number; sent: Sent } {
    const at = this.deadline ?? NaN;
    const sent = this.poll(at);
    if (sent === null) throw new Error(`it sent nothing at ${at}`);
    return { at, sent };
  }

  /** Lets it have its name; the second when the last announcement went out. */
  announce(from = 0): number {
    this.start(from);
    let at = from;
    while (this.state !== 'RUNNING') at = this.next().at;
    return at;
  }

  input(message: Message | Buffer, at: number, from = '10.0.0.9', port = 5353): void {
    const bytes = Buffer.isBuffer(message) ? message : write(message);
    this.put(this.core.address.value, mapped(from));
    this.put(this.core.message.value, bytes);
    this.core.input(this.handle, bytes.length, port, nanos(at));
  }

  get state(): string {
    const states = ['STOPPED', 'PROBING', 'ANNOUNCING', 'RUNNING', 'LEAVING'];
    return states[this.core.state(this.handle)] ?? '?';
  }

  /** Seconds; null for never. */
  get deadline(): number | null {
    const deadline = BigInt.asUintN(64, this.core.deadline(this.handle));
    return deadline === 0xffffffffffffffffn ? null : Number(deadline) / 1e9;
  }

  get malformed(): number {
    return Number(this.core.malformed(this.handle));
  }

  get crowded(): number {
    return Number(this.core.crowded(this.handle));
  }

  close(): void {
    this.core.close(this.handle);
  }
}

/** Loads the module once; each call makes a responder in memory of its own. */
export async function loadResponders() {
  const module = await compileEntry('test/libos/dns/mdns.as.ts');
  return (addresses: readonly string[] = ['10.0.0.2'], name = 'website', seed = 1n): Responder =>
    new Responder(instantiate<Exports>(module), name, addresses, seed);
}
