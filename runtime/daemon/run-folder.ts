// What is known on the host of a unikernel that runs: a folder each, in a place that is empty after the host's start. It is written before anything is
// made, so that whatever a killed daemon leaves behind is found by the next.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatName, type Name } from '../protocol/name.ts';
import type { Identity } from './identity.ts';
import type { Ended } from './ended.ts';

const run = promisify(execFile);

export interface RunRecord {
  /** In its canonical form. */
  readonly name: string;
  /** Of what was to run: the digest of its settings and its image. */
  readonly fingerprint: string;
  /** Interfaces that were made for it. */
  readonly taps: readonly string[];
  /** Absent until there is a process. */
  readonly process?: Identity;
}

/** A tender's word about what happened (runtime/tender/README.md, Events). */
interface TenderEvent {
  readonly event: string;
  /** Milliseconds since 1970. */
  readonly time?: number;
  readonly reason?: string;
  readonly status?: number;
  readonly signal?: number;
  readonly message?: string;
}

/** Most that is read of a tender's events: it writes a handful of lines. */
const EVENTS_MAX = 1 << 20;

/** A page: more than a tender tells. */
const EVENTS_ROOM = 4096;

export interface Told {
  /** Absent: it has not begun. */
  readonly started?: Date;
  /** Absent: it runs, or it was killed. */
  readonly ended?: Ended;
  /** What it said where it would not start. */
  readonly refusal?: string;
}

export class RunFolder {
  readonly path: string;
  readonly console: string;
  readonly events: string;
  /** What the tender counts into, where it does. */
  readonly stats: string;
  readonly #record: string;
  readonly #asked: string;

  constructor(folder: string, id: string) {
    this.path = join(folder, id);
    this.console = join(this.path, 'console');
    this.events = join(this.path, 'events');
    this.stats = join(this.path, 'stats');
    this.#record = join(this.path, 'run');
    this.#asked = join(this.path, 'asked');
  }

  /** That of the unikernel `name`: names may be longer than a file's. */
  static of(folder: string, name: Name): RunFolder {
    return new RunFolder(folder, createHash('sha256').update(formatName(name)).digest('hex').slice(0, 32));
  }

  /** All in `folder`. */
  static async all(folder: string): Promise<RunFolder[]> {
    return (await fs.readdir(folder)).map((id) => new RunFolder(folder, id));
  }

  /** Makes it; `record` is on the disk before anything else is. */
  async make(record: RunRecord): Promise<void> {
    await fs.mkdir(this.path, { mode: 0o700 });
    await this.write(record);
    // The tender writes over it, and so has room for what it tells whoever fills the disk.
    await fs.writeFile(this.events, ' '.repeat(EVENTS_ROOM), { mode: 0o600 });
  }

  async makePipe(): Promise<void> {
    await run('mkfifo', ['--mode=600', this.console]);
  }

  async write(record: RunRecord): Promise<void> {
    const next = `${this.#record}.new`;
    await fs.writeFile(next, JSON.stringify(record), { mode: 0o600 });
    await fs.rename(next, this.#record);
  }

  /** What was written; undefined where nothing was. */
  async read(): Promise<RunRecord | undefined> {
    try {
      return JSON.parse(await fs.readFile(this.#record, 'utf8')) as RunRecord;
    } catch (error) {
      // A folder whose record was never written has nothing else to it either.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError)
        return undefined;
      throw error;
    }
  }

  /** What the tender has told so far. */
  async told(): Promise<Told> {
    const bytes = await fs.readFile(this.events).catch(() => Buffer.alloc(0));
    let told: Told = {};
    for (const line of bytes.subarray(0, EVENTS_MAX).toString('utf8').split('\n')) {
      const event = parsed(line);
      if (event?.event === 'started') told = { ...told, started: new Date(event.time ?? 0) };
      if (event?.event !== 'exit') continue;
      const { reason, status = 255, signal, message } = event;
      const ended = reason === 'signal' ? { signal: signalName(signal) } : { status };
      told = {
        ...told,
        ended,
        ...(reason === 'refused' && message !== undefined ? { refusal: message } : {}),
      };
    }
    return told;
  }

  /** Notes that its end is what we ask for: it says nothing about whether it is to run. */
  async ask(): Promise<void> {
    await fs.writeFile(this.#asked, '');
  }

  get asked(): boolean {
    return existsSync(this.#asked);
  }

  async remove(): Promise<void> {
    // The record last: until then the next daemon knows what to take away.
    await Promise.all([this.console, this.events].map((path) => fs.rm(path, { force: true })));
    await fs.rm(this.path, { recursive: true, force: true });
  }
}

/** A line that was cut off, or is none of ours, says nothing. */
function parsed(line: string): TenderEvent | undefined {
  try {
    return JSON.parse(line) as TenderEvent;
  } catch {
    return undefined;
  }
}

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

function signalName(number: number | undefined): string {
  return SIGNALS.get(number ?? 0) ?? `signal ${number ?? 'unknown'}`;
}
