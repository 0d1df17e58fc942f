// How much of what a guest prints is taken: a guest decides what it prints, and the host has other things to do.
import type { Readable } from 'node:stream';

/** Lines of one unikernel that are kept in a second, on average. */
export const LINES_A_SECOND = 2000;
/** So many may come at once, after a time in which fewer came. */
export const LINES_AT_ONCE = 20_000;

const SECOND_MS = 1000;

/** Counts lines. What is above the limit comes in whole seconds, so that what was left out is told once a second at most. */
export class LineLimit {
  #left = LINES_AT_ONCE;
  #from: number | undefined;

  /** Whether a line that comes at `time` is within the limit. */
  allows(time: Date): boolean {
    const now = time.getTime();
    // The host's clock may be set back.
    if (this.#from === undefined || now < this.#from) this.#from = now;
    const seconds = Math.floor((now - this.#from) / SECOND_MS);
    this.#from += seconds * SECOND_MS;
    this.#left = Math.min(LINES_AT_ONCE, this.#left + seconds * LINES_A_SECOND);
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}

/** Bytes of one unikernel that are read within a window; a guest that prints more waits for the next, as at any slow terminal. */
export const WINDOW_BYTES = 400_000;
const WINDOW_MS = 100;

/** Hands on to `output` what comes from `reader`, and reads no faster than the limit. */
export function paced(reader: Readable, output: (bytes: Uint8Array) => void): void {
  let left = WINDOW_BYTES;
  let window: NodeJS.Timeout | undefined;
  reader.on('data', (bytes: Uint8Array) => {
    output(bytes);
    left -= bytes.length;
    window ??= setTimeout(() => {
      window = undefined;
      left = WINDOW_BYTES;
      reader.resume();
    }, WINDOW_MS);
    if (left <= 0) reader.pause();
  });
  reader.once('close', () => clearTimeout(window));
}
