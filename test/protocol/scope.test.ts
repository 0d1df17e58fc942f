// Names in lists, as a daemon of Albatross 2.7.2 was seen to send them: they begin below the path that was asked about.
import { describe, expect, test } from 'vitest';
import { formatName, parseName } from '../../runtime/protocol/name.ts';
import type { Success } from '../../runtime/protocol/reply.ts';
import { inFull, seenFrom } from '../../runtime/protocol/scope.ts';

const policy = { cpuids: [0], unikernels: 1, memory: 64, bridges: [] };
const listed = (...names: string[]): Success => ({
  kind: 'policies',
  value: names.map((name) => ({ name: parseName(name), policy })),
});
const names = (answer: Success): string[] =>
  answer.kind === 'policies' ? answer.value.map(({ name }) => formatName(name)) : [];

test('of a path, names begin below it, and it is the root', () => {
  const whole = listed('foo:', 'foo:bar:', 'foo:bar:baz:');
  const sent = seenFrom(parseName('foo:'), whole);
  expect(names(sent)).toEqual([':', 'bar:', 'bar:baz:']);
  expect(inFull(parseName('foo:'), sent)).toEqual(whole);
});
test('a policy is its path’s, also where it was asked for with a label', () => {
  expect(names(seenFrom(parseName('foo:foo'), listed('foo:')))).toEqual([':']);
  expect(names(inFull(parseName('foo:foo'), listed(':')))).toEqual(['foo:']);
});
test('of all there is, names are whole', () => {
  expect(names(seenFrom(parseName(':'), listed(':', 'foo:')))).toEqual([':', 'foo:']);
});

describe('every list:', () => {
  const name = parseName('foo:bar:x');
  const below = parseName('bar:x');
  test.each<[Success, Success]>([
    [
      { kind: 'inactiveConsoles', value: [name] },
      { kind: 'inactiveConsoles', value: [below] },
    ],
    [
      { kind: 'blocks', value: [{ name, size: 1, inUse: false }] },
      { kind: 'blocks', value: [{ name: below, size: 1, inUse: false }] },
    ],
  ])('%j', (whole, sent) => {
    expect(seenFrom(parseName('foo:'), whole)).toEqual(sent);
    expect(inFull(parseName('foo:'), sent)).toEqual(whole);
    // Who asks for one is answered with the name that was asked.
    expect(seenFrom(name, whole)).toEqual(whole);
    expect(inFull(name, whole)).toEqual(whole);
  });
});
