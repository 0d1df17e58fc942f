// One unikernel over its whole life: started, watched, started again, ended. Who asks for something waits until it has happened.
import { formatName } from '../protocol/name.ts';
import { ConsoleRing, type Line } from './console.ts';
import { again, failures, FAILURES_MAX, wait, withoutName, type Ended } from './restart.ts';
import type { Unikernel } from './table.ts';

/** A tender that runs. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  readonly kill: (signal: 'SIGTERM' | 'SIGKILL') => void;
}

/** Starts tenders. The only way to the host, so that a test can stand in for it. */
export interface Launcher {
  /**
   * Starts the tender for `unikernel`, with its name for an argument or without; what it prints goes to `output`.
   * @throws Error with one line for the client.
   */
  readonly start: (
    unikernel: Unikernel,
    addName: boolean,
    output: (bytes: Uint8Array) => void,
  ) => Promise<Running>;
}

export type State =
  | { readonly kind: 'running'; readonly pid: number; readonly since: Date }
  | { readonly kind: 'waiting'; readonly last: Ended; readonly failures: number }
  | { readonly kind: 'ended'; readonly last?: Ended; readonly why: string };

/** Milliseconds from SIGTERM to SIGKILL: the tender's own limit is 5 s, and this is for where it does not hold. */
const KILL_AFTER_MS = 10_000;

export interface Watcher {
  readonly lines: (lines: readonly Line[]) => void;
  /** It has ended for good, and was not asked to. */
  readonly ended: (why: string) => void;
  /** A line of the event log. */
  readonly event: (text: string) => void;
}

export function describeEnd(ended: Ended): string {
  return 'signal' in ended ? `was ended by ${ended.signal}` : `ended with status ${ended.status}`;
}

export class Supervisor {
  readonly unikernel: Unikernel;
  readonly console: ConsoleRing;
  readonly #launcher: Launcher;
  readonly #watcher: Watcher;
  #state: State = { kind: 'ended', why: 'not started' };
  #running: Running | undefined;
  #starting: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #addName: boolean;
  #failures = 0;
  #stopping = false;

  constructor(unikernel: Unikernel, launcher: Launcher, watcher: Watcher, console = new ConsoleRing()) {
    this.unikernel = unikernel;
    this.console = console;
    this.#launcher = launcher;
    this.#watcher = watcher;
    this.#addName = unikernel.config.addName;
  }

  get state(): State {
    return this.#state;
  }

  /** Starts it. @throws Error when it cannot be started; it has not begun then. */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const running = await this.#launcher.start(this.unikernel, this.#addName, (bytes) => {
      const lines = this.console.push(bytes, new Date());
      if (lines.length > 0) this.#watcher.lines(lines);
    });
    const since = new Date();
    this.#running = running;
    this.#state = { kind: 'running', pid: running.pid, since };
    this.#watcher.event(`started, pid ${running.pid}`);
    void running.ended.then((ended) => this.#after(ended, since));
  }

  #after(ended: Ended, since: Date): void {
    this.#running = undefined;
    const rest = this.console.end(new Date());
    if (rest.length > 0) this.#watcher.lines(rest);
    this.#watcher.event(describeEnd(ended));
    if (this.#stopping) {
      this.#state = { kind: 'ended', last: ended, why: 'it was asked to end' };
      return;
    }
    if (withoutName(this.#addName, ended)) {
      this.#addName = false;
      this.#watcher.event('started again without --name');
      this.#retry(ended, 0);
      return;
    }
    if (!again(this.unikernel.config.failBehaviour, ended)) return this.#end(describeEnd(ended), ended);
    this.#failures = failures(this.#failures, Date.now() - since.getTime());
    if (this.#failures > FAILURES_MAX)
      return this.#end(`${describeEnd(ended)}, ${FAILURES_MAX} times in a row; it is left alone`, ended);
    const ms = wait(this.#failures, Math.random());
    this.#watcher.event(`starts again in ${(ms / 1000).toFixed(1)} s`);
    this.#retry(ended, ms);
  }

  #retry(last: Ended, ms: number): void {
    this.#state = { kind: 'waiting', last, failures: this.#failures };
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.start().catch((error: unknown) => {
        // What is missing now (a bridge, memory) may be there later: that is a failure as any other.
        if (this.#stopping) return;
        this.#watcher.event(
          `could not be started: ${error instanceof Error ? error.message : String(error)}`,
        );
        this.#failures += 1;
        if (this.#failures > FAILURES_MAX) this.#end('it could not be started', last);
        else this.#retry(last, wait(this.#failures, Math.random()));
      });
    }, ms);
  }

  #end(why: string, last?: Ended): void {
    this.#state = { kind: 'ended', why, ...(last ? { last } : {}) };
    this.#watcher.ended(why);
  }

  /** Starts it later, as after a failure: something it needs is missing. */
  startLater(why: string): void {
    this.#watcher.event(`could not be started: ${why}`);
    this.#failures += 1;
    this.#retry({ status: 0 }, wait(this.#failures, Math.random()));
  }

  /** Ends it: asks, and takes it away where that does not help. It is not started again. Returns what it was doing. */
  async stop(): Promise<State['kind']> {
    const { kind } = this.#state;
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#starting.catch(() => undefined);
    const running = this.#running;
    if (running) {
      running.kill('SIGTERM');
      const killer = setTimeout(() => running.kill('SIGKILL'), KILL_AFTER_MS);
      await running.ended;
      clearTimeout(killer);
    }
    this.#state = { kind: 'ended', why: 'it was asked to end' };
    return kind;
  }

  toString(): string {
    return formatName(this.unikernel.name);
  }
}
