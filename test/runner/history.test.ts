// The runs that are kept of each part: the last ones, of parts there are.
import { expect, test } from 'vitest';
import { remembered, type History } from '../../labs/runner/history.ts';
import type { Outcome, Results } from '../../labs/runner/results.ts';

const run = (turn: number, outcome: Outcome, part = 'one'): Results => ({
  version: 1,
  commit: `c${turn}`,
  dirty: false,
  startedAt: '2026-01-01T00:00:00Z',
  durationMs: 1,
  vm: { digest: 'v', accelerator: 'tcg', qemu: '7.2' },
  images: {},
  labs: [
    {
      lab: 'x/y',
      title: 'T',
      startedAt: '2026-01-01T00:00:00Z',
      durationMs: 1,
      parts: [{ part, digest: '', outcome, exit: 0, durationMs: turn, transcript: '' }],
    },
  ],
});

test('the last ten runs of each part are kept, in their order; one that did not run is none', () => {
  let history: History | undefined;
  for (let turn = 0; turn < 12; turn++)
    history = remembered(history, run(turn, turn === 11 ? 'failed' : 'passed'));
  history = remembered(history, run(12, 'not-run'));
  const kept = history.parts['x/y#one'] ?? [];
  expect(kept.map(({ commit }) => commit)).toEqual(Array.from({ length: 10 }, (_, index) => `c${index + 2}`));
  expect(kept.at(-1)).toEqual({
    at: '2026-01-01T00:00:00Z',
    commit: 'c11',
    outcome: 'failed',
    durationMs: 11,
  });
});

test('what is kept of a part goes with it', () => {
  const before = remembered(undefined, run(1, 'passed'));
  expect(Object.keys(remembered(before, run(2, 'passed', 'two')).parts)).toEqual(['x/y#two']);
});
