// A reader: the lab that is open, the machine, the part that runs, and all pages that look on.
import { partDigests, type Part } from '../runner/lab.ts';
import type { LabWithRecording } from '../runner/labs.ts';
import type { PartRun } from '../runner/parts.ts';
import { placesOf, promptOf } from '../runner/places.ts';
import type { ReaderMachine, Size, StartMachine } from './machine.ts';
import { Outlet } from './outlet.ts';
import type { Pool, Seat } from './pool.ts';
import type { Progress } from './progress.ts';
import type { ClientMessage, MachineState, PartState, ServerMessage } from './protocol.ts';
import { Screen, type Verdict } from './screen.ts';
import { Throttle } from './throttle.ts';

/** A page that looks on. */
export interface Page {
  send(message: ServerMessage): void;
  draw(bytes: Uint8Array): void;
  /** Bytes that were sent and are not taken yet. */
  readonly behind: number;
}

export interface SessionOptions {
  readonly labs: ReadonlyMap<string, LabWithRecording>;
  readonly pool: Pool;
  readonly start: StartMachine;
  readonly progress: Progress;
}

/** What a message is about that nobody has to have said hello for. */
type Request = Exclude<ClientMessage, { type: 'hello' }>;

type MachineMessage = Extract<ServerMessage, { type: 'machine' }>;

/** Something to be done that takes its time; there is one at a time. */
interface Job {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

interface Up {
  readonly machine: ReaderMachine;
  readonly seat: Seat;
  /** Parts that were run in it. */
  readonly ran: Set<string>;
  /** The part in which the lab's shell is stuck, or ended. */
  stuckIn?: string;
}

const LINE = 'all machines are in use; yours is started when one is free';

/** What is not done, in a line for the reader. */
class Refusal extends Error {}
/** Somebody wants something else by now; nobody needs to be told. */
class GivenUp extends Error {}

/** What the reader is told of the part that runs. */
export interface Running {
  readonly part: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #pages = new Set<Page>();
  readonly #screen = new Screen((bytes) => this.#draw(bytes));
  readonly #throttle: Throttle;
  #lab: LabWithRecording | undefined;
  #digests: ReadonlyMap<string, string> = new Map();
  #size: Size = { cols: 80, rows: 24 };
  #up: Up | undefined;
  #job: Job | undefined;
  #state: MachineMessage = { type: 'machine', state: 'none' };
  #running: Running | undefined;
  #outlet: Outlet | undefined;
  #interrupted = false;
  #usedAt: number;
  #leftAt: number | undefined;

  constructor(options: SessionOptions, now: number) {
    this.#options = options;
    this.#usedAt = now;
    this.#leftAt = now;
    this.#throttle = new Throttle(
      (held) => this.#up?.machine.hold(held),
      () => Math.max(0, ...[...this.#pages].map(({ behind }) => behind)),
    );
  }

  get lab(): string | undefined {
    return this.#lab?.lab.id;
  }

  get machine(): MachineState {
    return this.#state.state;
  }

  get running(): Running | undefined {
    return this.#running;
  }

  get pages(): number {
    return this.#pages.size;
  }

  /** The parts of the open lab. */
  parts(): PartState[] {
    if (!this.#lab) return [];
    const { lab } = this.#lab;
    const done = lab.parts.map(({ name }) => {
      const known = this.#options.progress.get(lab.id, name);
      return known?.digest === this.#digests.get(name) ? known : undefined;
    });
    const last = done.findLastIndex((how) => how !== undefined);
    return lab.parts.map(({ name }, index) => {
      const how = done[index];
      return {
        part: name,
        digest: this.#digests.get(name) ?? '',
        state: how?.outcome ?? (index < last ? 'skipped' : 'none'),
        ...(how && { at: how.at }),
        ...(this.#up?.ran.has(name) && { here: true as const }),
      };
    });
  }

  /** A page looks on from now on: it is told how things are. */
  attach(page: Page, now: number): void {
    this.#pages.add(page);
    this.#leftAt = undefined;
    this.#usedAt = now;
    page.send(this.#state);
    if (this.#lab) page.send({ type: 'lab', lab: this.#lab.lab.id, parts: this.parts() });
    const screen = this.#screen.replay();
    if (screen.length > 0) page.draw(screen);
    if (this.#running) page.send({ type: 'started', part: this.#running.part });
  }

  detach(page: Page, now: number): void {
    if (!this.#pages.delete(page)) return;
    if (this.#pages.size === 0) this.#leftAt = now;
  }

  /** Since when nobody uses it, and since when nobody looks. */
  idle(now: number): { readonly usedMs: number; readonly leftMs: number } {
    return {
      usedMs: this.#running ? 0 : now - this.#usedAt,
      leftMs: this.#leftAt === undefined ? 0 : now - this.#leftAt,
    };
  }

  get hasMachine(): boolean {
    return this.#job !== undefined || this.#up !== undefined;
  }

  /** Does what a page asks for. What cannot be done, `page` alone is told. */
  handle(message: Request, page: Page, now: number): void {
    this.#usedAt = now;
    try {
      if (message.type === 'open') this.#open(message.lab, page);
      else if (message.type === 'run') this.#run(message.part);
      else if (message.type === 'start-at') this.#startAt(message.part);
      else if (message.type === 'reset') this.#reset();
      else if (message.type === 'stop') this.#stop();
      else {
        this.#size = { cols: message.cols, rows: message.rows };
        this.#up?.machine.resize(this.#size);
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      page.send({ type: 'refused', what: error.message });
    }
  }

  /** What was typed. Without a machine it goes nowhere. */
  type(bytes: Uint8Array, now: number): void {
    this.#usedAt = now;
    this.#up?.machine.type(bytes);
  }

  /** Ends the machine, and tells the reader why. */
  async endMachine(why: string): Promise<void> {
    const job = this.#job;
    job?.stop.abort(new GivenUp());
    await this.#down();
    await job?.done;
    // One that was on its way up.
    await this.#down();
    if (this.#state.state !== 'none') this.#tellMachine({ state: 'ended', why });
  }

  /** Ends all there is, and keeps what was done. */
  async close(): Promise<void> {
    await this.endMachine('the lab server ended; start it again with npm start');
    await this.#options.progress.saved();
  }

  #open(id: string, page: Page): void {
    const found = this.#options.labs.get(id);
    if (!found) throw new Refusal(`lab '${id}': the handbook has no such lab; load the page again`);
    if (this.#lab === found) {
      page.send({ type: 'lab', lab: id, parts: this.parts() });
      return;
    }
    const before = this.#lab;
    this.#lab = found;
    this.#digests = partDigests(found.lab, found.recording);
    this.#tellLab();
    if (before && this.hasMachine)
      void this.endMachine(`it was of the lab ${before.lab.id}; Run starts one for this lab`);
  }

  /** Which part of the open lab it is, from 0. */
  #part(name: string): number {
    if (!this.#lab) throw new Refusal(`part '${name}': no lab is open; load the page again`);
    const index = this.#lab.lab.parts.findIndex((part) => part.name === name);
    if (index < 0)
      throw new Refusal(`part '${name}': lab '${this.#lab.lab.id}' has no such part; load the page again`);
    return index;
  }

  #run(name: string): void {
    const index = this.#part(name);
    this.#mustBeFree(name);
    const stuckIn = this.#up?.stuckIn;
    if (stuckIn !== undefined)
      throw new Refusal(
        `part '${name}': the lab's shell did not come back from '${stuckIn}'; reset, or start at this part`,
      );
    this.#begin(async (stop) => {
      const up = await this.#ensure(stop);
      await this.#runPart(up, index, stop, false);
    });
  }

  #startAt(name: string): void {
    this.#part(name);
    this.#mustBeFree(name);
    this.#begin(async (stop) => {
      await this.#down();
      await this.#ensure(stop, name);
    });
  }

  #reset(): void {
    if (!this.#lab) throw new Refusal('reset: no lab is open; load the page again');
    const before = this.#job;
    before?.stop.abort(new GivenUp());
    this.#begin(async (stop) => {
      await this.#down();
      await before?.done;
      await this.#ensure(stop);
    });
  }

  #stop(): void {
    if (!this.#job) throw new Refusal('stop: nothing is running; press Run at a part');
    const { stop } = this.#job;
    const running = this.#running;
    stop.abort(new GivenUp());
    if (!running) return;
    const seconds = Math.ceil((Date.now() - running.since) / 1000);
    // What does not listen the first time is not asked the second time.
    this.#up?.machine.interrupt(seconds, this.#interrupted).catch(() => undefined);
    this.#interrupted = true;
  }

  #mustBeFree(part: string): void {
    if (!this.#job) return;
    throw new Refusal(
      this.#running
        ? `part '${part}': '${this.#running.part}' is running; wait, or stop it`
        : `part '${part}': the machine is being made ready; wait, or stop it`,
    );
  }

  #begin(work: (stop: AbortSignal) => Promise<void>): void {
    const stop = new AbortController();
    const job: Job = {
      stop,
      done: Promise.resolve()
        .then(() => work(stop.signal))
        .catch((error: unknown) => this.#failed(error))
        .finally(() => {
          if (this.#job === job) this.#job = undefined;
        }),
    };
    this.#job = job;
  }

  #failed(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    const given = error instanceof GivenUp;
    if (!given && !(error instanceof Refusal)) console.error(`lab server: ${why}`);
    if (this.#up) {
      if (!given) this.#tell({ type: 'refused', what: why });
    } else if (!given) this.#tellMachine({ state: 'ended', why });
    else if (this.#state.state !== 'ended') this.#tellMachine({ state: 'none' });
  }

  /** The machine there is, or one that is started now, and brought to the state before the part `before`. */
  async #ensure(stop: AbortSignal, before?: string): Promise<Up> {
    if (this.#up) return this.#up;
    const up = await this.#bringUp(stop, before);
    const target = before === undefined ? 0 : this.#part(before);
    const reached = await this.#replay(up, target, stop).catch((error: unknown) => error as Error);
    // What was reached by parts is worth keeping; what was found is kept already.
    const kept = reached === undefined && up.machine.done < target ? before : undefined;
    if (this.#has(up)) await up.machine.sitDown(kept);
    if (this.#has(up)) this.#tellMachine({ state: 'ready' });
    this.#tellLab();
    if (reached) throw reached;
    return up;
  }

  /** Whether `up` is still the machine there is. */
  #has(up: Up): boolean {
    return this.#up === up;
  }

  /** Runs what stands between the machine and part number `target`. */
  async #replay(up: Up, target: number, stop: AbortSignal): Promise<undefined> {
    for (let index = up.machine.done; index < target; index++) {
      if (await this.#runPart(up, index, stop, true)) continue;
      const name = this.#lab?.lab.parts[index]?.name;
      throw new Refusal(`start here: part '${name}' before it did not pass; see what it printed, or reset`);
    }
  }

  async #bringUp(stop: AbortSignal, before: string | undefined): Promise<Up> {
    const { pool, start } = this.#options;
    const lab = this.#lab;
    if (!lab) throw new Refusal('no lab is open; load the page again');
    const seat = await pool.enter((place) => this.#tellMachine({ state: 'waiting', place, why: LINE }), stop);
    try {
      stop.throwIfAborted();
      this.#tellMachine({ state: 'starting' });
      const machine = await start(
        {
          ...lab,
          size: this.#size,
          ...(before !== undefined && { before }),
          onOutput: (text) => this.#outlet?.write(text),
          onScreen: (bytes) => {
            this.#throttle.passed(bytes.length);
            this.#screen.machine(bytes);
          },
          onProgress: (line) => this.#tellMachine({ state: 'starting', why: line }),
        },
        stop,
      );
      const ran = lab.lab.parts.slice(0, machine.done).map(({ name }) => name);
      const up: Up = { machine, seat, ran: new Set(ran) };
      this.#up = up;
      seat.arrived();
      void machine.ended.then(() => this.#ended(up));
      return up;
    } catch (error) {
      seat.leave();
      throw error;
    }
  }

  /** Runs a part and says how it went. Returns whether it passed. */
  async #runPart(up: Up, index: number, stop: AbortSignal, replay: boolean): Promise<boolean> {
    const lab = this.#lab;
    const part = lab?.lab.parts[index];
    if (!lab || !part) return false;
    const place = placesOf(lab.lab, lab.recording).get(part.name);
    stop.throwIfAborted();
    this.#running = { part: part.name, since: Date.now() };
    this.#interrupted = false;
    this.#tell({ type: 'started', part: part.name, ...(replay && { replay }) });
    this.#screen.begin(part, place ? promptOf(place) : '$');
    this.#outlet = new Outlet((text) => {
      this.#tell({ type: 'output', part: part.name, text });
      this.#screen.output(text);
    });
    const run = await up.machine.run(part, stop).catch((error: unknown) => error as Error);
    this.#outlet.end();
    this.#outlet = undefined;
    const durationMs = Math.round(Date.now() - this.#running.since);
    this.#running = undefined;
    const verdict = this.#verdict(up, part, run, stop.aborted);
    const { causes, rows } = verdict;
    this.#screen.end(part.name, { ...verdict, durationMs });
    this.#tell({
      type: 'ended',
      part: part.name,
      outcome: causes.length > 0 ? 'failed' : 'passed',
      exit: run instanceof Error ? null : run.result.exit,
      durationMs,
      causes,
      rows,
    });
    this.#tellLab();
    if (!this.#has(up)) throw new GivenUp();
    return causes.length === 0;
  }

  /** What the reader is told of how a part went; only what really came to its end is kept as progress. */
  #verdict(up: Up, part: Part, run: PartRun | Error, stopped: boolean): Verdict {
    if (!this.#has(up)) return { causes: ['the machine ended under it'], rows: [] };
    if (run instanceof Error) return { causes: [run.message], rows: [] };
    up.ran.add(part.name);
    if (run.lost) up.stuckIn = part.name;
    if (stopped) return { causes: ['it was stopped'], rows: [] };
    const { digest, outcome } = run.result;
    const at = new Date().toISOString();
    if (this.#lab && outcome !== 'not-run')
      this.#options.progress.set(this.#lab.lab.id, part.name, { digest, outcome, at });
    return { causes: run.failure?.causes ?? [], rows: run.failure?.rows ?? [] };
  }

  /** The machine ended by itself. */
  #ended(up: Up): void {
    if (!this.#has(up)) return;
    this.#up = undefined;
    up.seat.leave();
    this.#screen.clear();
    this.#tellMachine({ state: 'ended', why: 'the machine was switched off; Run starts another' });
    this.#tellLab();
  }

  async #down(): Promise<void> {
    const up = this.#up;
    if (!up) return;
    this.#up = undefined;
    this.#screen.clear();
    await up.machine.stop();
    up.seat.leave();
    this.#tellLab();
  }

  #tellMachine(how: Omit<MachineMessage, 'type'>): void {
    this.#state = { type: 'machine', ...how };
    this.#tell(this.#state);
  }

  #tellLab(): void {
    if (this.#lab) this.#tell({ type: 'lab', lab: this.#lab.lab.id, parts: this.parts() });
  }

  #tell(message: ServerMessage): void {
    for (const page of this.#pages) page.send(message);
  }

  #draw(bytes: Uint8Array): void {
    for (const page of this.#pages) page.draw(bytes);
  }
}
