// A site over an archive in memory, and clients of it, for the tests.
import { compileEntry, fromModule, instantiate, type Module } from '../module.ts';
import { archiveOf, entry } from '../store/store.ts';

interface Exports extends Module {
  readonly sent: { readonly value: number };
  readonly received: { readonly value: number };
  readonly peer: { readonly value: number };
  readonly REFUSALS: { readonly value: number };
  label(refusal: number): number;
  reason(refusal: number): number;
  status(refusal: number): number;
  openSite(capacity: bigint, budget: number, logs: number): number;
  rulesProblem(site: number): number;
  setWall(site: number, seconds: bigint): void;
  setLimits(site: number, clients: number, fields: number, heads: number, body: number): void;
  open(site: number, now: bigint): number;
  input(site: number, client: number, at: number, size: number, now: bigint): number;
  output(site: number, client: number, room: number, now: bigint): number;
  expire(site: number, client: number, now: bigint): void;
  end(site: number, client: number): void;
  close(site: number, client: number): void;
  finished(client: number): number;
  failed(client: number): number;
  deadline(client: number): bigint;
  refused(site: number, why: number): bigint;
  counter(site: number, which: number): bigint;
  repeat(site: number, client: number, size: number, times: number): number;
  pages(): number;
}

const COUNTERS = [
  'clients',
  'accepted',
  'requests',
  'informational',
  'successful',
  'redirections',
  'clientErrors',
  'serverErrors',
  'bytesIn',
  'bytesOut',
  'headHits',
  'headMisses',
  'partial',
] as const;

export type Counter = (typeof COUNTERS)[number];

export interface Options {
  /** Seconds since 1970 on the wall's clock. */
  readonly wall?: number;
  readonly logs?: boolean;
  readonly clients?: number;
  readonly fields?: number;
  readonly heads?: number;
  readonly body?: number;
}

/** How bytes are passed. */
export interface Manner {
  /** Bytes given at once; all when not said. */
  readonly piece?: number;
  /** Room for output; 64 KiB when not said. */
  readonly room?: number;
}

/** When the files of the tests were last modified: 2021-06-10. */
export const MODIFIED = 0o14512345670;
/** Now, when nothing else is said: 2026-11-21 08:49:37. */
export const NOW = 1_795_250_977;

export class Site {
  readonly exports: Exports;
  readonly pointer: number;
  readonly log: string[] = [];
  /** What the device gives; tests may spoil it. */
  readonly device: Buffer;
  healthy = true;

  constructor(
    module: WebAssembly.Module,
    files: Readonly<Record<string, string | Buffer>>,
    options: Options,
  ) {
    this.device = archiveOf(...Object.entries(files).map(([name, content]) => entry(name, content)));
    this.exports = instantiate<Exports>(
      module,
      {},
      {
        'http.as': {
          readDevice: (offset: bigint, to: number, size: number): number => {
            const bytes = new Uint8Array(this.exports.memory.buffer, to, size).fill(0);
            bytes.set(this.device.subarray(Number(offset), Number(offset) + size));
            return this.healthy ? 1 : 0;
          },
          logLine: (at: number, size: number): void => {
            this.log.push(Buffer.from(this.exports.memory.buffer, at, size).toString('latin1'));
          },
        },
      },
    );
    this.pointer = this.exports.openSite(BigInt(this.device.length), 1 << 20, options.logs ? 1 : 0);
    if (this.pointer === 0) throw new Error('the archive of the test is not in order');
    this.setWall(options.wall ?? NOW);
    const { clients = 1024, fields = 100, heads = 1 << 20, body = 65536 } = options;
    this.exports.setLimits(this.pointer, clients, fields, heads, body);
  }

  setWall(seconds: number): void {
    this.exports.setWall(this.pointer, BigInt(seconds));
  }

  /** '' when they are in order. */
  get rulesProblem(): string {
    return fromModule(this.exports, this.exports.rulesProblem(this.pointer));
  }

  /** The refusals counted, by their labels. */
  get refused(): Record<string, number> {
    const all: Record<string, number> = {};
    for (let why = 0; why < this.exports.REFUSALS.value; why++) {
      const count = Number(this.exports.refused(this.pointer, why));
      if (count > 0) all[fromModule(this.exports, this.exports.label(why))] = count;
    }
    return all;
  }

  counter(name: Counter): number {
    return Number(this.exports.counter(this.pointer, COUNTERS.indexOf(name)));
  }

  /** A stream that opens at `now` seconds; undefined when it is refused. */
  connect(now = 0): Client | undefined {
    const pointer = this.exports.open(this.pointer, BigInt(Math.round(now * 1e9)));
    return pointer === 0 ? undefined : new Client(this, pointer, now);
  }

  client(now = 0): Client {
    const client = this.connect(now);
    if (!client) throw new Error('the test has too many clients');
    return client;
  }

  /** What a new client gets for `request`, all of it. */
  ask(request: string | Buffer, manner: Manner = {}): string {
    const client = this.client();
    const got = client.exchange(request, manner);
    client.close();
    return got;
  }
}

export class Client {
  readonly #site: Site;
  readonly pointer: number;
  /** In seconds. */
  now: number;

  constructor(site: Site, pointer: number, now: number) {
    this.#site = site;
    this.pointer = pointer;
    this.now = now;
  }

  get #time(): bigint {
    return BigInt(Math.round(this.now * 1e9));
  }

  /** Gives bytes; how many were taken. */
  give(bytes: Buffer): number {
    const { exports, pointer } = this.#site;
    Buffer.from(exports.memory.buffer, exports.sent.value, bytes.length).set(bytes);
    const taken = exports.input(pointer, this.pointer, 0, bytes.length, this.#time);
    if (taken > bytes.length) throw new Error(`${taken} bytes taken of ${bytes.length}`);
    return taken;
  }

  /** One output. */
  take(room = 65536): string {
    const { exports, pointer } = this.#site;
    const got = exports.output(pointer, this.pointer, room, this.#time);
    if (got > room) throw new Error(`${got} bytes written into ${room}`);
    return Buffer.from(exports.memory.buffer, exports.received.value, got).toString('latin1');
  }

  /** Output until there is none. */
  drain(room = 65536): string {
    let all = '';
    for (;;) {
      const some = this.take(room);
      if (some === '') return all;
      all += some;
    }
  }

  /** Sends it as the caller of the server must, and returns all that comes back. */
  exchange(request: string | Buffer, { piece = Infinity, room = 65536 }: Manner = {}): string {
    const bytes = typeof request === 'string' ? Buffer.from(request, 'latin1') : request;
    let got = '';
    let at = 0;
    let idle = 0;
    while (at < bytes.length && idle < 2) {
      const taken = this.give(bytes.subarray(at, at + Math.min(piece, bytes.length - at, 1 << 16)));
      const some = this.drain(room);
      idle = taken === 0 && some === '' ? idle + 1 : 0;
      at += taken;
      got += some;
    }
    if (at < bytes.length) throw new Error(`the server is stuck after ${at} of ${bytes.length} bytes`);
    return got + this.drain(room);
  }

  expire(now: number): void {
    this.now = now;
    this.#site.exports.expire(this.#site.pointer, this.pointer, this.#time);
  }

  end(): void {
    this.#site.exports.end(this.#site.pointer, this.pointer);
  }

  close(): void {
    this.#site.exports.close(this.#site.pointer, this.pointer);
  }

  get finished(): boolean {
    return this.#site.exports.finished(this.pointer) !== 0;
  }

  get failed(): boolean {
    return this.#site.exports.failed(this.pointer) !== 0;
  }

  /** In seconds; Infinity when there is none. */
  get deadline(): number {
    const deadline = BigInt.asUintN(64, this.#site.exports.deadline(this.pointer));
    return deadline === 2n ** 64n - 1n ? Infinity : Number(deadline) / 1e9;
  }
}

export interface Response {
  readonly status: number;
  /** By lower-case names; lines of the same name joined by commas. */
  readonly fields: Readonly<Record<string, string>>;
  readonly content: string;
}

/** The responses in `text`, checked by the grammar of RFC 9112; `methods` are those of the requests, GET where none is said. */
export function parse(text: string, methods: readonly string[] = []): Response[] {
  const all: Response[] = [];
  let finals = 0;
  while (text !== '') {
    const end = text.indexOf('\r\n\r\n');
    const [line = '', ...lines] = text.slice(0, end).split('\r\n');
    const status = /^HTTP\/1\.1 ([1-5]\d\d) [ -~]+$/.exec(line);
    if (end < 0 || !status) throw new Error(`no response: ${JSON.stringify(text.slice(0, 200))}`);
    const fields: Record<string, string> = {};
    for (const one of lines) {
      const parts = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([ -~]*)$/.exec(one);
      if (!parts) throw new Error(`no field: ${JSON.stringify(one)}`);
      const [, name = '', value = ''] = parts;
      const key = name.toLowerCase();
      fields[key] = key in fields ? `${fields[key]}, ${value}` : value;
    }
    const code = Number(status[1]);
    const none = code < 200 || code === 204 || code === 304 || (code >= 200 && methods[finals] === 'HEAD');
    const size = none ? 0 : Number(fields['content-length']);
    const content = text.slice(end + 4, end + 4 + size);
    if (content.length !== size) throw new Error(`${content.length} bytes of content of ${size}`);
    all.push({ status: code, fields, content });
    text = text.slice(end + 4 + size);
    if (code >= 200) finals++;
  }
  return all;
}

/** The one response in `text`. */
export function one(text: string, method = 'GET'): Response {
  const [response, ...more] = parse(text, [method]);
  if (!response || more.length > 0)
    throw new Error(`not one response: ${JSON.stringify(text.slice(0, 300))}`);
  return response;
}

/** A request for `path` with these fields, as lines. */
export function get(path: string, ...fields: readonly string[]): string {
  return `${['GET ' + path + ' HTTP/1.1', 'Host: kittiwake.test', ...fields].join('\r\n')}\r\n\r\n`;
}

export async function loadHttp(): Promise<
  (files: Readonly<Record<string, string | Buffer>>, options?: Options) => Site
> {
  const module = await compileEntry('test/libos/http/http.as.ts');
  return (files, options = {}) => new Site(module, files, options);
}
