// What a person sees of a run: a line for each part, and of a failure all that is needed to mend it.
import { styleText } from 'node:util';
import type { Row } from './align.ts';
import type { Lab } from './lab.ts';
import type { PartResult } from './results.ts';
import type { Failure, LabRun } from './run.ts';

type Style = Parameters<typeof styleText>[0];

/** Colours only where a terminal is looking. */
function paint(style: Style, text: string): string {
  return process.stderr.isTTY && !process.env['NO_COLOR'] ? styleText(style, text) : text;
}

/** Of a line of output, in characters; more helps nobody who looks for a difference. */
const LINE_MAX = 400;
/** Of what a lab left behind, in lines. */
const LEFTOVERS_MAX = 40;

/** Output of programs, such that a terminal does not obey it. */
export function printable(text: string): string {
  if (text.length > LINE_MAX) return `${printable(text.slice(0, LINE_MAX))} … (cut)`;
  return text.replace(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

export function partLine(lab: Lab, { part, outcome, durationMs, slow }: PartResult): string {
  const mark = outcome === 'passed' ? paint('green', '✓') : paint('red', '✗');
  const late = slow ? paint('yellow', ', more than half of its budget') : '';
  return `${mark} ${lab.id} ${part} ${paint('dim', `(${(durationMs / 1000).toFixed(1)} s`)}${late}${paint('dim', ')')}`;
}

/** A diff: `-` was expected and is missing, `+` was printed and not expected. */
export function diff(rows: readonly Row[]): string[] {
  return rows.flatMap((row) => {
    if (row.kind === 'missing') return [paint('red', `  - ${printable(row.expected)}`)];
    if (row.kind === 'unexpected') return [paint('green', `  + ${printable(row.got)}`)];
    return [paint('dim', `    ${printable(row.expected)}`)];
  });
}

/** What a lab left behind, or took away. */
export function leftoversReport({ lab, leftovers }: LabRun): string {
  return [
    '',
    paint('bold', `${lab.file}: after its last part the machine is not what it was before the first:`),
    ...leftovers.slice(0, LEFTOVERS_MAX).map((line) => `  ${printable(line)}`),
    ...(leftovers.length > LEFTOVERS_MAX ? [`  … and ${leftovers.length - LEFTOVERS_MAX} more`] : []),
    '',
  ].join('\n');
}

function lastLines(text: string, count: number): string[] {
  return text.trimEnd().split('\n').slice(-count);
}

/** Everything about why a lab failed, and `hints` what to do about it. */
export function failureReport({ lab }: LabRun, failure: Failure, hints: readonly string[]): string {
  const { part, causes, transcript, rows, logs } = failure;
  const what =
    part === lab.prepare || part === lab.restore ? `its section '${part.name}'` : `part '${part.name}'`;
  const indented = (text: string): string[] => text.split('\n').map((line) => `    ${printable(line)}`);
  return [
    '',
    paint('bold', `${lab.file}:${part.line}: ${what} failed: ${causes.join('; ')}`),
    '',
    '  commands',
    ...indented(part.commands),
    ...(rows.length > 0
      ? ['', '  expected (-) and printed (+)', ...diff(rows)]
      : ['', '  printed', ...indented(transcript)]),
    '',
    '  the end of the machine’s journal and console',
    ...indented([...lastLines(logs.journal, 15), ...lastLines(logs.console, 25)].join('\n')),
    '',
    ...hints.map((hint) => `  ${hint}`),
    '',
  ].join('\n');
}
