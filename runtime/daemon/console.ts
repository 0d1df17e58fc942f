// The last lines a unikernel printed. Bytes go in, lines with their times are kept, as many as the ring has room for.

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
  readonly #lines: Line[] = [];
  #oldest = 0;
  #partial = Buffer.alloc(LINE_MAX);
  #length = 0;
  /** The rest of a line that was too long is on its way. */
  #skipping = false;

  #add(time: Date, text: string): Line {
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
        if (!this.#skipping && this.#length > 0) complete.push(this.#add(time, this.#take()));
        this.#skipping = false;
      } else if (!this.#skipping) {
        this.#partial[this.#length] = byte;
        this.#length += 1;
        if (this.#length < LINE_MAX) continue;
        complete.push(this.#add(time, `${this.#take()}${TRUNCATED}`));
        this.#skipping = true;
      }
    }
    return complete;
  }

  /** What was printed last without an end of line, as a line: nothing follows it any more. */
  end(time: Date): Line[] {
    this.#skipping = false;
    return this.#length > 0 ? [this.#add(time, this.#take())] : [];
  }

  /** All that is kept, the oldest first. */
  all(): Line[] {
    return [...this.#lines.slice(this.#oldest), ...this.#lines.slice(0, this.#oldest)];
  }

  /** The newest `count` lines. */
  last(count: number): Line[] {
    return count > 0 ? this.all().slice(-count) : [];
  }

  /** The lines of `time` and later. */
  since(time: Date): Line[] {
    return this.all().filter((line) => line.time >= time);
  }
}
