// The handles metrics.as.ts exports, and readers of both formats that take nothing the formats do not allow.
import { compileEntry, instantiate, toModule, type Module } from '../module.ts';

export interface Metrics extends Module {
  readonly out: { readonly value: number };
  readonly request: { readonly value: number };
  open(capacity: number, measurement: number, host: number): number;
  register(registry: number, kind: number, name: number, help: number): number;
  registerLabelled(
    registry: number,
    kind: number,
    name: number,
    help: number,
    label: number,
    value: number,
  ): number;
  registerTwice(registry: number, name: number, help: number, a: number, b: number): number;
  add(registry: number, id: number, n: bigint): void;
  set(registry: number, id: number, value: bigint): void;
  watch(registry: number, id: number): void;
  cursor(registry: number): number;
  prometheus(registry: number, cursor: number, room: number): number;
  influx(registry: number, cursor: number, room: number, wall: bigint): number;
  isDone(cursor: number): number;
  response(): number;
  begin(response: number, registry: number, size: number): number;
  output(response: number, registry: number, room: number, wall: bigint): number;
  isFinished(response: number): number;
  pages(): number;
}

export const [COUNTER, GAUGE] = [0, 1];

/** A table in memory of its own. */
export class Table {
  readonly module: Metrics;
  private readonly registry: number;

  constructor(module: Metrics, capacity = 16, measurement = 'kittiwake', host = '') {
    this.module = module;
    this.registry = module.open(capacity, this.text(measurement), this.text(host));
  }

  private text(value: string): number {
    return toModule(this.module, value);
  }

  counter(name: string, help: string, value: bigint, label?: [string, string], kind = COUNTER): number {
    const [n, h] = [this.text(name), this.text(help)];
    const id =
      label === undefined
        ? this.module.register(this.registry, kind, n, h)
        : this.module.registerLabelled(this.registry, kind, n, h, this.text(label[0]), this.text(label[1]));
    this.module.add(this.registry, id, value);
    return id;
  }

  twoLabels(name: string, help: string, a: string, b: string): number {
    return this.module.registerTwice(
      this.registry,
      this.text(name),
      this.text(help),
      this.text(a),
      this.text(b),
    );
  }

  add(id: number, n: bigint): void {
    this.module.add(this.registry, id, n);
  }

  set(id: number, value: bigint): void {
    this.module.set(this.registry, id, value);
  }

  watch(id: number, value: bigint): void {
    this.module.watch(this.registry, id);
    new DataView(this.module.memory.buffer).setBigUint64(this.module.request.value, value, true);
  }

  private take(size: number): string {
    return Buffer.from(this.module.memory.buffer, this.module.out.value, size).toString('utf8');
  }

  /** All of it, written in pieces of at most `room` bytes. */
  render(format: 'prometheus' | 'influx', room = 2048, wall = 1795247652123456789n): string[] {
    const cursor = this.module.cursor(this.registry);
    const pieces = [];
    while (this.module.isDone(cursor) === 0) {
      const size =
        format === 'prometheus'
          ? this.module.prometheus(this.registry, cursor, room)
          : this.module.influx(this.registry, cursor, room, wall);
      if (size === 0) break;
      pieces.push(this.take(size));
    }
    return pieces;
  }

  /** What a client that sends `request` gets, '' if more is expected of it. */
  respond(request: string, room = 2048): string {
    const response = this.module.response();
    const bytes = Buffer.from(request, 'latin1');
    Buffer.from(this.module.memory.buffer, this.module.request.value, bytes.length).set(bytes);
    if (this.module.begin(response, this.registry, bytes.length) === 0) return '';
    let answer = '';
    while (this.module.isFinished(response) === 0) {
      const size = this.module.output(response, this.registry, room, 1795247652123456789n);
      if (size === 0 || size > room) throw new Error(`it wrote ${size} bytes`);
      answer += this.take(size);
    }
    if (this.module.output(response, this.registry, room, 0n) !== 0) throw new Error('it goes on');
    return answer;
  }
}

/** Loads the module once; each call makes a table in memory of its own. */
export async function loadTables() {
  const module = await compileEntry('test/libos/metrics/metrics.as.ts');
  return (capacity?: number, measurement?: string, host?: string): Table =>
    new Table(instantiate<Metrics>(module), capacity, measurement, host);
}

/** Reads Prometheus's text format 0.0.4: values by name and labels. Throws at whatever the format does not allow. */
export function readPrometheus(text: string): Map<string, string> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const values = new Map<string, string>();
  const finished = new Set<string>();
  const typed = new Map<string, string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (?<what>HELP|TYPE) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<rest>.*)$/.exec(line)?.groups;
    const sample =
      /^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?<labels>(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\[\\"n])*"(?:,(?!\})|(?=\})))*)\})? (?<value>\d+)$/.exec(
        line,
      )?.groups;
    const name = comment?.['name'] ?? sample?.['name'];
    if (name === undefined) throw new Error(`neither comment nor value: ${line}`);
    if (name !== current) {
      if (finished.has(name)) throw new Error(`${name} is in two places`);
      finished.add(name);
      current = name;
    }
    if (comment) {
      if (/\\(?![\\n])/.test(comment['rest']?.replaceAll('\\\\', '') ?? ''))
        throw new Error(`wrong escape: ${line}`);
      if (comment['what'] === 'TYPE') typed.set(name, comment['rest'] ?? '');
    } else {
      if (!/^(counter|gauge)$/.test(typed.get(name) ?? '')) throw new Error(`${name} has no type yet`);
      values.set(`${name} ${sample?.['labels'] ?? ''}`, sample?.['value'] ?? '');
    }
  }
  return values;
}

export interface InfluxLine {
  readonly measurement: string;
  readonly tags: Record<string, string>;
  readonly field: string;
  readonly value: string;
  readonly at: string;
}

/** Reads Influx's line protocol, with integer fields only. */
export function readInflux(text: string): InfluxLine[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const unescaped = (part: string): string => part.replaceAll(/\\([, =])/g, '$1');
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      const match =
        /^(?<head>(?:[^, =\\]|\\.)+(?:,(?:[^, =\\]|\\.)+=(?:[^, =\\]|\\.)+)*) (?<field>\w+)=(?<value>\d+)i (?<at>\d+)$/.exec(
          line,
        )?.groups;
      if (!match) throw new Error(`not a line of Influx: ${line}`);
      const [measurement = '', ...tags] = (match['head'] ?? '').split(/(?<!\\),/);
      return {
        measurement: unescaped(measurement),
        tags: Object.fromEntries(tags.map((tag) => tag.split(/(?<!\\)=/).map(unescaped) as [string, string])),
        field: match['field'] ?? '',
        value: match['value'] ?? '',
        at: match['at'] ?? '',
      };
    });
}
