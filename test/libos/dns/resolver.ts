// A resolver to script: queries and answers as messages, times in seconds, addresses as text.
import { compileEntry, fromModule, instantiate, type Module } from '../module.ts';
import { A, read, wireAddress, write, type Message, type Read } from './messages.ts';

export interface Exports extends Module {
  readonly message: { readonly value: number };
  readonly out: { readonly value: number };
  readonly address: { readonly value: number };
  open(seed: bigint): number;
  close(resolver: number): void;
  addServer(resolver: number): number;
  resolve(resolver: number, size: number, type: number, now: bigint): number;
  release(resolver: number, query: number): void;
  poll(resolver: number, now: bigint, room: number): number;
  input(resolver: number, size: number, port: number, now: bigint): void;
  port(resolver: number): number;
  deadline(resolver: number): bigint;
  isAwaited(resolver: number, port: number): number;
  counter(resolver: number, which: number): bigint;
  reports(): number;
  outcome(query: number): number;
  count(query: number): number;
  addresses(query: number): number;
  rcode(query: number): number;
  readName(size: number, at: number): number;
  writeName(size: number): number;
  pages(): number;
}

const nanos = (seconds: number): bigint => BigInt(Math.round(seconds * 1000)) * 1_000_000n;

/** 16 bytes as text: IPv4 dotted, IPv6 as its bytes in hexadecimal. */
const shown = (bytes: Buffer): string =>
  bytes.toString('hex', 0, 12) === `${'0'.repeat(20)}ffff`
    ? [...bytes.subarray(12)].join('.')
    : bytes.toString('hex');

export interface Sent extends Read {
  readonly to: string;
  readonly port: number;
  readonly bytes: Buffer;
}

export class Resolver {
  readonly core: Exports;
  private readonly handle: number;

  constructor(core: Exports, servers: readonly string[], seed: bigint) {
    this.core = core;
    this.handle = core.open(seed);
    for (const server of servers) this.addServer(server);
  }

  private put(at: number, bytes: Buffer): void {
    Buffer.from(this.core.memory.buffer, at, bytes.length).set(bytes);
  }

  private setAddress(text: string): void {
    const bytes = wireAddress(text);
    const mapped = Buffer.from(`${'0'.repeat(20)}ffff`, 'hex');
    this.put(this.core.address.value, bytes.length === 16 ? bytes : Buffer.concat([mapped, bytes]));
  }

  addServer(server: string): boolean {
    this.setAddress(server);
    return this.core.addServer(this.handle) !== 0;
  }

  /** A query's handle, 0 if there are too many. */
  resolve(name: string, at: number, type = A): number {
    this.put(this.core.message.value, Buffer.from(name, 'latin1'));
    return this.core.resolve(this.handle, name.length, type, nanos(at));
  }

  release(query: number): void {
    this.core.release(this.handle, query);
  }

  poll(at: number, room = 300): Sent | null {
    const size = this.core.poll(this.handle, nanos(at), room);
    if (size === 0) return null;
    const bytes = Buffer.from(Buffer.from(this.core.memory.buffer, this.core.out.value, size));
    return {
      ...read(bytes),
      bytes,
      to: shown(Buffer.from(this.core.memory.buffer, this.core.address.value, 16)),
      port: this.core.port(this.handle),
    };
  }

  input(message: Message | Buffer, from: string, port: number, at: number): void {
    const bytes = Buffer.isBuffer(message) ? message : write(message);
    this.setAddress(from);
    this.put(this.core.message.value, bytes);
    this.core.input(this.handle, bytes.length, port, nanos(at));
  }

  /** What became of the query, with the addresses there are. */
  outcome(query: number): string {
    const words = fromModule(this.core, this.core.outcome(query));
    const all = Buffer.from(this.core.memory.buffer, this.core.addresses(query), 128);
    const list = Array.from({ length: this.core.count(query) }, (_, i) =>
      shown(all.subarray(16 * i, 16 * i + 16)),
    );
    return [words, ...list].join(' ');
  }

  rcode(query: number): number {
    return this.core.rcode(query);
  }

  isAwaited(port: number): boolean {
    return this.core.isAwaited(this.handle, port) !== 0;
  }

  counter(name: 'sent' | 'received' | 'ignored' | 'refused' | 'hits' | 'evicted'): number {
    const which = ['sent', 'received', 'ignored', 'refused', 'hits', 'evicted'].indexOf(name);
    return Number(this.core.counter(this.handle, which));
  }

  /** Seconds; null for never. */
  get deadline(): number | null {
    const deadline = BigInt.asUintN(64, this.core.deadline(this.handle));
    return deadline === 0xffffffffffffffffn ? null : Number(deadline) / 1e9;
  }

  close(): void {
    this.core.close(this.handle);
  }
}

/** The response to a query, with its question as it was asked. */
export const response = (sent: Sent, rest: Message = {}): Message => ({
  id: sent.id,
  flags: 0x8180,
  questions: sent.questions,
  ...rest,
});

/** Loads the module once; each call makes a resolver in memory of its own. */
export async function loadResolvers() {
  const module = await compileEntry('test/libos/dns/dns.as.ts');
  return (servers: readonly string[] = ['10.0.0.1'], seed = 1n): Resolver =>
    new Resolver(instantiate<Exports>(module), servers, seed);
}
