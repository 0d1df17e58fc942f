// Expected output beside what was printed: agreement, differences, merging; examples first, then a seeded crowd.
import { describe, expect, test } from 'vitest';
import { agrees, align, merge } from '../../labs/runner/align.ts';
import { linePattern, PLACEHOLDERS, PlaceholderError } from '../../labs/runner/placeholders.ts';
import { seeded } from '../random.ts';

const same = (expected: string, got: string): boolean => agrees(align(expected, got));

describe('lines', () => {
  test.each([
    ['', '', true],
    ['a', 'a', true],
    ['a', 'a  ', true],
    ['a', ' a', false],
    ['a', 'b', false],
    ['a', '', false],
    ['', 'a', false],
    ['a\nb', 'a', false],
    ['a', 'a\na', false],
    ['a\n\nb', 'a\nb', false],
    ['a.c', 'abc', false],
    ['[1] (2)* $', '[1] (2)* $', true],
  ])('%j and %j', (expected, got, agree) => expect(same(expected, got)).toBe(agree));
});

describe('a line of …', () => {
  test.each([
    ['…', '', true],
    ['…', 'a\nb', true],
    ['a\n…', 'a', true],
    ['a\n…\nd', 'a\nb\nc\nd', true],
    ['a\n…\nd', 'a\nb\nc', false],
    ['…\nd', 'd\nd\nd', true],
    ['…\nb\n…\nd', 'a\nb\nc\nd', true],
    ['…\nb\n…\nb', 'b', false],
    ['a …', 'a b', false],
  ])('%j and %j', (expected, got, agree) => expect(same(expected, got)).toBe(agree));
});

describe('placeholders', () => {
  test.each([
    ['ip', ['10.0.0.2', 'fe80::1', '::1', '2001:db8::a:1'], ['10.0.0', 'x', '']],
    ['mac', ['02:00:00:00:be:ef', 'AA:bb:00:11:22:33'], ['02:00:00:00:be', '02-00-00-00-be-ef']],
    ['number', ['0', '17', '3.25'], ['', 'a', '-', '1.']],
    ['duration', ['0.012 ms', '5s', '3 min', '10ns', '7 µs'], ['5', '5 h', 's']],
    ['size', ['1.5 GB', '512 MiB', '3 kB', '7B'], ['7', 'MB']],
    [
      'time',
      ['2026-11-21', '05:00:01', '2026-11-21T05:00:01Z', '2026-11-21 05:00:01.5+01:00'],
      ['noon', '5:0'],
    ],
    ['hash', ['0123abcd', 'deadbeefdeadbeef'], ['123', 'DEADBEEF']],
    ['pid', ['1', '31337'], ['', 'x']],
    ['text', ['anything at all', '‹'], ['']],
  ])('‹%s›', (kind, fitting, foreign) => {
    const pattern = linePattern(`before ‹${kind}› after`);
    for (const value of fitting) expect(pattern.test(`before ${value} after`), value).toBe(true);
    for (const value of foreign) expect(pattern.test(`before ${value} after`), value).toBe(false);
  });

  test('every kind is described in labs/README.md', async () => {
    const { readFile } = await import('node:fs/promises');
    const text = await readFile(new URL('../../labs/README.md', import.meta.url), 'utf8');
    for (const kind of PLACEHOLDERS) expect(text).toContain(`‹${kind}›`);
  });

  test('one nobody defined is an error that lists those there are', () => {
    expect(() => align('it took ‹forever›', 'x')).toThrow(PlaceholderError);
    expect(() => align('it took ‹forever›', 'x')).toThrow(/‹forever›.*‹duration›/);
  });
});

describe('merging', () => {
  test.each([
    ['took ‹duration›\nsame', 'took 5 ms\nsame', 'took ‹duration›\nsame'],
    ['took ‹duration›\nold', 'took 5 ms\nnew', 'took ‹duration›\nnew'],
    ['took ‹duration›', 'it took 5 ms', 'it took 5 ms'],
    ['a\n…\nz', 'a\nb\nc\nz', 'a\n…\nz'],
    ['', 'first', 'first'],
    ['gone', '', ''],
  ])('%j with %j', (recorded, got, merged) => expect(merge(align(recorded, got))).toBe(merged));
});

test('what is merged always agrees with what was printed, and merging again changes nothing', () => {
  const random = seeded(7);
  const LINES = ['a', 'b', '', 'took 5 ms', 'at 10.0.0.2', '…', 'took ‹duration›', 'at ‹ip›', '‹text›'];
  const text = (lines: readonly string[]): string =>
    Array.from({ length: random(7) }, () => lines[random(lines.length)] ?? '').join('\n');
  for (let i = 0; i < 5000; i++) {
    const expected = text(LINES);
    const got = text(LINES.slice(0, 5));
    const rows = align(expected, got);
    const merged = merge(rows);
    expect(same(merged, got), JSON.stringify({ expected, got, merged })).toBe(true);
    expect(merge(align(merged, got))).toBe(merged);
    expect(agrees(rows)).toBe(
      merged ===
        expected
          .split('\n')
          .map((line) => line.trimEnd())
          .join('\n'),
    );
  }
});
