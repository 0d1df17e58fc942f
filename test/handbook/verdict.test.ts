// A part's verdict in words: which line differs, and how.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agrees, align } from '../../labs/runner/align.ts';
import { differences, headline, reasons, sentence, visible } from '../../src/lab/verdict.ts';

/** The words for what was printed instead of what was expected, code between backticks. */
function told(expected: string, got: string): string[] {
  return differences(align(expected, got)).map((one) =>
    sentence(one)
      .map((text, index) => (index % 2 === 1 ? `\`${text}\`` : text))
      .join(''),
  );
}

describe('the lines that differ', () => {
  it('are named by their number in the expected output', () => {
    expect(told('one\ntwo\nthree', 'one\ntwo\n3')).toEqual(['Line 3: expected `three`, got `3`']);
  });

  it('are counted after lines that stand for many', () => {
    expect(told('…\nlast\nend', 'a\nb\nend')).toEqual(['Line 2: expected `last`, it is missing']);
  });

  it('are missing, or come besides', () => {
    expect(told('one\ntwo', 'one')).toEqual(['Line 2: expected `two`, it is missing']);
    expect(told('one', 'one\nmore')).toEqual(['After line 1: got `more`, which is not expected']);
    expect(told('one', 'before\none')).toEqual(['Before line 1: got `before`, which is not expected']);
  });

  it('are told as empty where they are', () => {
    expect(told('a\n\nb', 'a\nx\nb')).toEqual(['Line 2: expected an empty line, got `x`']);
    expect(told('a\nx\nb', 'a\n\nb')).toEqual(['Line 2: expected `x`, got an empty line']);
  });

  it('are none exactly where the comparator finds none', () => {
    const text = fc.array(fc.constantFrom('a', 'b', '…', '‹number›', '7', ''), { maxLength: 6 });
    fc.assert(
      fc.property(text, text, (expected, got) => {
        const rows = align(expected.join('\n'), got.join('\n'));
        const places = differences(rows);
        expect(places.length === 0).toBe(agrees(rows));
        const missing = rows.filter(({ kind }) => kind === 'missing').length;
        expect(places.filter((one) => one.expected !== undefined).length).toBe(missing);
        const unexpected = rows.filter(({ kind }) => kind === 'unexpected').length;
        expect(places.filter((one) => one.got !== undefined).length).toBe(unexpected);
      }),
    );
  });
});

describe('the verdict', () => {
  it('tells the time it took', () => {
    expect(headline({ outcome: 'passed', durationMs: 1312 })).toBe('As expected, in 1.3 s');
    expect(headline({ outcome: 'failed', durationMs: 42 })).toBe('Not as expected, in 42 ms');
  });

  it('tells an exit status besides the lines, and not twice that lines differ', () => {
    const causes = ['it ended with exit status 1, expected was 0', 'it printed something else than expected'];
    const rows = align('a', 'b');
    expect(reasons({ causes, rows })).toEqual(['It ended with exit status 1, expected was 0']);
    expect(reasons({ causes, rows: [] })).toHaveLength(2);
  });

  it('shows what a terminal would not', () => {
    expect(visible('\x1b[1mbold\x07\x7f\ttab')).toBe('^[[1mbold^G^?\ttab');
  });
});
