// The queue of lab runs: how many at a time, in what order, and what is counted of them.
import { expect, test } from 'vitest';
import { parseLab } from '../../labs/runner/lab.ts';
import type { LabResult, Outcome } from '../../labs/runner/results.ts';
import { tally } from '../../scripts/labs/modes.ts';
import { inTurn, shuffled } from '../../scripts/labs/queue.ts';

test('so many at a time are done and no more, and what came of them is in their order', async () => {
  let under = 0;
  let most = 0;
  const results = await inTurn([3, 1, 2, 0, 1], 2, async (turns) => {
    most = Math.max(most, ++under);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    under--;
    return turns * 10;
  });
  expect(results).toEqual([30, 10, 20, 0, 10]);
  expect(most).toBe(2);
});

test('one that cannot be done ends the queue', async () => {
  const done: number[] = [];
  const work = (n: number): Promise<void> =>
    n === 1 ? Promise.reject(new Error('no machine')) : Promise.resolve(void done.push(n));
  await expect(inTurn([0, 1, 2], 1, work)).rejects.toThrow('no machine');
  expect(done).toEqual([0]);
});

test('an order by chance is the same for the same seed, and has everything once', () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  const order = (seed: number): number[] => shuffled(items, seed, String);
  expect(order(1)).toEqual(order(1));
  expect(order(1)).not.toEqual(order(2));
  expect(order(1)).not.toEqual(items);
  expect(order(1).toSorted((a, b) => a - b)).toEqual(items);
});

test('passes are counted of the times a part ran: what came after a failure did not', () => {
  const lab = parseLab('x/y', '#: lab T\n#: part one\ntrue\n#: part two\ntrue');
  const result = (...outcomes: Outcome[]): LabResult => ({
    lab: 'x/y',
    title: 'T',
    startedAt: '2026-01-01T00:00:00Z',
    durationMs: 1,
    parts: outcomes.map((outcome, index) => ({
      part: index === 0 ? 'one' : 'two',
      digest: '',
      outcome,
      exit: 0,
      durationMs: 1,
      transcript: '',
    })),
  });
  const results = [result('passed', 'passed'), result('failed', 'not-run'), result('passed', 'failed')];
  expect(tally([{ lab, recording: new Map() }], results)).toEqual([
    {
      lab: 'x/y',
      parts: [
        { part: 'one', runs: 3, passed: 2 },
        { part: 'two', runs: 2, passed: 1 },
      ],
    },
  ]);
});
