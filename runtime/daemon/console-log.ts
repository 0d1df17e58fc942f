// What a unikernel printed, on the disk: files of lines with their times, of which the oldest goes when the newest is full. Lines are handed to the kernel
// as they come, and no one waits for the disk: they outlive the daemon however it ends, and the host's crash but for its last seconds.
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import type { Line } from './console.ts';

/** Bytes of a file; files of a unikernel. */
export const FILE_MAX = 256 << 10;
export const FILES_MAX = 4;
/** Bytes that may wait for a disk that is slower than what is printed. */
const WAITING_MAX = 1 << 20;
/** Milliseconds until the disk is tried again. */
export const RETRY_MS = 1000;

const NEWLINE = 10;
const ROW = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (.*)$/s;

const row = ({ time, line }: Line): Buffer => Buffer.from(`${time.toISOString()} ${line}\n`);

/** The lines of a file. What is none, or has no end, was on its way when the host ended. */
function rows(text: string): Line[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole.split('\n').flatMap((each) => {
    const [, at = '', line] = ROW.exec(each) ?? [];
    const time = new Date(at);
    return line === undefined || Number.isNaN(time.getTime()) ? [] : { time, line };
  });
}

export class ConsoleLog {
  readonly #folder: string;
  readonly #event: (text: string) => void;
  /** Of the files there are, the oldest first. */
  readonly #numbers: number[];
  /** The places of lines on the disk, of those somebody still holds; those before this one was opened are below 0. */
  readonly #places = new WeakMap<Line, number>();
  #next = 0;
  #handle: fs.FileHandle | undefined;
  /** Bytes of the newest file, all of them whole lines. */
  #size = 0;
  #last: Promise<unknown> = Promise.resolve();
  #batch: Line[] | undefined;
  /** Bytes of lines that wait. */
  #waiting = 0;
  /** Lines that could not be written since the last that could. */
  #missing = 0;
  #failing = false;
  #retryAt = 0;
  #removed = false;

  private constructor(folder: string, numbers: number[], event: (text: string) => void) {
    this.#folder = folder;
    this.#numbers = numbers;
    this.#event = event;
  }

  /** What is in `folder`, which is made when there is something to write, and the last `count` lines of it. `event` hears when the disk takes no more, and when it does again. */
  static async open(
    folder: string,
    count: number,
    event: (text: string) => void,
  ): Promise<{ log: ConsoleLog; last: Line[] }> {
    const files = await fs.readdir(folder).catch(() => []);
    const numbers = files.filter((name) => /^\d{1,15}$/.test(name)).map(Number);
    const log = new ConsoleLog(
      folder,
      numbers.sort((a, b) => a - b),
      event,
    );
    let last: Line[] = [];
    for (const number of [...numbers].reverse())
      if (last.length < count) last = [...(await log.#rowsOf(number)), ...last];
    last = last.slice(-count);
    for (const [at, line] of last.entries()) log.#places.set(line, at - last.length);
    return { log, last };
  }

  #path(number: number): string {
    return join(this.#folder, String(number));
  }

  async #rowsOf(number: number): Promise<Line[]> {
    return rows(await fs.readFile(this.#path(number), 'utf8').catch(() => ''));
  }

  /** Writes `lines`, soon. */
  append(lines: readonly Line[]): void {
    const bytes = lines.reduce((sum, { line }) => sum + line.length, 0);
    if (this.#waiting + bytes > WAITING_MAX) {
      this.#missing += lines.length;
      return;
    }
    this.#waiting += bytes;
    if (this.#batch === undefined) {
      const batch: Line[] = [];
      this.#batch = batch;
      void this.#after(() => this.#write(batch));
    }
    for (const line of lines) this.#batch.push(line);
  }

  /** All lines before `recent`, the last of those that were appended, as far as they are on the disk. */
  async before(recent: readonly Line[]): Promise<Line[]> {
    this.#batch = undefined; // What is appended from now on is written after this has been read.
    return this.#after(async () => {
      const all = (await Promise.all(this.#numbers.map((number) => this.#rowsOf(number)))).flat();
      const places = recent.map((line) => this.#places.get(line) ?? this.#next);
      const oldest = Math.min(this.#next, ...places);
      return all.slice(0, Math.max(0, all.length - (this.#next - oldest)));
    });
  }

  /** Once all that was appended is written. */
  close(): Promise<void> {
    return this.#after(() => this.#closeFile());
  }

  /** Takes it off the disk; what comes after is not written. */
  remove(): Promise<void> {
    return this.#after(async () => {
      this.#removed = true;
      await this.#closeFile();
      await fs.rm(this.#folder, { recursive: true, force: true });
    });
  }

  /** Does `action` after all that was asked for before. */
  #after<T>(action: () => Promise<T>): Promise<T> {
    const next = this.#last.then(action);
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #write(batch: readonly Line[]): Promise<void> {
    if (this.#batch === batch) this.#batch = undefined;
    this.#waiting -= batch.reduce((sum, { line }) => sum + line.length, 0);
    if (this.#removed) return;
    if (Date.now() < this.#retryAt) {
      this.#missing += batch.length;
      return;
    }
    const missing = this.#missing;
    const gap = `[kittiwaked: ${missing} lines could not be written to the disk]`;
    const [first] = batch;
    let left = batch.length;
    try {
      if (missing > 0 && first) await this.#add([{ time: first.time, line: gap }]);
      this.#missing -= missing;
      for (let from = 0; from < batch.length;) from += await this.#add(batch.slice(from));
      left = 0;
      if (this.#failing)
        this.#event(`console: is written to the disk again; ${missing} lines are missing there`);
      this.#failing = false;
    } catch (error) {
      left = batch.filter((line) => !this.#places.has(line)).length;
      this.#retryAt = Date.now() + RETRY_MS;
      await this.#closeFile();
      if (!this.#failing)
        this.#event(
          `console: cannot be written to the disk (${(error as Error).message}); its last lines are kept in memory`,
        );
      this.#failing = true;
    }
    this.#missing += left;
  }

  /** Writes the first of `lines`, as many as fit in a file; how many those are. */
  async #add(lines: readonly Line[]): Promise<number> {
    const [first] = lines;
    if (first && this.#size > 0 && this.#size + row(first).length > FILE_MAX) await this.#rotate();
    const handle = (this.#handle ??= await this.#open());
    const taken: Buffer[] = [];
    let bytes = 0;
    for (const line of lines) {
      const next = row(line);
      if (taken.length > 0 && this.#size + bytes + next.length > FILE_MAX) break;
      taken.push(next);
      bytes += next.length;
    }
    try {
      await handle.writeFile(Buffer.concat(taken));
    } catch (error) {
      // All of it, or nothing: half a line would be joined to the next.
      await handle.truncate(this.#size).catch(() => undefined);
      throw error;
    }
    this.#size += bytes;
    for (const line of lines.slice(0, taken.length)) this.#places.set(line, this.#next++);
    return taken.length;
  }

  /** Opens the newest file, without half a line at its end, which is what a host or a daemon left that ended meanwhile. */
  async #open(): Promise<fs.FileHandle> {
    await fs.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    if (this.#numbers.length === 0) this.#numbers.push(1);
    const handle = await fs.open(this.#path(this.#numbers.at(-1) ?? 1), 'a+', 0o600);
    try {
      const bytes = await handle.readFile();
      this.#size = bytes.lastIndexOf(NEWLINE) + 1;
      if (this.#size < bytes.length) await handle.truncate(this.#size);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Goes on with a new file. */
  async #rotate(): Promise<void> {
    await this.#closeFile();
    this.#numbers.push((this.#numbers.at(-1) ?? 0) + 1);
    this.#size = 0;
    while (this.#numbers.length > FILES_MAX) {
      const [oldest = 0] = this.#numbers;
      await fs.rm(this.#path(oldest), { force: true });
      this.#numbers.shift();
    }
  }

  async #closeFile(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }
}
