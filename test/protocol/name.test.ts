// Names of unikernels, and what a name speaks of.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../runtime/protocol/errors.ts';
import { formatName, isWithin, parseName, parsePath } from '../../runtime/protocol/name.ts';
import { name } from './arbitraries.ts';

test.each([
  ['hello', ':hello', { path: [], label: 'hello' }],
  [':hello', ':hello', { path: [], label: 'hello' }],
  ['foo:bar:Hello', 'foo:bar:hello', { path: ['foo', 'bar'], label: 'hello' }],
  [':foo:hello', 'foo:hello', { path: ['foo'], label: 'hello' }],
  [':', ':', { path: [] }],
  ['foo:', 'foo:', { path: ['foo'] }],
  [':foo:bar:', 'foo:bar:', { path: ['foo', 'bar'] }],
  ['.', ':.', { path: [], label: '.' }],
  ['a'.repeat(63), `:${'a'.repeat(63)}`, { path: [], label: 'a'.repeat(63) }],
])('%s is %s', (written, canonical, parsed) => {
  expect(parseName(written)).toEqual(parsed);
  expect(formatName(parseName(written))).toBe(canonical);
});

test.each([
  ['', 'empty'],
  ['::', 'empty'],
  ['foo::bar', 'empty'],
  ['foo::', 'empty'],
  ['-a', 'hyphen'],
  ['a b', 'allowed'],
  ['a/../b', 'allowed'],
  ['a\nb', 'allowed'],
  ['ä', 'allowed'],
  ['a'.repeat(64), '63 are the most'],
  ['a:'.repeat(33), '32 is the most'],
  ['a'.repeat(1_000_000), '63 are the most'],
])('%.20s is none', (written, cause) => {
  const refused = (): unknown => parseName(written);
  expect(refused).toThrow(ProtocolError);
  expect(refused).toThrow(cause);
});

test('a path may be written in three ways', () => {
  for (const written of ['foo:bar', ':foo:bar', 'foo:bar:'])
    expect(parsePath(written)).toEqual(['foo', 'bar']);
  for (const written of ['', ':']) expect(parsePath(written)).toEqual([]);
});

test('what is formatted is parsed again', () => {
  fc.assert(
    fc.property(name, (any) => {
      expect(parseName(formatName(any))).toEqual(any);
    }),
    { numRuns: 2000, seed: 1 },
  );
});

describe('what a name speaks of', () => {
  test.each([
    ['foo:bar', ':', true],
    ['foo:bar', 'foo:', true],
    ['foo:x:bar', 'foo:', true],
    ['foo:', 'foo:', true],
    ['bar', 'foo:', false],
    ['foobar:x', 'foo:', false],
    ['foo', 'foo:', false],
    ['foo:bar', 'foo:bar', true],
    ['foo:bar:x', 'foo:bar', false],
  ])('%s, asked for %s: %s', (subject, scope, answer) => {
    expect(isWithin(parseName(subject), parseName(scope))).toBe(answer);
  });
});
