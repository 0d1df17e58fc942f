// Whether, when, and how often a unikernel that ended is started again.
import { expect, test } from 'vitest';
import { again, failures, FAILURES_MAX, wait, withoutName } from '../../runtime/daemon/restart.ts';
import type { Ended } from '../../runtime/daemon/ended.ts';

const always = { kind: 'restart', value: [] } as const;

test.each<[string, Parameters<typeof again>[0], Ended, boolean]>([
  ['asked to stay down', { kind: 'quit' }, { status: 2 }, false],
  ['any status', always, { status: 2 }, true],
  ['status 0', always, { status: 0 }, true],
  ['a fault under hvt', always, { status: 255 }, true],
  ['a signal', always, { signal: 'SIGTERM' }, false],
  ['a refusal', always, { status: 1 }, false],
  ['an unknown argument', always, { status: 64 }, false],
  ["cmdliner's error", always, { status: 125 }, false],
  ['a status that is listed', { kind: 'restart', value: [3, 5] }, { status: 5 }, true],
  ['one that is not', { kind: 'restart', value: [3, 5] }, { status: 2 }, false],
  ['one that is listed and hopeless', { kind: 'restart', value: [1] }, { status: 1 }, false],
])('%s', (_, behaviour, ended, expected) => {
  expect(again(behaviour, ended)).toBe(expected);
});

test('only who was given a name is started again without', () => {
  expect(withoutName(true, { status: 64 })).toBe(true);
  expect(withoutName(true, { status: 124 })).toBe(true);
  expect(withoutName(false, { status: 64 })).toBe(false);
  expect(withoutName(true, { status: 2 })).toBe(false);
  expect(withoutName(true, { signal: 'SIGKILL' })).toBe(false);
});

test('waits double up to five minutes, with up to a tenth more', () => {
  expect([1, 2, 3, 4].map((n) => wait(n, 0))).toEqual([500, 1000, 2000, 4000]);
  expect(wait(FAILURES_MAX, 0)).toBe(300_000);
  expect(wait(1, 1)).toBe(550);
  const all = Array.from({ length: FAILURES_MAX }, (_, at) => wait(at + 1, 0)).reduce((sum, ms) => sum + ms);
  expect(all / 60_000).toBeGreaterThan(30);
});

test('a good run makes the next failure the first', () => {
  expect(failures(7, 1000)).toBe(8);
  expect(failures(7, 600_000)).toBe(1);
});
