// Values that a lab meets again: what `‹mac:web›` stood for first, it stands for ever after.
import type { Row } from './align.ts';
import { namedValues } from './placeholders.ts';

/** What each name stands for, as far as it was met. */
export type Captures = ReadonlyMap<string, string>;

/** `rows` beside what is known: a line with another value than before is not the same. Returns the rows, and what is known after them. */
export function bind(rows: readonly Row[], before: Captures): { rows: readonly Row[]; known: Captures } {
  const known = new Map(before);
  const bound = rows.flatMap((row): readonly Row[] => {
    const [got = ''] = row.kind === 'same' ? row.got : [];
    if (row.kind !== 'same' || row.got.length !== 1 || !row.expected.includes('‹')) return [row];
    let { expected } = row;
    let agrees = true;
    for (const { name, value } of namedValues(row.expected, got)) {
      const was = known.get(name) ?? value;
      known.set(name, was);
      agrees &&= was === value;
      expected = expected.replace(`‹${name}›`, () => was);
    }
    return agrees
      ? [row]
      : [
          { kind: 'missing', expected },
          { kind: 'unexpected', got },
        ];
  });
  return { rows: bound, known };
}
