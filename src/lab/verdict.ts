// What a part's end means, in words: which lines differ, and how. Pure.
import type { Ended, Row } from '../../labs/server/protocol.ts';

/** One place where what was printed is not what was expected. */
export interface Difference {
  /** The line of the expected output, from 1; of something printed besides, the line it comes after, 0 for before the first. */
  readonly line: number;
  readonly expected?: string;
  readonly got?: string;
}

/** The places that differ, in order: a line that is missing goes together with the one that stands in its place. */
export function differences(rows: readonly Row[]): Difference[] {
  const all: Difference[] = [];
  let line = 0;
  let missing: Difference[] = [];
  let unexpected: string[] = [];
  const close = (): void => {
    const last = missing.at(-1)?.line ?? line;
    for (const [index, one] of missing.entries()) {
      const got = unexpected[index];
      all.push(got === undefined ? one : { ...one, got });
    }
    for (const got of unexpected.slice(missing.length)) all.push({ line: last, got });
    missing = [];
    unexpected = [];
  };
  for (const row of rows) {
    if (row.kind === 'same') {
      close();
      line++;
    } else if (row.kind === 'missing') missing.push({ line: ++line, expected: row.expected });
    else unexpected.push(row.got);
  }
  close();
  return all;
}

/** Words and code in turn: what stands at the odd places is code. */
export type Sentence = readonly string[];

const line = (text: string): Sentence => (text === '' ? ['an empty line'] : ['', visible(text), '']);

const join = (...parts: readonly (string | Sentence)[]): string[] => {
  const joined = [''];
  for (const part of parts) {
    const [first = '', ...rest] = typeof part === 'string' ? [part] : part;
    joined.push(`${joined.pop() ?? ''}${first}`, ...rest);
  }
  return joined;
};

export function sentence({ line: number, expected, got }: Difference): Sentence {
  if (expected === undefined) {
    const where = number === 0 ? 'Before line 1' : `After line ${number}`;
    return join(`${where}: got `, line(got ?? ''), ', which is not expected');
  }
  if (got === undefined) return join(`Line ${number}: expected `, line(expected), ', it is missing');
  return join(`Line ${number}: expected `, line(expected), ', got ', line(got));
}

/** Control characters as `cat -v` shows them, so that a difference that cannot be seen is seen. */
export function visible(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (one) =>
    one === '\x7f' ? '^?' : `^${String.fromCharCode(0x40 + one.charCodeAt(0))}`,
  );
}

/** What is said when nothing but the output differs; the lines say it better. */
const OUTPUT_DIFFERS = 'it printed something else than expected';

/** What is wrong besides the lines that differ, such as the exit status, each a sentence. */
export function reasons({ causes, rows }: Pick<Ended, 'causes' | 'rows'>): string[] {
  return causes
    .filter((cause) => rows.length === 0 || cause !== OUTPUT_DIFFERS)
    .map((cause) => `${cause.charAt(0).toUpperCase()}${cause.slice(1)}`);
}

export function seconds(ms: number): string {
  return ms < 100 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function headline({ outcome, durationMs }: Pick<Ended, 'outcome' | 'durationMs'>): string {
  return `${outcome === 'passed' ? 'As expected' : 'Not as expected'}, in ${seconds(durationMs)}`;
}
