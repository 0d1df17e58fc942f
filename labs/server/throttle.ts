// Holds a terminal's output when it comes faster than pages take it, or than anybody could read.

/** Of a terminal, in bytes. A screen full of text is 4 KiB. */
const PER_SLOT = 128 * 1024;
const SLOT_MS = 125;
/** Of what a page has not taken yet, in bytes. */
const BEHIND_MAX = 256 * 1024;
const ASK_AGAIN_MS = 25;

export class Throttle {
  readonly #hold: (held: boolean) => void;
  readonly #behind: () => number;
  #passed = 0;
  #slot = 0;
  #held = false;

  /** `behind` is of the page that is the furthest behind, in bytes. */
  constructor(hold: (held: boolean) => void, behind: () => number) {
    this.#hold = hold;
    this.#behind = behind;
  }

  /** So many bytes are passed on now. */
  passed(bytes: number): void {
    const slot = Math.floor(performance.now() / SLOT_MS);
    if (slot !== this.#slot) this.#passed = 0;
    this.#slot = slot;
    this.#passed += bytes;
    if (this.#held || this.#mayGoOn()) return;
    this.#held = true;
    this.#hold(true);
    this.#later();
  }

  #mayGoOn(): boolean {
    const sameSlot = Math.floor(performance.now() / SLOT_MS) === this.#slot;
    return !(sameSlot && this.#passed > PER_SLOT) && this.#behind() <= BEHIND_MAX;
  }

  #later(): void {
    setTimeout(() => {
      if (!this.#mayGoOn()) return this.#later();
      this.#held = false;
      this.#hold(false);
    }, ASK_AGAIN_MS).unref();
  }
}
