// So many a second, and a few more at once.

export class Allowance {
  readonly #perSecond: number;
  readonly #most: number;
  #left: number;
  #at: number | undefined;

  /** `most` at once, and from then on `perSecond`. */
  constructor(perSecond: number, most: number) {
    this.#perSecond = perSecond;
    this.#most = most;
    this.#left = most;
  }

  /** How much is left at `now`, in ms. */
  left(now: number): number {
    this.take(0, now);
    return this.#left;
  }

  /** Takes `amount` at `now`, in ms; false where there is not so much left. */
  take(amount: number, now: number): boolean {
    const gained = ((now - (this.#at ?? now)) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#most, this.#left + Math.max(0, gained));
    this.#at = now;
    if (amount > this.#left) return false;
    this.#left -= amount;
    return true;
  }
}
