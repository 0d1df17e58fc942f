// The last of what a terminal was sent before there was one.
const MOST = 256 * 1024;

export class Backlog {
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  add(bytes: Uint8Array<ArrayBuffer>): void {
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    while (this.#bytes > MOST) this.#bytes -= this.#pieces.shift()?.length ?? 0;
  }

  /** All there is, which is then no longer here. */
  take(): readonly Uint8Array<ArrayBuffer>[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }
}
