// Expected output beside what was printed: one alignment answers whether they agree, shows where not, and merges recordings.
import { linePattern } from './placeholders.ts';

/** A line that stands for any number of lines. */
export const ELLIPSIS = '…';

/** One row of the two texts side by side. `same` has both; an ellipsis is `same` with all the lines it stands for. */
export type Row =
  | { readonly kind: 'same'; readonly expected: string; readonly got: readonly string[] }
  | { readonly kind: 'missing'; readonly expected: string }
  | { readonly kind: 'unexpected'; readonly got: string };

/** Blanks at the end of a line cannot be seen, so they do not count. */
function lines(text: string): string[] {
  return text === '' ? [] : text.split('\n').map((line) => line.trimEnd());
}

/**
 * Aligns with as few missing and unexpected lines as possible. Texts are bounded by their callers (a transcript by 64 KiB),
 * so is the table.
 */
export function align(expectedText: string, gotText: string): Row[] {
  const expected = lines(expectedText);
  const got = lines(gotText);
  const patterns = expected.map((line) => (line === ELLIPSIS ? undefined : linePattern(line)));
  const width = got.length + 1;
  // cost[i * width + j]: of aligning what follows line i of the expected with what follows line j of the other.
  const cost = new Uint32Array((expected.length + 1) * width);
  const at = (i: number, j: number): number => cost[i * width + j] ?? 0;
  const matches = (i: number, j: number): boolean => patterns[i]?.test(got[j] ?? '') ?? false;
  for (let i = expected.length; i >= 0; i--) {
    for (let j = got.length; j >= 0; j--) {
      if (i === expected.length) cost[i * width + j] = got.length - j;
      else if (patterns[i] === undefined) {
        cost[i * width + j] = Math.min(at(i + 1, j), j < got.length ? at(i, j + 1) : Infinity);
      } else {
        const missing = at(i + 1, j) + 1;
        const unexpected = j < got.length ? at(i, j + 1) + 1 : Infinity;
        const same = j < got.length && matches(i, j) ? at(i + 1, j + 1) : Infinity;
        cost[i * width + j] = Math.min(missing, unexpected, same);
      }
    }
  }

  const rows: Row[] = [];
  let swallowed: string[] = [];
  for (let i = 0, j = 0; i < expected.length || j < got.length;) {
    const line = expected[i];
    if (line === undefined) rows.push({ kind: 'unexpected', got: got[j++] ?? '' });
    else if (patterns[i] === undefined) {
      if (j < got.length && at(i, j) === at(i, j + 1)) swallowed.push(got[j++] ?? '');
      else {
        rows.push({ kind: 'same', expected: line, got: swallowed });
        swallowed = [];
        i++;
      }
    } else if (j < got.length && matches(i, j) && at(i, j) === at(i + 1, j + 1)) {
      rows.push({ kind: 'same', expected: line, got: [got[j++] ?? ''] });
      i++;
    } else if (at(i, j) === at(i + 1, j) + 1) {
      rows.push({ kind: 'missing', expected: line });
      i++;
    } else rows.push({ kind: 'unexpected', got: got[j++] ?? '' });
  }
  return rows;
}

/** Whether the two texts agree. */
export function agrees(rows: readonly Row[]): boolean {
  return rows.every(({ kind }) => kind === 'same');
}

/** The text to record: what was printed, but lines with placeholders that still match stay as their author wrote them. */
export function merge(rows: readonly Row[]): string {
  return rows
    .flatMap((row) => (row.kind === 'same' ? [row.expected] : row.kind === 'unexpected' ? [row.got] : []))
    .join('\n');
}
