// A reader: the lab that is open, what their pages ask for, one thing at a time, and all pages that look on.
import { partDigests } from '../runner/lab.ts';
import type { LabWithRecording } from '../runner/labs.ts';
import type { ClientMessage, PartState, ServerMessage } from './protocol.ts';
import { GivenUp, Refusal, Workbench, type Running, type WorkbenchOptions } from './workbench.ts';

/** A page that looks on. */
export interface Page {
  send(message: ServerMessage): void;
  draw(bytes: Uint8Array): void;
  /** Bytes that were sent and are not taken yet. */
  readonly behind: number;
}

export interface SessionOptions extends WorkbenchOptions {
  readonly labs: ReadonlyMap<string, LabWithRecording>;
}

/** What a message is about that nobody has to have said hello for. */
type Request = Exclude<ClientMessage, { type: 'hello' }>;

/** Something to be done that takes its time; there is one at a time. */
interface Job {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #pages = new Set<Page>();
  readonly #bench: Workbench;
  #open: LabWithRecording | undefined;
  #digests: ReadonlyMap<string, string> = new Map();
  #job: Job | undefined;
  #usedAt: number;
  #leftAt: number | undefined;

  constructor(options: SessionOptions, now: number) {
    this.#options = options;
    this.#usedAt = now;
    this.#leftAt = now;
    this.#bench = new Workbench(options, {
      tell: (message) => this.#tell(message),
      draw: (bytes) => {
        for (const page of this.#pages) page.draw(bytes);
      },
      behind: () => Math.max(0, ...[...this.#pages].map(({ behind }) => behind)),
      onParts: () => this.#tellLab(),
    });
  }

  /** The lab that is open. */
  get lab(): LabWithRecording['lab'] | undefined {
    return this.#open?.lab;
  }

  get machine(): Workbench['state'] {
    return this.#bench.state;
  }

  get running(): Running | undefined {
    return this.#bench.running;
  }

  get course(): Workbench['course'] {
    return this.#bench.course;
  }

  get pages(): number {
    return this.#pages.size;
  }

  get hasMachine(): boolean {
    return this.#job !== undefined || this.#bench.hasMachine;
  }

  /** The parts of the open lab. */
  parts(): PartState[] {
    if (!this.#open) return [];
    const { lab } = this.#open;
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
        ...(this.#bench.ran(name) && { here: true as const }),
      };
    });
  }

  /** A page looks on from now on: it is told how things are. */
  attach(page: Page, now: number): void {
    this.#pages.add(page);
    this.#leftAt = undefined;
    this.#usedAt = now;
    page.send(this.#bench.state);
    if (this.#open) page.send({ type: 'lab', lab: this.#open.lab.id, parts: this.parts() });
    const screen = this.#bench.replay();
    if (screen.length > 0) page.draw(screen);
    if (this.running) page.send({ type: 'started', part: this.running.part });
  }

  detach(page: Page, now: number): void {
    if (!this.#pages.delete(page)) return;
    if (this.#pages.size === 0) this.#leftAt = now;
  }

  /** Since when nobody uses it, and since when nobody looks; 0 while somebody does, or a part runs. */
  idle(now: number): { readonly usedMs: number; readonly leftMs: number } {
    return {
      usedMs: this.running ? 0 : now - this.#usedAt,
      leftMs: this.#leftAt === undefined ? 0 : now - this.#leftAt,
    };
  }

  /** When a page was last used or went away, in milliseconds since 1970. */
  get seenAt(): number {
    return performance.timeOrigin + Math.max(this.#usedAt, this.#leftAt ?? 0);
  }

  /** Does what a page asks for. What cannot be done, `page` alone is told. */
  handle(message: Request, page: Page, now: number): void {
    this.#usedAt = now;
    try {
      if (message.type === 'open') this.#openLab(message.lab, page);
      else if (message.type === 'run') this.#run(message.part);
      else if (message.type === 'start-at') this.#startAt(message.part);
      else if (message.type === 'reset') this.#reset();
      else if (message.type === 'stop') this.#stop();
      else this.#bench.resize({ cols: message.cols, rows: message.rows });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      page.send({ type: 'refused', what: error.message });
    }
  }

  /** What was typed. Without a machine it goes nowhere. */
  type(bytes: Uint8Array, now: number): void {
    this.#usedAt = now;
    this.#bench.type(bytes);
  }

  /** Ends the machine, and tells the reader why. */
  async endMachine(why: string): Promise<void> {
    const job = this.#job;
    job?.stop.abort(new GivenUp());
    await this.#bench.down();
    // Where it was on its way up, it is ended there.
    await job?.done;
    // Of the next one, which is there by now or on its way, it would not be true.
    if (!this.hasMachine && this.machine.state !== 'none') this.#bench.tellMachine('ended', why);
  }

  /** Ends all there is, and keeps what was done. The reader is told why. */
  async close(why: string): Promise<void> {
    await this.endMachine(why);
    await this.#options.progress.saved();
  }

  #openLab(id: string, page: Page): void {
    const found = this.#options.labs.get(id);
    if (!found) throw new Refusal(`lab '${id}': the handbook has no such lab; load the page again`);
    if (this.#open === found) {
      page.send({ type: 'lab', lab: id, parts: this.parts() });
      return;
    }
    const before = this.#open;
    this.#open = found;
    this.#digests = partDigests(found.lab, found.recording);
    this.course.begin(Date.now());
    this.#tellLab();
    if (before && this.hasMachine)
      void this.endMachine(`it was of the lab ${before.lab.id}; Run starts one for this lab`);
  }

  /** The open lab, and which part of it `name` is, from 0. */
  #part(name: string): readonly [LabWithRecording, number] {
    if (!this.#open) throw new Refusal(`part '${name}': no lab is open; load the page again`);
    const { lab } = this.#open;
    const index = lab.parts.findIndex((part) => part.name === name);
    if (index < 0) throw new Refusal(`part '${name}': lab '${lab.id}' has no such part; load the page again`);
    return [this.#open, index];
  }

  #run(name: string): void {
    const [lab, index] = this.#part(name);
    this.#mustBeFree(name);
    const { stuckIn } = this.#bench;
    if (stuckIn !== undefined)
      throw new Refusal(
        `part '${name}': the lab's shell did not come back from '${stuckIn}'; reset, or start at this part`,
      );
    this.#begin((stop) => this.#bench.run(lab, index, stop));
  }

  #startAt(name: string): void {
    const [lab, index] = this.#part(name);
    this.#mustBeFree(name);
    this.#begin(async (stop) => {
      await this.#bench.down();
      await this.#bench.ensure(lab, stop, index);
    });
  }

  #reset(): void {
    const lab = this.#open;
    if (!lab) throw new Refusal('reset: no lab is open; load the page again');
    const before = this.#job;
    before?.stop.abort(new GivenUp());
    this.#begin(async (stop) => {
      await this.#bench.down();
      await before?.done;
      await this.#bench.ensure(lab, stop);
    });
  }

  #stop(): void {
    if (!this.#job) throw new Refusal('stop: nothing is running; press Run at a part');
    const { running } = this;
    this.#job.stop.abort(new GivenUp());
    if (running) this.#bench.interrupt(running);
  }

  #mustBeFree(part: string): void {
    if (!this.#job) return;
    throw new Refusal(
      this.running
        ? `part '${part}': '${this.running.part}' is running; wait, or stop it`
        : `part '${part}': the machine is being made ready; wait, or stop it`,
    );
  }

  #begin(work: (stop: AbortSignal) => Promise<unknown>): void {
    const stop = new AbortController();
    const job: Job = {
      stop,
      done: Promise.resolve()
        .then(() => work(stop.signal))
        .then(() => undefined)
        // One that another has taken the place of has nothing more to say.
        .catch((error: unknown) => {
          if (this.#job === job) this.#failed(error);
        })
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
    if (this.#bench.hasMachine) {
      if (!given) this.#tell({ type: 'refused', what: why });
    } else if (!given) this.#bench.tellMachine('ended', why);
    else if (this.machine.state !== 'ended') this.#bench.tellMachine('none');
  }

  #tellLab(): void {
    if (this.#open) this.#tell({ type: 'lab', lab: this.#open.lab.id, parts: this.parts() });
  }

  #tell(message: ServerMessage): void {
    for (const page of this.#pages) page.send(message);
  }
}
