// Runs a lab's parts in order in one shell, until one fails, and judges each; where the shell is does not matter.
import { StringDecoder } from 'node:string_decoder';
import type { Shell } from '../vm/shell.ts';
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
}

/** Runs the parts of `lab` in `shell`; those after a failed one are `not-run`. */
export async function runParts(
  lab: Lab,
  recording: Recording,
  shell: Shell,
  { record, factor, onPart }: PartsOptions,
): Promise<{ readonly parts: readonly PartResult[]; readonly failure: PartFailure | undefined }> {
  const digests = partDigests(lab, recording);
  const parts: PartResult[] = [];
  let failure: PartFailure | undefined;
  for (const part of lab.parts) {
    const known = { part: part.name, digest: digests.get(part.name) ?? '' };
    if (failure) {
      parts.push({ ...known, outcome: 'not-run', exit: null, durationMs: 0, transcript: '' });
      continue;
    }
    const { gone, ...ran } = await runPart(shell, part, factor);
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

async function runPart(shell: Shell, part: Part, factor: number): Promise<Ran> {
  let output = '';
  let room = TRANSCRIPT_MAX;
  let cut = false;
  const started = performance.now();
  const { exit, gone } = await shell.run(part.commands, {
    timeoutMs: part.budget * factor * 1000,
    onOutput: (text) => {
      if (cut) return;
      const bytes = Buffer.from(text);
      cut = bytes.length > room;
      // The decoder leaves out a character that is cut in two.
      output += cut ? new StringDecoder('utf8').write(bytes.subarray(0, room)) : text;
      room -= bytes.length;
    },
  });
  const durationMs = Math.round(performance.now() - started);
  let lines = output.replaceAll('\r\n', '\n').replace(/\n+$/, '').split('\n');
  if (lines.length > TRANSCRIPT_LINES) {
    lines = lines.slice(0, TRANSCRIPT_LINES);
    cut = true;
  }
  if (cut) lines.push('(the rest of the output is cut)');
  return { exit, gone, durationMs, transcript: lines.join('\n') };
}

/** What is wrong with how the part ended. */
function ending(part: Part, gone: boolean, exit: number | null, factor: number): string[] {
  if (gone) return [`it ended the shell (with status ${exit ?? 'unknown'}); a part must leave it running`];
  if (exit === null) return [`it did not end within its budget of ${part.budget * factor} s`];
  if (exit !== part.exit) return [`it ended with exit status ${exit}, expected was ${part.exit}`];
  return [];
}
