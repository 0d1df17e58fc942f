// The queue of lab runs: how many at a time, in what order, and what is counted of them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Handbook } from '../../labs/cli/handbook.ts';
import { parseLab } from '../../labs/runner/lab.ts';
import type { LabWithRecording } from '../../labs/runner/labs.ts';
import type { LabResult, Outcome, Results } from '../../labs/runner/results.ts';
import { inTurn, lasted, longestFirst, places, shuffled } from '../../labs/cli/queue.ts';

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

test('one that needs two places has them, and its turn even where there is one', async () => {
  const log: string[] = [];
  const work = async (places: number): Promise<void> => {
    log.push(`begin ${places}`);
    for (let turn = 0; turn < 3; turn++) await Promise.resolve();
    log.push(`end ${places}`);
  };
  await inTurn([1, 2, 1], 2, work, (places) => places);
  expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 1', 'end 1']);
  await inTurn([2], 1, work, (places) => places);
  expect(log.slice(-2)).toEqual(['begin 2', 'end 2']);
});

test('a lab takes one place, and one for each of its machines where memory does not hold so many in each place', () => {
  const of = (...machines: string[]): LabWithRecording => ({
    lab: { ...parseLab('a/b', '#: lab T\n#: part p\ntrue'), machines },
    recording: new Map(),
  });
  expect([of('lab'), of('lab', 'server')].map(places(2, 4))).toEqual([1, 1]);
  expect([of('lab'), of('lab', 'server')].map(places(2, 3))).toEqual([1, 2]);
  expect([of('lab')].map(places(2, 0))).toEqual([1]);
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

test('the lab that took longest when it last ran well is the first; one that never did counts by its parts', async () => {
  const lab = (id: string, parts: number): LabWithRecording => ({
    lab: parseLab(
      id,
      ['#: lab T', ...Array.from({ length: parts }, (_, n) => `#: part p${n}\ntrue`)].join('\n'),
    ),
    recording: new Map(),
  });
  const labs = [lab('x/many', 5), lab('x/slow', 1), lab('x/new', 3), lab('x/failed', 2)];
  const names = (times: ReadonlyMap<string, number>): string[] =>
    longestFirst(labs, times).map(({ lab: { id } }) => id);
  expect(names(new Map())).toEqual(['x/many', 'x/new', 'x/failed', 'x/slow']);

  const folder = await mkdtemp(join(tmpdir(), 'kittiwake-queue-'));
  try {
    const handbook = { published: folder, evidence: join(folder, 'none') } as Handbook;
    const [digest, startedAt] = ['a'.repeat(64), '2026-01-01T00:00:00Z'];
    const ran = (name: string, durationMs: number, outcome: Outcome): LabResult => ({
      ...{ lab: name, title: 'T', startedAt, durationMs },
      parts: [{ part: 'p0', digest, outcome, exit: 0, durationMs, transcript: '' }],
    });
    const all = [
      ...[ran('x/many', 1000, 'passed'), ran('x/slow', 90_000, 'passed'), ran('x/failed', 99_000, 'failed')],
    ];
    const results: Results = {
      ...{ version: 1, commit: '', dirty: true, startedAt, durationMs: 1, images: {}, labs: all },
      vm: { digest, accelerator: 'tcg', qemu: '7.2' },
    };
    await writeFile(join(folder, 'results.json'), JSON.stringify(results));
    expect(names(await lasted(handbook))).toEqual(['x/slow', 'x/new', 'x/failed', 'x/many']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
