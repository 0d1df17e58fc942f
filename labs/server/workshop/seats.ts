// Who has joined: a seat each, with a token that opens one reader's session and no other.
import { createHash } from 'node:crypto';
import { newSecret, type Admission } from '../gate.ts';
import { Progress } from '../progress.ts';
import { distinct } from './name.ts';

/** A seat that nobody has used for so long is given to somebody else when all are taken. */
export const VACANT_MS = 10 * 60_000;

export interface Seat {
  /** From 1, never given again. */
  readonly id: number;
  readonly name: string;
  readonly reader: string;
  /** Milliseconds since 1970. */
  readonly joinedAt: number;
}

export interface SeatsOptions {
  readonly most: number;
  /** The folder of what readers have done. */
  readonly readers: string;
  /** How long a seat has had neither a page nor a machine, in ms; 0 while it has. */
  readonly vacantMs: (seat: Seat) => number;
  /** The seat is no more. */
  readonly onEnd: (seat: Seat, why: string) => Promise<void>;
}

export class Seats {
  readonly #options: SeatsOptions;
  /** By the digest of the token, so that looking one up says nothing about it. */
  readonly #byToken = new Map<string, Seat>();
  #last = 0;
  /** Seats that are being made, and their names. */
  readonly #coming = new Set<string>();

  constructor(options: SeatsOptions) {
    this.#options = options;
  }

  /** In the order of joining. */
  get all(): readonly Seat[] {
    return [...this.#byToken.values()];
  }

  /** A seat for somebody called so, and the token that opens it; undefined where there is none left. */
  async take(
    wanted: string,
    now: number,
  ): Promise<{ readonly seat: Seat; readonly token: string } | undefined> {
    if (!this.#hasRoom()) return undefined;
    const name = distinct(wanted, [...this.all.map((seat) => seat.name), ...this.#coming]);
    const id = ++this.#last;
    this.#coming.add(name);
    try {
      const { reader } = await Progress.begin(this.#options.readers);
      const seat = { id, name, reader, joinedAt: now };
      const token = newSecret();
      this.#byToken.set(digest(token), seat);
      return { seat, token };
    } finally {
      this.#coming.delete(name);
    }
  }

  admit(token: string): Admission | undefined {
    const seat = this.#byToken.get(digest(token));
    return seat && { reader: seat.reader, name: seat.name };
  }

  /** Ends the seat with this number, if there is one; its attendee is told why. */
  async free(id: number, why: string): Promise<void> {
    const found = [...this.#byToken].find(([, seat]) => seat.id === id);
    if (!found) return;
    const [token, seat] = found;
    this.#byToken.delete(token);
    await this.#options.onEnd(seat, why);
    await Progress.forget(this.#options.readers, seat.reader);
  }

  byId(id: number): Seat | undefined {
    return this.all.find((seat) => seat.id === id);
  }

  #hasRoom(): boolean {
    const { most, vacantMs } = this.#options;
    if (this.#byToken.size + this.#coming.size < most) return true;
    const vacant = this.all
      .map((seat) => ({ seat, ms: vacantMs(seat) }))
      .filter(({ ms }) => ms >= VACANT_MS)
      .sort((a, b) => b.ms - a.ms)[0];
    if (!vacant) return false;
    // From this moment its token opens nothing; the rest takes its time.
    void this.free(vacant.seat.id, 'the seat was given to somebody else; join again');
    return true;
  }
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
