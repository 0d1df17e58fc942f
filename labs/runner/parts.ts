// Runs a lab's parts in order, until one fails, and judges each; where their shells are does not matter.
import { setTimeout as delay } from 'node:timers/promises';
import type { Shell } from '../vm/shell.ts';
import { agrees, align, ELLIPSIS, type Row } from './align.ts';
import { Background } from './background.ts';
import { bind, type Captures } from './captures.ts';
import { runCommands, type Ran } from './commands.ts';
import { partDigests, type Lab, type Part, type Recording } from './lab.ts';
import { endsWell } from './options.ts';
import { placesOf, type Place } from './places.ts';
import type { PartResult } from './results.ts';

/** How long a part that is run again and again rests between. */
const AGAIN_AFTER_MS = 200;

/** Why a part failed. */
export interface PartFailure {
  readonly part: Part;
  /** What is wrong, one line each. */
  readonly causes: readonly string[];
  /** What it printed. */
  readonly transcript: string;
  /** Expected and printed lines side by side; empty if they agree or nothing is recorded. */
  readonly rows: readonly Row[];
}

/** The shells that parts run in: one for each user, which lives from part to part. */
export interface Shells {
  /** The one that `part` runs in. */
  readonly of: (part: Part) => Shell;
  /** That of `part` when its machine has restarted, which has new ones from then on; asked for before the part runs that restarts it. */
  readonly restarted: (part: Part) => Promise<Shell>;
  /** A new one instead of that of `part`, in which something still runs or which has ended. */
  readonly again: (part: Part) => Promise<Shell>;
  /** Runs a script of the host's own as root in the machine of `part`, beside them, and returns what it prints. */
  readonly housekeeping: (part: Part, script: string) => Promise<string>;
}

export interface RunOptions {
  /** Recorded output is going to be rewritten, so it need not agree. */
  readonly record: boolean;
  /** How many times its budget a part may take, and the lab. */
  readonly factor: number;
  /** Gets what parts print, as it comes, all of it; of which attempt, from 1, where a part is run again and again. */
  readonly onOutput?: (text: string, attempt: number) => void;
}

/** What the names of placeholders stand for that each part met first, as JSON can say it. */
export type Met = readonly (readonly [
  part: string,
  values: readonly (readonly [name: string, value: string])[],
])[];

export interface PartsOptions extends RunOptions {
  readonly onPart: (lab: Lab, result: PartResult) => void;
  /** Called before each part, with what is known by then. */
  readonly onBefore?: (part: Part, met: Met) => Promise<void>;
  /** How many parts have run in the machine already, and what they met. */
  readonly done?: number;
  readonly met?: Met;
  /** Hears of a failure while everything is still as it was at that point. */
  readonly onFailure?: (failure: PartFailure, parts: readonly PartResult[]) => Promise<void>;
}

/** A part that ran, and why it failed if it did. */
export interface PartRun {
  readonly result: PartResult;
  readonly failure: PartFailure | undefined;
  /** The shell is gone, or did not come back in time: no other part can run in it. */
  readonly lost: boolean;
}

/** The most that something may take, and what is to be said of what does not end in time. */
interface Limit {
  readonly ms: number;
  readonly late: string;
}

export interface PartsRun {
  readonly parts: readonly PartResult[];
  readonly failure: PartFailure | undefined;
  /** Why what the lab set up could not be put back. */
  readonly restoring: PartFailure | undefined;
}

/**
 * Runs the parts of `lab` in `shells`; those after a failed one are `not-run`. In the end, also after a failure, what still runs in the
 * background is stopped, and what was set up is put back.
 */
export async function runParts(
  lab: Lab,
  recording: Recording,
  shells: Shells,
  { onPart, onBefore, onFailure, done = 0, met = [], ...options }: PartsOptions,
): Promise<PartsRun> {
  const running = new RunningLab(lab, recording, shells, options, met);
  const parts: PartResult[] = [];
  const budget = lab.budget * options.factor;
  const end = performance.now() + budget * 1000;
  // Where all parts together have no more than the lab, each ends by its own budget.
  const bounded = lab.parts.reduce((sum, part) => sum + part.budget, 0) > lab.budget;
  let failure: PartFailure | undefined;
  for (const part of lab.parts.slice(done)) {
    if (failure) {
      const digest = running.digests.get(part.name) ?? '';
      parts.push({
        part: part.name,
        digest,
        outcome: 'not-run',
        exit: null,
        durationMs: 0,
        transcript: '',
      });
      continue;
    }
    await onBefore?.(part, running.met);
    const late = `the lab did not end within its budget of ${budget} s`;
    const most = bounded ? { ms: end - performance.now(), late } : undefined;
    const run = await running.run(part, undefined, most);
    parts.push(run.result);
    onPart(lab, run.result);
    ({ failure } = run);
  }
  if (failure) await onFailure?.(failure, parts);
  const { consoles, restoring } = await running.finish();
  return {
    parts: parts.map((result) => {
      const console = consoles.get(result.part) ?? '';
      return console === '' || console === result.transcript ? result : { ...result, console };
    }),
    failure,
    restoring,
  };
}

/** A lab in its machines: parts run in their shells one at a time, whichever somebody asks for. */
export class RunningLab {
  readonly digests: ReadonlyMap<string, string>;
  readonly #lab: Lab;
  readonly #recording: Recording;
  readonly #options: RunOptions;
  readonly #shells: Shells;
  readonly #places: ReadonlyMap<string, Place>;
  /** What the names stand for that each part met first. */
  readonly #met: Map<string, Captures>;
  /** Whether what comes before the first part has run. */
  #prepared: boolean;

  /** `met` is of parts that have run in the machine already. */
  constructor(lab: Lab, recording: Recording, shells: Shells, options: RunOptions, met: Met = []) {
    this.#lab = lab;
    this.#recording = recording;
    this.#shells = shells;
    this.#options = options;
    this.#places = placesOf(lab, recording);
    this.digests = partDigests(lab, recording);
    this.#prepared = met.length > 0;
    this.#met = new Map(met.map(([part, values]) => [part, new Map(values)]));
  }

  /** What is to be known of the parts that ran to go on with the others somewhere else. */
  get met(): Met {
    return [...this.#met].map(([part, values]) => [part, [...values]]);
  }

  /**
   * Runs `part` and judges it, for no longer than its budget, nor than `most`. When `stop` is aborted it is not begun again;
   * ending what runs is for whoever aborts.
   */
  async run(part: Part, stop?: AbortSignal, most?: Limit): Promise<PartRun> {
    const { prepare } = this.#lab;
    if (prepare && !this.#prepared) {
      const prepared = await this.#run(prepare, stop, most);
      // The part did not come to its turn; what it is about is what came before it.
      if (prepared.failure) return { ...prepared, result: { ...prepared.result, part: part.name } };
    }
    this.#prepared = true;
    return this.#run(part, stop, most);
  }

  /** Stops what still runs in the background, and puts back what was set up. Returns all that was printed in the background, by part. */
  async finish(): Promise<{
    readonly consoles: ReadonlyMap<string, string>;
    readonly restoring: PartFailure | undefined;
  }> {
    const consoles = new Map<string, string>();
    const { parts, restore } = this.#lab;
    // Those of all parts: one may have run before this machine was frozen.
    for (const part of parts.filter(({ ready }) => ready))
      consoles.set(part.name, await this.#backgroundOf(part).stop());
    if (!restore) return { consoles, restoring: undefined };
    if (!this.#shells.of(restore).idle) await this.#shells.again(restore);
    return { consoles, restoring: (await this.#run(restore)).failure };
  }

  async #run(part: Part, stop?: AbortSignal, most?: Limit): Promise<PartRun> {
    const { factor } = this.#options;
    const budget = part.budget * factor;
    const own = { ms: budget * 1000, late: `it did not end within its budget of ${budget} s` };
    const limit = most && most.ms < own.ms ? most : own;
    const shell = this.#shells.of(part);
    const before = this.#knownBefore(part);
    const begins = part.in ?? shell.directory ?? this.#places.get(part.name)?.directory ?? '~';
    const next = part.restarts ? this.#shells.restarted(part) : undefined;
    const { ran, verdict } =
      (await this.#goThere(part, shell, limit, before)) ??
      (await untilGood(
        part,
        limit,
        (limitMs, attempt) => this.#attempt(part, shell, limitMs, attempt, next),
        (ran) => this.#judge(part, begins, ran, limit, before),
        stop,
      ));
    if (next && ran.exit === 0) await next;
    this.#met.set(part.name, new Map([...verdict.known].filter(([name]) => !before.has(name))));
    const { causes, rows } = verdict;
    const moved = endsElsewhere(part, begins, ran);
    return {
      result: {
        part: part.name,
        digest: this.digests.get(part.name) ?? '',
        outcome: causes.length === 0 ? 'passed' : 'failed',
        exit: ran.exit,
        durationMs: ran.durationMs,
        transcript: ran.transcript,
        ...(moved === undefined ? {} : { endsIn: moved }),
        ...(ran.durationMs > own.ms / 2 ? { slow: true } : {}),
      },
      failure:
        causes.length === 0
          ? undefined
          : { part, causes, transcript: ran.transcript, rows: agrees(rows) ? [] : rows },
      lost: ran.gone || ran.exit === null,
    };
  }

  async #attempt(
    part: Part,
    shell: Shell,
    limitMs: number,
    attempt: number,
    next: Promise<Shell> | undefined,
  ): Promise<Ran> {
    const onOutput = (text: string): void => this.#options.onOutput?.(text, attempt);
    if (!part.ready) return runCommands(shell, part.runs ?? part.commands, limitMs, next, onOutput);
    const background = this.#backgroundOf(part);
    // Whoever runs it a second time does not want two of them.
    await background.stop();
    return background.start(shell, part.commands, part.ready, limitMs, onOutput);
  }

  #backgroundOf(part: Part): Background {
    return new Background(part, (script) => this.#shells.housekeeping(part, script));
  }

  /** Takes `shell` to the directory that `part` is to begin in. Says how that went only where it cannot. */
  async #goThere(part: Part, shell: Shell, limit: Limit, known: Captures): Promise<Tried | undefined> {
    if (part.in === undefined || part.in === shell.directory) return undefined;
    const ran = await runCommands(
      shell,
      `cd -- ${part.in}`,
      Math.max(1, limit.ms),
      undefined,
      () => undefined,
    );
    if (ran.exit === 0) return undefined;
    return { ran, verdict: { causes: [`its shell cannot go to ${part.in}`], rows: [], known } };
  }

  /** What is to be said of how a part went: its end, and what it printed beside what is recorded. */
  #judge(part: Part, begins: string, ran: Ran, limit: Limit, known: Captures): Verdict {
    const causes = ending(part, ran, limit);
    const moved = endsElsewhere(part, begins, ran) ?? begins;
    if (part === this.#lab.prepare || part === this.#lab.restore) {
      if (causes.length === 0 && moved !== begins) causes.push(`it left its shell in ${moved}; go back`);
      return { causes, rows: [], known };
    }
    if (this.#options.record) return { causes, rows: [], known };
    const recorded = this.#recording.get(part.name);
    if (!recorded)
      return {
        causes: [...causes, 'no output is recorded for it; record it with --record'],
        rows: [],
        known,
      };
    const bound = bind(align(recorded.output, ran.transcript), known);
    if (!agrees(bound.rows)) causes.push('it printed something else than expected');
    const expected = recorded.endsIn ?? begins;
    if (causes.length === 0 && expected !== ELLIPSIS && moved !== expected)
      causes.push(`it left its shell in ${moved}, expected was ${expected}`);
    return { causes, ...bound };
  }

  /** What parts before it in the lab have met: one that is run again may well print another value than it did. */
  #knownBefore(part: Part): Captures {
    const before = this.#lab.parts.slice(0, this.#lab.parts.indexOf(part));
    return new Map(before.flatMap(({ name }) => [...(this.#met.get(name) ?? [])]));
  }
}

interface Verdict {
  /** What is wrong; nothing where all is well. */
  readonly causes: readonly string[];
  readonly rows: readonly Row[];
  readonly known: Captures;
}

interface Tried {
  readonly ran: Ran;
  readonly verdict: Verdict;
}

/** The directory a part left its shell in, where that is another than the one it began in. */
function endsElsewhere(part: Part, begins: string, { directory }: Ran): string | undefined {
  return part.restarts || directory === begins ? undefined : directory;
}

/** Runs a part, once or until it is good so many times in a row as it says; its limit is for all of that. */
async function untilGood(
  part: Part,
  limit: Limit,
  run: (limitMs: number, attempt: number) => Promise<Ran>,
  judge: (ran: Ran) => Verdict,
  stop?: AbortSignal,
): Promise<Tried> {
  const started = performance.now();
  let last: Tried | undefined;
  for (let inARow = 0, attempt = 1; ; attempt++) {
    const ran = await run(Math.max(1, limit.ms - (performance.now() - started)), attempt);
    const cut = ran.exit === null && !ran.gone;
    // What was cut short by the budget says less than the try before it.
    if (!cut || !last) last = { ran, verdict: judge(ran) };
    if (!cut) inARow = last.verdict.causes.length === 0 ? inARow + 1 : 0;
    const durationMs = Math.round(performance.now() - started);
    const over = cut || ran.gone || stop?.aborted || durationMs + AGAIN_AFTER_MS > limit.ms;
    if (!part.until || inARow === part.times || over) {
      const late = part.until && inARow > 0 && inARow < part.times;
      const causes = late
        ? [`it went well only ${inARow} of ${part.times} times in a row`]
        : last.verdict.causes;
      return { ran: { ...last.ran, durationMs }, verdict: { ...last.verdict, causes } };
    }
    await delay(AGAIN_AFTER_MS);
  }
}

/** What is wrong with how the part ended. */
function ending(part: Part, { gone, exit, trouble }: Ran, { late }: Limit): string[] {
  if (gone) return [`it ended the shell (with status ${exit ?? 'unknown'}); a part must leave it running`];
  if (exit === null) return [late];
  if (!endsWell(part.exit, exit)) {
    const expected = part.exit === 'failure' ? 'a failure' : part.exit;
    return [`it ended with exit status ${exit}, expected was ${expected}`];
  }
  return trouble === undefined ? [] : [trouble];
}
