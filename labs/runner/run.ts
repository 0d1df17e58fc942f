// Runs one lab in a machine of its own: its parts in order in one shell, until one fails.
import { startMachine, type Machine } from '../vm/machine.ts';
import { Shell } from '../vm/shell.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import { agrees, align, type Row } from './align.ts';
import { partDigests, type Lab, type Part, type Recording } from './lab.ts';
import type { LabResult, PartResult } from './results.ts';

/** Of a part's output, in bytes and in lines; what is longer is cut and says so. */
const TRANSCRIPT_MAX = 64 * 1024;
const TRANSCRIPT_LINES = 2000;
/** How many times its budget a part may take where the machine's processor is emulated. */
const EMULATED_FACTOR = 3;
const HOUSEKEEPING_LIMIT_MS = 20_000;

/** Why a part failed: everything somebody needs who was not there. */
export interface Failure {
  readonly part: Part;
  /** What is wrong, one line each. */
  readonly causes: readonly string[];
  /** Expected and printed lines side by side; empty if they agree or nothing is recorded. */
  readonly rows: readonly Row[];
  /** The end of the machine's console and journal. */
  readonly machine: string;
}

export interface LabRun {
  readonly lab: Lab;
  readonly recording: Recording;
  readonly result: LabResult;
  readonly failure: Failure | undefined;
}

export interface RunOptions {
  /** Recorded output is going to be rewritten, so it need not agree. */
  readonly record: boolean;
  readonly onPart: (lab: Lab, result: PartResult) => void;
}

/** Runs `lab` in a fresh machine. @throws VmError if there is none to be had. */
export async function runLab(
  lab: Lab,
  recording: Recording,
  snapshot: Snapshot,
  options: RunOptions,
): Promise<LabRun> {
  const digests = partDigests(lab, recording);
  const startedAt = new Date().toISOString();
  const started = performance.now();
  const machine = await startMachine(snapshot);
  try {
    const shell = new Shell(await machine.qemu.line('operator'));
    const factor = snapshot.accelerator.name === 'tcg' ? EMULATED_FACTOR : 1;
    const parts: PartResult[] = [];
    let failure: Failure | undefined;
    for (const part of lab.parts) {
      const digest = digests.get(part.name) ?? '';
      if (failure) {
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
      const ran = await runPart(shell, part, factor);
      const expected = options.record ? ran.transcript : recording.get(part.name)?.output;
      const rows = expected === undefined ? [] : align(expected, ran.transcript);
      const causes = judge(part, ran, expected, rows, factor);
      const outcome = causes.length === 0 ? 'passed' : 'failed';
      const { exit, durationMs, transcript } = ran;
      const result: PartResult = { part: part.name, digest, outcome, exit, durationMs, transcript };
      parts.push(result);
      options.onPart(lab, result);
      if (outcome === 'failed')
        failure = { part, causes, rows: agrees(rows) ? [] : rows, machine: await lastWords(machine) };
    }
    const durationMs = Math.round(performance.now() - started);
    return {
      lab,
      recording,
      result: { lab: lab.id, title: lab.title, startedAt, durationMs, parts },
      failure,
    };
  } finally {
    await machine.stop();
  }
}

interface Ran {
  readonly exit: number | null;
  readonly gone: boolean;
  readonly durationMs: number;
  readonly transcript: string;
}

async function runPart(shell: Shell, part: Part, factor: number): Promise<Ran> {
  let output = '';
  let cut = false;
  const started = performance.now();
  const { exit, gone } = await shell.run(part.commands, {
    timeoutMs: part.budget * factor * 1000,
    onOutput: (text) => {
      cut ||= output.length + text.length > TRANSCRIPT_MAX;
      output = (output + text).slice(0, TRANSCRIPT_MAX);
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

function judge(
  part: Part,
  ran: Ran,
  expected: string | undefined,
  rows: readonly Row[],
  factor: number,
): string[] {
  const causes: string[] = [];
  if (ran.gone)
    causes.push(`it ended the shell (with status ${ran.exit ?? 'unknown'}); a part must leave it running`);
  else if (ran.exit === null) causes.push(`it did not end within its budget of ${part.budget * factor} s`);
  else if (ran.exit !== part.exit)
    causes.push(`it ended with exit status ${ran.exit}, expected was ${part.exit}`);
  if (expected === undefined) causes.push('no output is recorded for it; record it with --record');
  else if (!agrees(rows)) causes.push('it printed something else than expected');
  return causes;
}

/** The end of the machine's journal and console. */
async function lastWords(machine: Machine): Promise<string> {
  let journal = '';
  await machine.root
    .run('journalctl --no-pager --lines=15 --output=short-monotonic', {
      timeoutMs: HOUSEKEEPING_LIMIT_MS,
      onOutput: (text) => (journal = (journal + text).slice(-8192)),
    })
    .catch(() => undefined);
  return `${journal}${await machine.qemu.console(2048)}`.trim();
}
