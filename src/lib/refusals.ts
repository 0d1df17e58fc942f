// The tenders' refusals, as runtime/tender/errors.h has them: the one place where their texts and classes stand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Refusal {
  /** As `E_TAP_DOWN`. */
  readonly name: string;
  /** Which part of the header it stands in, as `Taps`. */
  readonly section: string;
  /** The exit status with --sysexits. */
  readonly status: number;
  /** The name of that status in sysexits(3) without `EX_`; FAULT for a guest's fault. */
  readonly statusName: string;
  /** Its text, cut at what is filled in: one more piece than there are things to fill in. */
  readonly pieces: readonly string[];
}

/** sysexits.h; 255 is the tenders' own. */
const CLASSES: Readonly<Record<string, number>> = {
  EX_USAGE: 64,
  EX_DATAERR: 65,
  EX_NOINPUT: 66,
  EX_UNAVAILABLE: 69,
  EX_SOFTWARE: 70,
  EX_OSERR: 71,
  EX_CANTCREAT: 73,
  EX_IOERR: 74,
  EX_TEMPFAIL: 75,
  EX_NOPERM: 77,
  EX_CONFIG: 78,
  EXIT_GUEST_FAULT: 255,
};

/** The conversions of printf(3) that the texts use. */
const CONVERSION = /%(?:ll|l|z)?[a-z]/;

/** Reads the text of errors.h. @throws Error at a line that looks like a refusal and is not understood. */
export function parseRefusals(header: string): Refusal[] {
  let section = '';
  const refusals: Refusal[] = [];
  for (const line of header.split('\n')) {
    section = /^\/\* ---- (.*) ---- \*\/$/.exec(line)?.[1] ?? section;
    if (!line.startsWith('#define E_')) continue;
    const [, name, word = '', text = ''] = /^#define (E_[A-Z0-9_]+) (EX[A-Z_]+), "(.*)"$/.exec(line) ?? [];
    const status = CLASSES[word];
    if (name === undefined || status === undefined) throw new Error(`errors.h: not understood: ${line}`);
    const statusName = word === 'EXIT_GUEST_FAULT' ? 'FAULT' : word.slice('EX_'.length);
    // %% is a percent sign: it is hidden while the text is cut.
    const pieces = text
      .replaceAll('\\"', '"')
      .replaceAll('%%', '\0')
      .split(CONVERSION)
      .map((piece) => piece.replaceAll('\0', '%'));
    refusals.push({ name, section, status, statusName, pieces });
  }
  return refusals;
}

/** All refusals; `root` is the project's folder. */
export function readRefusals(root: string): Refusal[] {
  return parseRefusals(readFileSync(join(root, 'runtime/tender/errors.h'), 'utf8'));
}
