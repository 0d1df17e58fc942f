// One unikernel over its whole life: started, watched, started again, ended. Who asks for something waits until it has happened.
import { formatName } from '../protocol/name.ts';
import type { Line } from './console.ts';
import { Console } from './consoles.ts';
import { describeEnd, type Ended } from './ended.ts';
import { again, failures, FAILURES_MAX, wait, withoutName } from './restart.ts';
import type { Past, Unikernel } from './table.ts';

/** A tender that runs. */
export interface Running {
  readonly pid: number;
  readonly since: Date;
  readonly ended: Promise<Ended>;
  readonly kill: (signal: 'SIGTERM' | 'SIGKILL') => void;
  /** Lets it run on without us: nothing more is heard of it. */
  readonly leave: () => void;
}

/** Where what a unikernel prints goes. */
export type Output = (bytes: Uint8Array) => void;

/** What has become of a unikernel since an earlier daemon started it; none: it never began, or not as it should be now. */
export type Adopted =
  | { readonly kind: 'running'; readonly running: Running }
  | { readonly kind: 'ended'; readonly ended: Ended }
  | { readonly kind: 'none' };

/** Starts tenders. The only way to the host, so that a test can stand in for it. */
export interface Launcher {
  /**
   * Starts the tender for `unikernel`, with its name for an argument or without; what it prints goes to `output`.
   * @throws Error with one line for the client.
   */
  readonly start: (unikernel: Unikernel, addName: boolean, output: Output) => Promise<Running>;
  /** Finds what an earlier daemon started. */
  readonly adopt: (unikernel: Unikernel, output: Output) => Promise<Adopted>;
  /** Takes away what is left of one that has ended, once that is written down. */
  readonly release: (unikernel: Unikernel) => Promise<void>;
  /** Ends whatever runs under other names than those `wanted`, and takes it away; what that was. */
  readonly sweep: (wanted: ReadonlySet<string>) => Promise<string[]>;
}

export type State =
  | { readonly kind: 'running'; readonly pid: number; readonly since: Date }
  | { readonly kind: 'waiting'; readonly failures: number; readonly until: Date }
  | ({ readonly kind: 'ended' } & Past);

/** Milliseconds from SIGTERM to SIGKILL: the tender's own limit is 5 s, and this is for where it does not hold. */
export const KILL_AFTER_MS = 10_000;

/** Why it ended, where somebody wanted it to. */
export const ASKED = 'it was asked to end';

export interface Watcher {
  readonly lines: (lines: readonly Line[]) => void;
  /** It has ended for good, and was not asked to. */
  readonly ended: (past: Past) => void;
  /** A line of the event log. */
  readonly event: (text: string) => void;
}

export class Supervisor {
  #unikernel: Unikernel;
  readonly console: Console;
  readonly #launcher: Launcher;
  readonly #watcher: Watcher;
  #state: State;
  #last: Ended | undefined;
  #running: Running | undefined;
  #starting: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #addName: boolean;
  #failures = 0;
  #stopping = false;

  /** @param past - How it ended, where it has. */
  constructor(
    unikernel: Unikernel,
    launcher: Launcher,
    watcher: Watcher,
    console = new Console(),
    past: Past = { at: new Date(), why: 'not started' },
  ) {
    this.#unikernel = unikernel;
    this.console = console;
    this.#launcher = launcher;
    this.#watcher = watcher;
    this.#addName = unikernel.config.addName;
    this.#state = { kind: 'ended', ...past };
    this.#last = past.last;
  }

  get unikernel(): Unikernel {
    return this.#unikernel;
  }

  get state(): State {
    return this.#state;
  }

  /** How it ended the last time it did. */
  get last(): Ended | undefined {
    return this.#last;
  }

  /** Starts it. @throws Error when it cannot be started; it has not begun then. */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  readonly #output = (bytes: Uint8Array): void => {
    const lines = this.console.push(bytes, new Date());
    if (lines.length > 0) this.#watcher.lines(lines);
  };

  async #start(): Promise<void> {
    this.#watch(await this.#launcher.start(this.unikernel, this.#addName, this.#output), 'started');
  }

  #watch(running: Running, how: string): void {
    const { pid, since } = running;
    this.#running = running;
    this.#state = { kind: 'running', pid, since };
    this.#watcher.event(`${how}, pid ${running.pid}`);
    void running.ended.then((ended) => this.#after(ended, since));
  }

  /** Goes on with what an earlier daemon started, or with how that ended meanwhile; false where it is to be started. */
  async adopt(): Promise<boolean> {
    const adopted = await this.#launcher.adopt(this.unikernel, this.#output);
    if (adopted.kind === 'running') this.#watch(adopted.running, 'runs still');
    // How long it ran nobody knows: as if it had been long.
    if (adopted.kind === 'ended') this.#after(adopted.ended, new Date(0));
    return adopted.kind !== 'none';
  }

  #after(ended: Ended, since: Date): void {
    this.#running = undefined;
    this.#last = ended;
    const rest = this.console.end(new Date());
    if (rest.length > 0) this.#watcher.lines(rest);
    this.#watcher.event(describeEnd(ended));
    if (this.#stopping) return;
    if (withoutName(this.#addName, ended)) {
      this.#addName = false;
      this.#watcher.event('started again without --name');
      this.#retry(0);
      return;
    }
    if (!again(this.unikernel.config.failBehaviour, ended)) return this.#end(describeEnd(ended));
    this.#failures = failures(this.#failures, Date.now() - since.getTime());
    if (this.#failures > FAILURES_MAX)
      return this.#end(`${describeEnd(ended)}, ${FAILURES_MAX} times in a row; it is left alone`);
    const ms = wait(this.#failures, Math.random());
    this.#watcher.event(`starts again in ${(ms / 1000).toFixed(1)} s`);
    this.#retry(ms);
  }

  #retry(ms: number): void {
    this.#state = { kind: 'waiting', failures: this.#failures, until: new Date(Date.now() + ms) };
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.start().catch((error: unknown) => {
        if (!this.#stopping) this.startLater((error as Error).message);
      });
    }, ms);
  }

  #end(why: string): void {
    const past = { at: new Date(), why, last: this.#last };
    this.#state = { kind: 'ended', ...past };
    this.#watcher.ended(past);
    void this.console.close();
  }

  /** It is `unikernel` from its next start on. What is being started meanwhile has begun when this is done. */
  async change(unikernel: Unikernel): Promise<void> {
    this.#unikernel = unikernel;
    await this.#starting.catch(() => undefined);
  }

  /** Starts it later: something it needs is missing (a bridge, memory), and may be there then. It is never given up for that. */
  startLater(why: string): void {
    this.#watcher.event(`could not be started: ${why}`);
    this.#failures += 1;
    this.#retry(wait(this.#failures, Math.random()));
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
    if (kind !== 'ended') this.#state = { kind: 'ended', at: new Date(), why: ASKED, last: this.#last };
    await this.console.close();
    return kind;
  }

  /** Looks after it no longer; it runs on if it runs. */
  async leave(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#starting.catch(() => undefined);
    this.#running?.leave();
    await this.console.close();
  }

  toString(): string {
    return formatName(this.unikernel.name);
  }
}
