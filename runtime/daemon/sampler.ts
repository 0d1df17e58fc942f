// Statistics of unikernels that somebody wants to hear of, and of no others: once when they ask, and then at each beat for as long as they listen.
import { setImmediate as turn } from 'node:timers/promises';
import { isWithin, type Name } from '../protocol/name.ts';
import type { Statistics } from '../protocol/data.ts';
import type { Look } from './statistics.ts';
import { Subscribers, type Take } from './subscribers.ts';
import type { State } from './supervisor.ts';
import type { Unikernel } from './table.ts';

/** Milliseconds a sample is good for: whoever asks more often is told the same again. */
export const FRESH_MS = 250;
/** So many are looked at before others get their turn. */
const AT_A_TIME = 16;

/** Who is looked at: a supervisor, or what stands in for one. */
export interface Subject {
  readonly unikernel: Unikernel;
  readonly state: State;
}

export interface Source {
  /** All there are at and below a name. */
  readonly subjects: (scope: Name) => Promise<readonly Subject[]>;
  readonly look: () => Look;
  /** Told in one line why a beat was left out. */
  readonly failed: (line: string) => void;
}

interface Sample {
  readonly pid: number;
  readonly at: number;
  readonly value: Statistics;
}

export class Sampler {
  readonly #source: Source;
  readonly #beatMs: number;
  readonly #subscribers = new Subscribers();
  readonly #samples = new WeakMap<Subject, Sample>();
  #timer: NodeJS.Timeout | undefined;
  #beating = false;

  constructor(source: Source, beatMs: number) {
    this.#source = source;
    this.#beatMs = beatMs;
  }

  /** Whether anybody listens: without them nothing is looked at. */
  get beats(): boolean {
    return this.#timer !== undefined || this.#beating;
  }

  /** Tells `take` how all at and below `scope` are now, and then at each beat, until what is returned is called. */
  async add(scope: Name, take: Take): Promise<() => void> {
    for await (const [subject, value] of this.#now((name) => isWithin(name, scope), scope))
      if (!take(subject, { kind: 'statistics', value })) return () => undefined;
    const end = this.#subscribers.add(scope, take);
    this.#schedule();
    return () => {
      end();
      this.#rest();
    };
  }

  #schedule(): void {
    if (this.beats || this.#subscribers.count === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // A beat that takes long delays the next one, and does not meet it.
      this.#beating = true;
      void this.#beat()
        .catch((error: unknown) => this.#source.failed(`statistics: ${(error as Error).message}`))
        .finally(() => {
          this.#beating = false;
          this.#schedule();
        });
    }, this.#beatMs);
  }

  #rest(): void {
    if (this.#subscribers.count > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #beat(): Promise<void> {
    for await (const [subject, value] of this.#now((name) => this.#subscribers.listen(name), { path: [] }))
      this.#subscribers.tell(subject, { kind: 'statistics', value });
  }

  async *#now(wanted: (name: Name) => boolean, scope: Name): AsyncGenerator<[Name, Statistics], void> {
    const look = this.#source.look();
    let looked = 0;
    for (const subject of await this.#source.subjects(scope)) {
      const { unikernel, state } = subject;
      if (state.kind !== 'running' || !wanted(unikernel.name)) continue;
      const value = this.#sample(subject, state.pid, look);
      if (value) yield [unikernel.name, value];
      if (++looked % AT_A_TIME === 0) await turn();
    }
  }

  #sample(subject: Subject, pid: number, look: Look): Statistics | undefined {
    const known = this.#samples.get(subject);
    const at = performance.now();
    if (known?.pid === pid && at - known.at < FRESH_MS) return known.value;
    const value = look(subject.unikernel, pid);
    if (value) this.#samples.set(subject, { pid, at, value });
    return value;
  }
}

/** `name` as who subscribed to `scope` is told of it: without the path they know, as Albatross does. */
export function below(name: Name, scope: Name): Name {
  return { ...name, path: name.path.slice(scope.path.length) };
}
