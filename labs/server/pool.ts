// How many machines there are at once: who finds no room waits in a line, and is told the place.

export interface Bounds {
  /** Whether there is room for one more beside `running`. Asked again whenever one ends, and every second while somebody waits. */
  readonly hasRoom: (running: number) => boolean;
  /** Machines that may be on their way up at once. */
  readonly startsAtOnce: number;
}

/** The right to have a machine. */
export interface Seat {
  /** The machine is up. */
  arrived(): void;
  /** It is gone. */
  leave(): void;
}

interface Waiting {
  readonly onPlace: (place: number) => void;
  readonly go: (seat: Seat) => void;
}

const ASK_AGAIN_MS = 1000;

export class Pool {
  readonly #bounds: Bounds;
  readonly #line: Waiting[] = [];
  #running = 0;
  #starting = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** Machines that run, or are on their way up. */
  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#line.length;
  }

  /** Waits for room. `onPlace` hears the place in the line, from 1, whenever it changes. Rejects when `stop` is aborted. */
  enter(onPlace: (place: number) => void, stop: AbortSignal): Promise<Seat> {
    stop.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Seat>();
    const waiting = { onPlace, go: resolve };
    const giveUp = (): void => {
      const at = this.#line.indexOf(waiting);
      if (at < 0) return;
      this.#line.splice(at, 1);
      this.#tellPlaces(at);
      reject(stop.reason as Error);
    };
    stop.addEventListener('abort', giveUp, { once: true });
    this.#line.push(waiting);
    this.#admit();
    const place = this.#line.indexOf(waiting) + 1;
    if (place > 0) onPlace(place);
    return promise.finally(() => stop.removeEventListener('abort', giveUp));
  }

  #admit(): void {
    let admitted = 0;
    for (;;) {
      const [next] = this.#line;
      if (!next || this.#starting >= this.#bounds.startsAtOnce || !this.#bounds.hasRoom(this.#running)) break;
      this.#line.shift();
      next.go(this.#seat());
      admitted++;
    }
    if (admitted > 0) this.#tellPlaces(0);
    clearTimeout(this.#timer);
    // Memory comes back without our hearing of it.
    if (this.#line.length > 0) this.#timer = setTimeout(() => this.#admit(), ASK_AGAIN_MS).unref();
  }

  #tellPlaces(from: number): void {
    for (const [index, { onPlace }] of this.#line.entries()) if (index >= from) onPlace(index + 1);
  }

  #seat(): Seat {
    let starting = true;
    let here = true;
    this.#running++;
    this.#starting++;
    const arrived = (): void => {
      if (!starting) return;
      starting = false;
      this.#starting--;
      this.#admit();
    };
    return {
      arrived,
      leave: () => {
        if (!here) return;
        here = false;
        this.#running--;
        arrived();
        this.#admit();
      },
    };
  }
}
