// A host whose frames and whose time are the test's: host.as.ts in an instance of its own.
import { ip } from '../packets.ts';
import { compileEntry, fromModule, instantiate, toModule, type Module } from './module.ts';

interface Exports extends Module {
  readonly inbox: { readonly value: number };
  readonly data: { readonly value: number };
  open(mac: number, ipv4: number, mtu: number, seed: bigint, now: bigint, offload: number): void;
  receive(size: number, now: bigint): void;
  flush(): void;
  tick(now: bigint): void;
  deadline(): bigint;
  dropped(): number;
  drops(code: number): bigint;
  setMtu(mtu: number): void;
  limit(connections: number, backlog: number, memory: number, buffer: number): void;
  listen(port: number): number;
  addIpv6(): void;
  connect(port: number): number;
  write(connection: number, size: number): number;
  read(connection: number, most: number): number;
  close(connection: number): void;
  abort(connection: number): void;
  setNoDelay(connection: number, on: number): void;
  setKeepAlive(connection: number, idle: bigint): void;
  state(connection: number): number;
  cwnd(connection: number): number;
  ssthresh(connection: number): number;
  srtt(connection: number): bigint;
  rto(connection: number): bigint;
  mss(connection: number): number;
  recordBytes(connection: number): number;
  outBytes(connection: number): number;
  count(what: number): bigint;
  pages(): number;
}

/** Events of a connection, as bits. */
export const EVENT = {
  connected: 1,
  readable: 2,
  writable: 4,
  peerClosed: 8,
  ended: 16,
  reset: 32,
  timedOut: 64,
};

export const STATES = [
  'CLOSED',
  'SYN-SENT',
  'SYN-RECEIVED',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
] as const;

const COUNTS = [
  'connections',
  'halfOpen',
  'timeWaits',
  'memory',
  'cookiesSent',
  'cookiesTaken',
  'resent',
  'timeouts',
  'challenges',
] as const;

let compiled: Promise<WebAssembly.Module> | undefined;

export interface HostOptions {
  /** The last byte of 02:00:00:00:00:xx, and of 10.0.0.x/24. */
  readonly id: number;
  readonly mtu?: number;
  readonly seed?: number;
  /** Whether frames have a header, and checksums and trains of segments are left to whoever carries them. */
  readonly offload?: boolean;
  /** An IPv6 address it has besides. */
  readonly ipv6?: string;
  /** Nanoseconds. */
  readonly now?: bigint;
}

const ROOM = 65536;

export class Host {
  /** Frames that left, oldest first. */
  readonly sent: Buffer[] = [];
  /** What users were told, oldest first. */
  readonly events: { connection: number; events: number }[] = [];
  onTransmit = (frame: Buffer): void => void this.sent.push(frame);
  onEvent = (connection: number, events: number): void => void this.events.push({ connection, events });
  readonly #module: Exports;

  private constructor(module: WebAssembly.Module, options: HostOptions) {
    this.#module = instantiate<Exports>(
      module,
      {},
      {
        'host.as': {
          transmitted: (at: number, size: number) =>
            this.onTransmit(Buffer.from(Buffer.from(this.#module.memory.buffer, at, size))),
          event: (connection: number, events: number) => this.onEvent(connection, events),
        },
      },
    );
    const { id, mtu = 1500, seed = 1, now = 1_000_000_000n, offload = false } = options;
    this.#module.open(
      id,
      toModule(this.#module, `10.0.0.${String(id)}/24`),
      mtu,
      BigInt(seed),
      now,
      Number(offload),
    );
    if (options.ipv6 === undefined) return;
    this.#setAddress(options.ipv6);
    this.#module.addIpv6();
  }

  /** Puts an address where calls take it from: 16 bytes, IPv4 mapped. */
  #setAddress(text: string): void {
    const bytes = ip(text);
    const mapped = Buffer.concat([Buffer.alloc(10), Buffer.alloc(2, 0xff), bytes]);
    Buffer.from(this.#module.memory.buffer, this.#module.data.value, 16).set(
      bytes.length === 4 ? mapped : bytes,
    );
  }

  static async create(options: HostOptions): Promise<Host> {
    compiled ??= compileEntry('test/libos/host.as.ts');
    return new Host(await compiled, options);
  }

  /** Takes a frame without answering yet. */
  take(frame: Buffer, now: bigint): void {
    Buffer.from(this.#module.memory.buffer, this.#module.inbox.value, frame.length).set(frame);
    this.#module.receive(frame.length, now);
  }

  /** Takes a frame, and answers. */
  receive(frame: Buffer, now: bigint): void {
    this.take(frame, now);
    this.#module.flush();
  }

  flush(): void {
    this.#module.flush();
  }

  tick(now: bigint): void {
    this.#module.tick(now);
  }

  /** The moment of the next tick; undefined for never. */
  get deadline(): bigint | undefined {
    const due = BigInt.asUintN(64, this.#module.deadline());
    return due === 0xffff_ffff_ffff_ffffn ? undefined : due;
  }

  get dropped(): string {
    return fromModule(this.#module, this.#module.dropped());
  }

  drops(code: number): number {
    return Number(this.#module.drops(code));
  }

  listen(port: number): void {
    if (!this.#module.listen(port)) throw new Error('too many listeners');
  }

  /** Opens a connection to `address`; 0 if that cannot be. */
  connect(address: string, port: number): number {
    this.#setAddress(address);
    return this.#module.connect(port);
  }

  write(connection: number, data: Buffer): number {
    const size = Math.min(data.length, ROOM);
    Buffer.from(this.#module.memory.buffer, this.#module.data.value, size).set(data.subarray(0, size));
    return this.#module.write(connection, size);
  }

  read(connection: number, most = ROOM): Buffer {
    const size = this.#module.read(connection, Math.min(most, ROOM));
    return Buffer.from(Buffer.from(this.#module.memory.buffer, this.#module.data.value, size));
  }

  close(connection: number): void {
    this.#module.close(connection);
  }

  abort(connection: number): void {
    this.#module.abort(connection);
  }

  setMtu(mtu: number): void {
    this.#module.setMtu(mtu);
  }

  setNoDelay(connection: number): void {
    this.#module.setNoDelay(connection, 1);
  }

  setKeepAlive(connection: number, idle: bigint): void {
    this.#module.setKeepAlive(connection, idle);
  }

  limit(bounds: { connections?: number; backlog?: number; memory?: number; buffer?: number }): void {
    const { connections = 0, backlog = 0, memory = 0, buffer = 0 } = bounds;
    this.#module.limit(connections, backlog, memory, buffer);
  }

  state(connection: number): (typeof STATES)[number] | undefined {
    return STATES[this.#module.state(connection)];
  }

  /** Congestion control of a connection: windows in bytes, times in nanoseconds. */
  congestion(connection: number): { cwnd: number; ssthresh: number; srtt: bigint; rto: bigint; mss: number } {
    const module = this.#module;
    return {
      cwnd: module.cwnd(connection),
      ssthresh: module.ssthresh(connection) >>> 0,
      srtt: module.srtt(connection),
      rto: module.rto(connection),
      mss: module.mss(connection),
    };
  }

  /** Bytes of a connection's records of what was sent, and of its buffer for that. */
  sending(connection: number): { records: number; buffer: number } {
    return { records: this.#module.recordBytes(connection), buffer: this.#module.outBytes(connection) };
  }

  count(what: (typeof COUNTS)[number]): number {
    return Number(this.#module.count(COUNTS.indexOf(what)));
  }

  get pages(): number {
    return this.#module.pages();
  }
}
