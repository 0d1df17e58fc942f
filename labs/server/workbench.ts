// The machine a reader works at: it comes when there is room, parts are run in it one at a time, and it goes.
import type { Lab, Part } from '../runner/lab.ts';
import type { LabWithRecording } from '../runner/labs.ts';
import type { PartRun } from '../runner/parts.ts';
import { placesOf, promptOf } from '../runner/places.ts';
import { Course } from './course.ts';
import type { ReaderMachine, Size, StartMachine } from './machine.ts';
import { Outlet } from './outlet.ts';
import type { Pool, Seat } from './pool.ts';
import type { Progress } from './progress.ts';
import type { MachineState, ServerMessage } from './protocol.ts';
import { Screen, type Verdict } from './screen.ts';
import { Throttle } from './throttle.ts';

export interface WorkbenchOptions {
  readonly pool: Pool;
  readonly start: StartMachine;
  readonly progress: Progress;
}

/** Who hears of what happens at it. */
export interface Onlooker {
  readonly tell: (message: ServerMessage) => void;
  /** Gets what is to be on the terminal's screen. */
  readonly draw: (bytes: Uint8Array) => void;
  /** How many bytes are drawn that the slowest has not taken yet. */
  readonly behind: () => number;
  /** How parts have gone, or which of them ran in the machine there is, is another now. */
  readonly onParts: () => void;
}

type MachineMessage = Extract<ServerMessage, { type: 'machine' }>;

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
export class Refusal extends Error {}
/** Somebody wants something else by now; nobody needs to be told. */
export class GivenUp extends Error {}

/** What the reader is told of the part that runs. */
export interface Running {
  readonly part: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export class Workbench {
  readonly course = new Course();
  readonly #options: WorkbenchOptions;
  readonly #onlooker: Onlooker;
  readonly #screen: Screen;
  readonly #throttle: Throttle;
  #size: Size = { cols: 80, rows: 24 };
  #up: Up | undefined;
  #state: MachineMessage = { type: 'machine', state: 'none' };
  #running: Running | undefined;
  #outlet: Outlet | undefined;
  #interrupted = false;

  constructor(options: WorkbenchOptions, onlooker: Onlooker) {
    this.#options = options;
    this.#onlooker = onlooker;
    this.#screen = new Screen(onlooker.draw);
    this.#throttle = new Throttle((held) => this.#up?.machine.hold(held), onlooker.behind);
  }

  /** How the machine is, as a page is told. */
  get state(): Readonly<MachineMessage> {
    return this.#state;
  }

  get running(): Running | undefined {
    return this.#running;
  }

  get hasMachine(): boolean {
    return this.#up !== undefined;
  }

  /** The part that the lab's shell did not come back from. */
  get stuckIn(): string | undefined {
    return this.#up?.stuckIn;
  }

  /** Whether a part was run in the machine there is. */
  ran(part: string): boolean {
    return this.#up?.ran.has(part) ?? false;
  }

  /** All there is to draw for a page that comes now. */
  replay(): Uint8Array {
    return this.#screen.replay();
  }

  /** What was typed. Without a machine it goes nowhere. */
  type(bytes: Uint8Array): void {
    this.#up?.machine.type(bytes);
  }

  resize(size: Size): void {
    this.#size = size;
    this.#up?.machine.resize(size);
  }

  /** Interrupts the part that runs; the second time it is not asked. */
  interrupt({ since }: Running): void {
    const seconds = Math.ceil((Date.now() - since) / 1000);
    this.#up?.machine.interrupt(seconds, this.#interrupted).catch(() => undefined);
    this.#interrupted = true;
  }

  /** Runs a part of `of`, in the machine there is or one that is started now. @throws Refusal, GivenUp */
  async run(of: LabWithRecording, index: number, stop: AbortSignal): Promise<void> {
    const up = await this.ensure(of, stop);
    await this.#runPart(up, of, index, stop, false);
  }

  /** The machine there is, or one that is started now, and brought to the state before the part number `before`. */
  async ensure(of: LabWithRecording, stop: AbortSignal, before?: number): Promise<Up> {
    if (this.#up) return this.#up;
    const name = before === undefined ? undefined : of.lab.parts[before]?.name;
    const up = await this.#bringUp(of, stop, name);
    const target = before ?? 0;
    const reached = await this.#replay(up, of, target, stop).catch((error: unknown) => error as Error);
    // What was reached by parts is worth keeping; what was found is kept already.
    const kept = reached === undefined && up.machine.done < target ? name : undefined;
    if (this.#has(up)) await up.machine.sitDown(kept);
    if (this.#has(up)) this.tellMachine('ready');
    this.#onlooker.onParts();
    if (reached) throw reached;
    return up;
  }

  async down(): Promise<void> {
    const up = this.#up;
    if (!up) return;
    this.#up = undefined;
    this.#screen.clear();
    await up.machine.stop();
    up.seat.leave();
    this.#onlooker.onParts();
  }

  tellMachine(state: MachineState, why?: string, place?: number): void {
    this.#state = {
      ...{ type: 'machine', state },
      ...(why !== undefined && { why }),
      ...(place !== undefined && { place }),
    };
    this.#onlooker.tell(this.#state);
  }

  /** Whether `up` is still the machine there is. */
  #has(up: Up): boolean {
    return this.#up === up;
  }

  /** Runs what stands between the machine and part number `target`. */
  async #replay(up: Up, of: LabWithRecording, target: number, stop: AbortSignal): Promise<undefined> {
    for (let index = up.machine.done; index < target; index++) {
      if (await this.#runPart(up, of, index, stop, true)) continue;
      const name = of.lab.parts[index]?.name;
      throw new Refusal(`start here: part '${name}' before it did not pass; see what it printed, or reset`);
    }
  }

  async #bringUp(of: LabWithRecording, stop: AbortSignal, before: string | undefined): Promise<Up> {
    const { pool, start } = this.#options;
    const seat = await pool.enter((place) => this.tellMachine('waiting', LINE, place), stop);
    try {
      stop.throwIfAborted();
      this.tellMachine('starting');
      const machine = await start(
        {
          ...of,
          size: this.#size,
          ...(before !== undefined && { before }),
          onOutput: (text) => this.#outlet?.write(text),
          onScreen: (bytes) => {
            this.#throttle.passed(bytes.length);
            this.#screen.machine(bytes);
          },
          onProgress: (line) => this.tellMachine('starting', line),
        },
        stop,
      );
      const ran = of.lab.parts.slice(0, machine.done).map(({ name }) => name);
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
  async #runPart(
    up: Up,
    { lab, recording }: LabWithRecording,
    index: number,
    stop: AbortSignal,
    replay: boolean,
  ): Promise<boolean> {
    const part = lab.parts[index];
    if (!part) return false;
    const { tell, onParts } = this.#onlooker;
    const place = placesOf(lab, recording).get(part.name);
    stop.throwIfAborted();
    this.#running = { part: part.name, since: Date.now() };
    this.#interrupted = false;
    tell({ type: 'started', part: part.name, ...(replay && { replay }) });
    this.#screen.begin(part, place ? promptOf(place) : '$');
    this.#outlet = new Outlet((text) => {
      tell({ type: 'output', part: part.name, text });
      this.#screen.output(text);
    });
    const run = await up.machine.run(part, stop).catch((error: unknown) => error as Error);
    this.#outlet.end();
    this.#outlet = undefined;
    const durationMs = Math.round(Date.now() - this.#running.since);
    this.#running = undefined;
    const verdict = this.#verdict(up, lab, part, run, stop.aborted);
    const { causes, rows } = verdict;
    if (!stop.aborted) this.course.ended({ part: part.name, index, causes }, Date.now());
    this.#screen.end(part.name, { ...verdict, durationMs });
    tell({
      type: 'ended',
      part: part.name,
      outcome: causes.length > 0 ? 'failed' : 'passed',
      exit: run instanceof Error ? null : run.result.exit,
      durationMs,
      causes,
      rows,
    });
    onParts();
    if (!this.#has(up)) throw new GivenUp();
    return causes.length === 0;
  }

  /** What the reader is told of how a part went; only what really came to its end is kept as progress. */
  #verdict(up: Up, lab: Lab, part: Part, run: PartRun | Error, stopped: boolean): Verdict {
    if (!this.#has(up)) return { causes: ['the machine ended under it'], rows: [] };
    if (run instanceof Error) return { causes: [run.message], rows: [] };
    up.ran.add(part.name);
    if (run.lost) up.stuckIn = part.name;
    if (stopped) return { causes: ['it was stopped'], rows: [] };
    const { digest, outcome } = run.result;
    const at = new Date().toISOString();
    if (outcome !== 'not-run') this.#options.progress.set(lab.id, part.name, { digest, outcome, at });
    return { causes: run.failure?.causes ?? [], rows: run.failure?.rows ?? [] };
  }

  /** The machine ended by itself. */
  #ended(up: Up): void {
    if (!this.#has(up)) return;
    this.#up = undefined;
    up.seat.leave();
    this.#screen.clear();
    this.tellMachine('ended', 'the machine was switched off; Run starts another');
    this.#onlooker.onParts();
  }
}
