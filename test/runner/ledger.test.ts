// How often parts pass, counted over runs of the same lab.
import { expect, test } from 'vitest';
import { parseLab, partDigests } from '../../labs/runner/lab.ts';
import { tally } from '../../labs/runner/ledger.ts';
import type { LabResult, Outcome } from '../../labs/runner/results.ts';

const lab = parseLab('x/y', '#: lab T\n#: part one\ntrue\n#: part two\ntrue');
const edited = parseLab('x/y', '#: lab T\n#: part one\ntrue\n#: part two\n:');
const labs = (it: typeof lab) => [{ lab: it, recording: new Map() }];

function result(...outcomes: Outcome[]): LabResult {
  const digests = partDigests(lab, new Map());
  return {
    lab: 'x/y',
    title: 'T',
    startedAt: '2026-01-01T00:00:00Z',
    durationMs: 1,
    parts: outcomes.map((outcome, index) => {
      const part = index === 0 ? 'one' : 'two';
      return { part, digest: digests.get(part) ?? '', outcome, exit: 0, durationMs: 1, transcript: '' };
    }),
  };
}

const counts = (ledger: ReturnType<typeof tally>) =>
  ledger.flatMap(({ parts }) => parts.map(({ part, runs, passed }) => [part, passed, runs]));

test('passes are counted of the times a part ran: what came after a failure did not', () => {
  const results = [result('passed', 'passed'), result('failed', 'not-run'), result('passed', 'failed')];
  expect(counts(tally(labs(lab), [], results))).toEqual([
    ['one', 2, 3],
    ['two', 1, 2],
  ]);
});

test('counting goes on where an earlier run ended, but for parts that are others now', () => {
  const before = tally(labs(lab), [], [result('passed', 'passed'), result('passed', 'failed')]);
  expect(counts(tally(labs(lab), before, [result('passed', 'passed')]))).toEqual([
    ['one', 3, 3],
    ['two', 2, 3],
  ]);
  expect(counts(tally(labs(edited), before, []))).toEqual([
    ['one', 2, 2],
    ['two', 0, 0],
  ]);
});
