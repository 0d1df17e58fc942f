// What a person sees of a run: a line for each part, and of a failure all that is needed to mend it.
import { styleText } from 'node:util';
import type { Row } from './align.ts';
import type { Lab } from './lab.ts';
import type { PartResult } from './results.ts';
import type { LabRun } from './run.ts';

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
function printable(text: string): string {
  if (text.length > LINE_MAX) return `${printable(text.slice(0, LINE_MAX))} … (cut)`;
  return text.replace(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

export function partLine(lab: Lab, { part, outcome, durationMs }: PartResult): string {
  const mark = outcome === 'passed' ? paint('green', '✓') : paint('red', '✗');
  return `${mark} ${lab.id} ${part} ${paint('dim', `(${(durationMs / 1000).toFixed(1)} s)`)}`;
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
    paint('bold', `labs/${lab.id}.sh: after its last part the machine is not what it was before the first:`),
    ...leftovers.slice(0, LEFTOVERS_MAX).map((line) => `  ${printable(line)}`),
    ...(leftovers.length > LEFTOVERS_MAX ? [`  … and ${leftovers.length - LEFTOVERS_MAX} more`] : []),
    '',
  ].join('\n');
}

/** Everything about why a lab failed. */
export function failureReport({ lab, failure, result }: LabRun): string {
  if (!failure) return '';
  const { part, causes, rows, machine } = failure;
  const transcript = result.parts.find((ran) => ran.part === part.name)?.transcript ?? '';
  const indented = (text: string): string[] => text.split('\n').map((line) => `    ${printable(line)}`);
  return [
    '',
    paint('bold', `labs/${lab.id}.sh:${part.line}: part '${part.name}' failed: ${causes.join('; ')}`),
    '',
    '  commands',
    ...indented(part.commands),
    ...(rows.length > 0
      ? ['', '  expected (-) and printed (+)', ...diff(rows)]
      : ['', '  printed', ...indented(transcript)]),
    '',
    '  the end of the machine’s journal and console',
    ...indented(machine),
    '',
    `  to see it again:  npm run labs -- ${lab.id}`,
    `  to look around:   npm run vm -- shell`,
    '',
  ].join('\n');
}
