// How a reader gets on with a lab: what somebody who looks after them would want to know. Times are milliseconds since 1970.

/** A part that has not passed since. */
export interface Failure {
  readonly part: string;
  readonly index: number;
  /** One line each. */
  readonly causes: readonly string[];
  /** How often it failed, and since when. */
  readonly times: number;
  readonly since: number;
}

export class Course {
  #failure: Failure | undefined;
  #movedAt = 0;

  /** The part that failed last, until it passes or a later one does. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** When a part last came to its end, or a lab was opened. */
  get movedAt(): number {
    return this.#movedAt;
  }

  /** A part came to its end by itself, well where there are no causes. */
  ended({ part, index, causes }: Pick<Failure, 'part' | 'index' | 'causes'>, now: number): void {
    this.#movedAt = now;
    const before = this.#failure;
    if (causes.length === 0) {
      if (before && index >= before.index) this.#failure = undefined;
      return;
    }
    const again = before?.part === part ? before : { times: 0, since: now };
    this.#failure = { part, index, causes, times: again.times + 1, since: again.since };
  }

  /** Another lab is open. */
  begin(now: number): void {
    this.#failure = undefined;
    this.#movedAt = now;
  }
}
