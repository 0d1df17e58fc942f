// The last lines a unikernel printed. Bytes go in, lines with their times are kept, as many as the ring has room for, and no more in a second than the limit.
import { LineLimit } from './console-limit.ts';

export interface Line {
  readonly time: Date;
  readonly line: string;
}

/** Lines kept of each unikernel. */
export const LINES_MAX = 1024;
/** Bytes of the longest line; of a longer one the rest is left out. */
export const LINE_MAX = 512;

const NEWLINE = 10;
const TRUNCATED = ' [truncated]';

export class ConsoleRing {
  readonly #lines: Line[];
  readonly #limit = new LineLimit();
  #oldest = 0;
  #partial = Buffer.alloc(LINE_MAX);
  #length = 0;
  /** The rest of a line that was too long is on its way. */
  #skipping = false;
  /** Lines above the limit, since the last that was within it. */
  #leftOut = 0;

  /** @param last - What was printed before. */
  constructor(last: readonly Line[] = []) {
    this.#lines = last.slice(-LINES_MAX);
  }

  /** Keeps a line; with one before it that tells of those above the limit. */
  #add(time: Date, text: string): Line[] {
    if (this.#limit.allows(time)) return [...this.#told(time), this.#keep(time, text)];
    this.#leftOut += 1;
    return [];
  }

  #told(time: Date): Line[] {
    if (this.#leftOut === 0) return [];
    const said = this.#keep(time, `[kittiwaked: ${this.#leftOut} lines left out: it prints too fast]`);
    this.#leftOut = 0;
    return [said];
  }

  #keep(time: Date, text: string): Line {
    const line = { time, line: text };
    if (this.#lines.length < LINES_MAX) this.#lines.push(line);
    else {
      this.#lines[this.#oldest] = line;
      this.#oldest = (this.#oldest + 1) % LINES_MAX;
    }
    return line;
  }

  #take(): string {
    const text = this.#partial.toString('utf8', 0, this.#length);
    this.#length = 0;
    return text;
  }

  /** Takes what was printed at `time`; the lines that are complete with it, empty ones left out. */
  push(bytes: Uint8Array, time: Date): Line[] {
    const complete: Line[] = [];
    for (const byte of bytes) {
      if (byte === NEWLINE) {
        if (!this.#skipping && this.#length > 0) complete.push(...this.#add(time, this.#take()));
        this.#skipping = false;
      } else if (!this.#skipping) {
        this.#partial[this.#length] = byte;
        this.#length += 1;
        if (this.#length < LINE_MAX) continue;
        complete.push(...this.#add(time, `${this.#take()}${TRUNCATED}`));
        this.#skipping = true;
      }
    }
    return complete;
  }

  /** What was printed last without an end of line, as a line: nothing follows it any more. */
  end(time: Date): Line[] {
    this.#skipping = false;
    const last = this.#length > 0 ? this.#add(time, this.#take()) : [];
    return [...last, ...this.#told(time)];
  }

  /** All that is kept, the oldest first. */
  all(): Line[] {
    return [...this.#lines.slice(this.#oldest), ...this.#lines.slice(0, this.#oldest)];
  }
}
