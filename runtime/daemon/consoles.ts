// The consoles of unikernels: the last lines in memory, more of them on the disk.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { formatName, type Name } from '../protocol/name.ts';
import { ConsoleRing, LINES_MAX, type Line } from './console.ts';
import { ConsoleLog } from './console-log.ts';

/** Which lines somebody wants: so many, or those of a time and later. */
export type Wanted =
  { readonly kind: 'count'; readonly value: number } | { readonly kind: 'since'; readonly value: Date };

export class Console {
  readonly #ring: ConsoleRing;
  readonly #log: ConsoleLog | undefined;

  /** @param log - Where lines are kept as well. @param last - The last of them. */
  constructor(log?: ConsoleLog, last: readonly Line[] = []) {
    this.#ring = new ConsoleRing(last);
    this.#log = log;
  }

  /** Takes what was printed at `time`; the lines that are complete with it. */
  push(bytes: Uint8Array, time: Date): Line[] {
    return this.#kept(this.#ring.push(bytes, time));
  }

  /** What was printed last without an end of line, as a line: nothing follows it any more. */
  end(time: Date): Line[] {
    return this.#kept(this.#ring.end(time));
  }

  #kept(lines: Line[]): Line[] {
    if (lines.length > 0) this.#log?.append(lines);
    return lines;
  }

  /** The lines `wanted` of those there are when this is called; the disk is read only where memory has too few. */
  async lines({ kind, value }: Wanted): Promise<Line[]> {
    const recent = this.#ring.all();
    const [first] = recent;
    const enough = kind === 'count' ? recent.length >= value : first !== undefined && first.time < value;
    const all = enough ? recent : [...((await this.#log?.before(recent)) ?? []), ...recent];
    if (kind === 'count') return value > 0 ? all.slice(-value) : [];
    return all.filter(({ time }) => time >= value);
  }

  /** Once all that was printed so far is with the kernel, or cannot be. */
  async close(): Promise<void> {
    await this.#log?.close();
  }

  /** Forgets what is on the disk. What cannot be removed now is when the daemon starts. */
  async remove(): Promise<void> {
    await this.#log?.remove().catch(() => undefined);
  }
}

export class Consoles {
  readonly #folder: string;
  readonly #event: (subject: Name, text: string) => void;

  /** @param event - Hears when the disk takes no more lines, and when it does again. */
  constructor(folder: string, event: (subject: Name, text: string) => void) {
    this.#folder = folder;
    this.#event = event;
  }

  /** By the digest of its name, which may be longer than a file's. */
  #id(name: Name): string {
    return createHash('sha256').update(formatName(name)).digest('hex');
  }

  async open(name: Name): Promise<Console> {
    const folder = join(this.#folder, this.#id(name));
    const { log, last } = await ConsoleLog.open(folder, LINES_MAX, (text) => this.#event(name, text));
    return new Console(log, last);
  }

  /** Removes what none of `names` has printed. */
  async collect(names: readonly Name[]): Promise<void> {
    const wanted = new Set(names.map((name) => this.#id(name)));
    for (const id of await fs.readdir(this.#folder).catch(() => []))
      if (!wanted.has(id)) await fs.rm(join(this.#folder, id), { recursive: true, force: true });
  }
}
