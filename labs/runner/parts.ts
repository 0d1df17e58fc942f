// Runs a lab's parts in order in one shell, until one fails, and judges each; where the shell is does not matter.
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import type { Ended, Shell } from '../vm/shell.ts';
import { agrees, align, type Row } from './align.ts';
import { partDigests, type Lab, type Part, type Recording } from './lab.ts';
import type { PartResult } from './results.ts';

/** Of a part's output, in bytes and in lines; what is longer is cut and says so. */
const TRANSCRIPT_MAX = 64 * 1024;
const TRANSCRIPT_LINES = 2000;

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
  let failure: PartFailure | undefined;
  for (const part of lab.parts) {
    const known = { part: part.name, digest: digests.get(part.name) ?? '' };
    if (failure) {
      parts.push({ ...known, outcome: 'not-run', exit: null, durationMs: 0, transcript: '' });
      continue;
    }
    const next = part.restarts ? restarted() : undefined;
    const { gone, ...ran } = await runPart(shell, part, factor, next);
    if (next && ran.exit === 0) shell = await next;
    const causes = ending(part, gone, ran.exit, factor);
    let rows: readonly Row[] = [];
    if (!record) {
      const recorded = recording.get(part.name);
      if (recorded === undefined) causes.push('no output is recorded for it; record it with --record');
      else rows = align(recorded.output, ran.transcript);
      if (!agrees(rows)) causes.push('it printed something else than expected');
    }
    const result: PartResult = { ...known, outcome: causes.length === 0 ? 'passed' : 'failed', ...ran };
    parts.push(result);
    onPart(lab, result);
    if (causes.length > 0) failure = { part, causes, rows: agrees(rows) ? [] : rows };
  }
  return { parts, failure };
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
  factor: number,
  next: Promise<Shell> | undefined,
): Promise<Ran> {
  let output = '';
  let room = TRANSCRIPT_MAX;
  let cut = false;
  const started = performance.now();
  const limitMs = part.budget * factor * 1000;
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
