// Runs a lab's parts in order in one shell, until one fails, and judges each; where the shell is does not matter.
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import type { Ended, Shell } from '../vm/shell.ts';
import { agrees, align, type Row } from './align.ts';
import { bind, type Captures } from './captures.ts';
import { partDigests, type Lab, type Part, type Recording } from './lab.ts';
import type { PartResult } from './results.ts';

/** Of a part's output, in bytes and in lines; what is longer is cut and says so. */
const TRANSCRIPT_MAX = 64 * 1024;
const TRANSCRIPT_LINES = 2000;
/** How long a part that is run again and again rests between. */
const AGAIN_AFTER_MS = 200;

/** Why a part failed. */
export interface PartFailure {
  readonly part: Part;
  /** What is wrong, one line each. */
  readonly causes: readonly string[];
  /** Expected and printed lines side by side; empty if they agree or nothing is recorded. */
  readonly rows: readonly Row[];
}

export interface PartsOptions {
  /** Recorded output is going to be rewritten, so it need not agree. */
  readonly record: boolean;
  /** How many times its budget a part may take. */
  readonly factor: number;
  readonly onPart: (lab: Lab, result: PartResult) => void;
  /** A shell that begins when the machine has restarted; asked for before the part runs that restarts it. */
  readonly restarted: () => Promise<Shell>;
}

/** Runs the parts of `lab`, beginning in the shell `first`; those after a failed one are `not-run`. */
export async function runParts(
  lab: Lab,
  recording: Recording,
  first: Shell,
  { record, factor, onPart, restarted }: PartsOptions,
): Promise<{ readonly parts: readonly PartResult[]; readonly failure: PartFailure | undefined }> {
  const digests = partDigests(lab, recording);
  const parts: PartResult[] = [];
  let shell = first;
  let known: Captures = new Map();
  let failure: PartFailure | undefined;
  for (const part of lab.parts) {
    const id = { part: part.name, digest: digests.get(part.name) ?? '' };
    if (failure) {
      parts.push({ ...id, outcome: 'not-run', exit: null, durationMs: 0, transcript: '' });
      continue;
    }
    const next = part.restarts ? restarted() : undefined;
    const expected = record ? undefined : (recording.get(part.name)?.output ?? null);
    const { ran, verdict } = await untilGood(
      part,
      factor,
      (limitMs) => runPart(shell, part, limitMs, next),
      (ran) => judge(part, expected, ran, factor, known),
    );
    if (next && ran.exit === 0) shell = await next;
    ({ known } = verdict);
    const { causes, rows } = verdict;
    const result: PartResult = {
      ...id,
      outcome: causes.length === 0 ? 'passed' : 'failed',
      exit: ran.exit,
      durationMs: ran.durationMs,
      transcript: ran.transcript,
    };
    parts.push(result);
    onPart(lab, result);
    if (causes.length > 0) failure = { part, causes, rows: agrees(rows) ? [] : rows };
  }
  return { parts, failure };
}

interface Verdict {
  /** What is wrong; nothing where all is well. */
  readonly causes: readonly string[];
  readonly rows: readonly Row[];
  readonly known: Captures;
}

/** What is to be said of how a part went: its end, and what it printed beside what is `expected`, which is null where nothing is recorded. */
function judge(
  part: Part,
  expected: string | null | undefined,
  ran: Ran,
  factor: number,
  known: Captures,
): Verdict {
  const causes = ending(part, ran.gone, ran.exit, factor);
  if (expected === undefined) return { causes, rows: [], known };
  if (expected === null)
    return { causes: [...causes, 'no output is recorded for it; record it with --record'], rows: [], known };
  const bound = bind(align(expected, ran.transcript), known);
  if (!agrees(bound.rows)) causes.push('it printed something else than expected');
  return { causes, ...bound };
}

/** Runs a part, once or until it is good so many times in a row as it says; its budget is for all of that. */
async function untilGood(
  part: Part,
  factor: number,
  run: (limitMs: number) => Promise<Ran>,
  judgeIt: (ran: Ran) => Verdict,
): Promise<{ ran: Ran; verdict: Verdict }> {
  const started = performance.now();
  const limitMs = part.budget * factor * 1000;
  let last: { ran: Ran; verdict: Verdict } | undefined;
  for (let inARow = 0; ;) {
    const ran = await run(Math.max(1, limitMs - (performance.now() - started)));
    const cut = ran.exit === null && !ran.gone;
    // What was cut short by the budget says less than the try before it.
    if (!cut || !last) last = { ran, verdict: judgeIt(ran) };
    if (!cut) inARow = last.verdict.causes.length === 0 ? inARow + 1 : 0;
    const durationMs = Math.round(performance.now() - started);
    const over = cut || ran.gone || durationMs + AGAIN_AFTER_MS > limitMs;
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

interface Ran {
  readonly exit: number | null;
  readonly gone: boolean;
  readonly durationMs: number;
  readonly transcript: string;
}

async function runPart(
  shell: Shell,
  part: Part,
  limitMs: number,
  next: Promise<Shell> | undefined,
): Promise<Ran> {
  let output = '';
  let room = TRANSCRIPT_MAX;
  let cut = false;
  const started = performance.now();
  const running = shell.run(part.commands, {
    timeoutMs: limitMs,
    onOutput: (text) => {
      if (cut) return;
      const bytes = Buffer.from(text);
      cut = bytes.length > room;
      // The decoder leaves out a character that is cut in two.
      output += cut ? new StringDecoder('utf8').write(bytes.subarray(0, room)) : text;
      room -= bytes.length;
    },
  });
  const { exit, gone } = await (next ? afterRestart(running, next, limitMs) : running);
  const durationMs = Math.round(performance.now() - started);
  let lines = output.replaceAll('\r\n', '\n').replace(/\n+$/, '').split('\n');
  if (lines.length > TRANSCRIPT_LINES) {
    lines = lines.slice(0, TRANSCRIPT_LINES);
    cut = true;
  }
  if (cut) lines.push('(the rest of the output is cut)');
  return { exit, gone, durationMs, transcript: lines.join('\n') };
}

/** How a part ends that restarts the machine: well when the new shell answers. The old one may or may not tell of its end. */
async function afterRestart(running: Promise<Ended>, next: Promise<Shell>, limitMs: number): Promise<Ended> {
  const end = performance.now() + limitMs;
  const { exit } = await Promise.race([running, next.then(() => ({ exit: 0 }))]);
  if (exit !== null && exit !== 0) return { exit, gone: false };
  const late = delay(Math.max(0, end - performance.now()), undefined, { ref: false });
  const shell = await Promise.race([next, late]);
  if (!shell) return { exit: null, gone: false };
  return shell.run('true', {
    timeoutMs: Math.max(1, end - performance.now()),
    onOutput: () => undefined,
  });
}

/** What is wrong with how the part ended. */
function ending(part: Part, gone: boolean, exit: number | null, factor: number): string[] {
  if (gone) return [`it ended the shell (with status ${exit ?? 'unknown'}); a part must leave it running`];
  if (exit === null) return [`it did not end within its budget of ${part.budget * factor} s`];
  if (exit !== part.exit) return [`it ended with exit status ${exit}, expected was ${part.exit}`];
  return [];
}
