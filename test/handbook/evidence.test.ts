// What a page may claim about a step, and how it shows what stands for a value.
import { expect, test } from 'vitest';
import type { Results } from '../../labs/runner/results.ts';
import { evidenceOf } from '../../src/lib/evidence.ts';
import { pieces } from '../../src/lib/expected-output.ts';
import { keepWordsWhole } from '../../src/lib/whole-words.ts';

const part = {
  part: 'run',
  digest: 'd1',
  outcome: 'passed',
  exit: 0,
  durationMs: 12,
  transcript: 'Hello',
} as const;
const results = (outcome: 'passed' | 'failed' | 'not-run'): Results => ({
  version: 1,
  commit: 'c0ffee',
  dirty: false,
  startedAt: '2026-11-21T05:00:00Z',
  durationMs: 1000,
  vm: { digest: 'v', accelerator: 'tcg', qemu: '7.2' },
  images: {},
  labs: [
    {
      lab: 'hvt/hello',
      title: 'T',
      startedAt: '2026-11-21T05:00:01Z',
      durationMs: 20,
      parts: [{ ...part, outcome }],
    },
  ],
});

test('a step that passed as it is now is verified', () => {
  expect(evidenceOf([results('passed')], 'hvt/hello', 'run', 'd1', {})).toEqual({
    state: 'passed',
    at: '2026-11-21T05:00:01Z',
    commit: 'c0ffee',
    dirty: false,
    durationMs: 12,
    exit: 0,
    transcript: 'Hello',
    machine: 'v',
    qemu: '7.2',
    emulated: true,
    slow: false,
  });
});

test.each([
  ['failed', [results('failed')], 'run', 'd1', 'failed'],
  ['edited since', [results('passed')], 'run', 'd2', 'edited'],
  ['edited since, and failed before', [results('failed')], 'run', 'd2', 'edited'],
  ['not reached', [results('not-run')], 'run', 'd1', 'never'],
  ['new', [results('passed')], 'other', 'd1', 'never'],
  ['without any run', [], 'run', 'd1', 'never'],
  ['failed in the newer of two runs', [results('failed'), results('passed')], 'run', 'd1', 'failed'],
] as const)('a step that is %s is not', (_, runs, name, digest, state) => {
  expect(evidenceOf(runs, 'hvt/hello', name, digest, {}).state).toBe(state);
});

test('what a newer run did not reach keeps the evidence of the older one', () => {
  const other: Results = { ...results('passed'), commit: 'beef', labs: [] };
  expect(evidenceOf([other, results('passed')], 'hvt/hello', 'run', 'd1', {})).toMatchObject({
    commit: 'c0ffee',
  });
  expect(evidenceOf([results('not-run'), results('passed')], 'hvt/hello', 'run', 'd1', {}).state).toBe(
    'passed',
  );
});

test('placeholders and ellipses stand apart, everything else stays as it is', () => {
  expect(pieces('took ‹duration›,\n…\n<b> … ‹ nothing›')).toEqual([
    { text: 'took ', kind: 'literal' },
    { text: '‹duration›', kind: 'placeholder' },
    { text: ',\n', kind: 'literal' },
    { text: '…', kind: 'ellipsis' },
    { text: '\n<b> … ‹ nothing›', kind: 'literal' },
  ]);
});

test('words with hyphens stay whole, and no others', () => {
  expect(keepWordsWhole('run -l debug - a-b\n  --mem=4 2-')).toBe(
    'run <span class="whole">-l</span> debug - <span class="whole">a-b</span>\n' +
      '  <span class="whole">--mem=4</span> <span class="whole">2-</span>',
  );
});

test('a step that ran with another image than there is now is not verified, nor with one that is new or gone', () => {
  const ran = { ...results('passed'), images: { 'hello.hvt': 'a', 'website.hvt': 'b' } };
  const state = (images: Results['images']): string =>
    evidenceOf([ran], 'hvt/hello', 'run', 'd1', images).state;
  expect(state({ 'website.hvt': 'b', 'hello.hvt': 'a' })).toBe('passed');
  expect(state({ 'hello.hvt': 'a', 'website.hvt': 'c' })).toBe('edited');
  expect(state({ 'hello.hvt': 'a' })).toBe('edited');
  expect(state({ 'hello.hvt': 'a', 'website.hvt': 'b', 'more.hvt': 'c' })).toBe('edited');
});
