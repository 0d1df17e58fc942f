// Who wants to hear of what happens: lines of a console, events, statistics. Each hears only of what it asked for.
import { isWithin, type Name } from '../protocol/name.ts';
import type { Data } from '../protocol/data.ts';

/** Takes what is told; false where whoever it was for is gone. */
export type Take = (subject: Name, data: Data) => boolean;

interface Subscriber {
  readonly scope: Name;
  readonly take: Take;
}

export class Subscribers {
  readonly #all = new Set<Subscriber>();

  get count(): number {
    return this.#all.size;
  }

  /** Tells `take` of everything at and below `scope`; what is returned ends that. */
  add(scope: Name, take: Take): () => void {
    const subscriber = { scope, take };
    this.#all.add(subscriber);
    return () => void this.#all.delete(subscriber);
  }

  /** Whether anybody is to be told of `subject`. */
  listen(subject: Name): boolean {
    return [...this.#all].some(({ scope }) => isWithin(subject, scope));
  }

  tell(subject: Name, data: Data): void {
    for (const subscriber of this.#all)
      if (isWithin(subject, subscriber.scope) && !subscriber.take(subject, data))
        this.#all.delete(subscriber);
  }
}
