// The queue of lab runs: how many at a time, in what order, and what is counted of them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Handbook } from '../../labs/cli/handbook.ts';
import { parseLab } from '../../labs/runner/lab.ts';
import type { LabWithRecording } from '../../labs/runner/labs.ts';
import type { Busy, LabResult, Outcome, Results } from '../../labs/runner/results.ts';
import {
  host,
  inTurn,
  lasted,
  longestFirst,
  shuffled,
  takes,
  type Lasted,
  type Room,
} from '../../labs/cli/queue.ts';

/** A processor each, and a machine. */
const one: Room = { processors: 1, machines: 1 };

/** Does all of `items` in `room`, each for as many turns as its place says, and tells the order: '+' for a beginning, '-' for an end. */
async function order(
  room: Room,
  items: readonly (Room & { name: string; turns?: number })[],
): Promise<string> {
  const log: string[] = [];
  await inTurn(
    items,
    room,
    async ({ name, turns = 3 }) => {
      log.push(`+${name}`);
      for (let turn = 0; turn < 10 * turns; turn++) await Promise.resolve();
      log.push(`-${name}`);
    },
    (item) => item,
  );
  return log.join(' ');
}

test('so many at a time are done and no more, and what came of them is in their order', async () => {
  let under = 0;
  let most = 0;
  const work = async (turns: number): Promise<number> => {
    most = Math.max(most, ++under);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    under--;
    return turns * 10;
  };
  const results = await inTurn([3, 1, 2, 0, 1], { processors: 2, machines: 9 }, work, () => one);
  expect(results).toEqual([30, 10, 20, 0, 10]);
  expect(most).toBe(2);
});

test('those that wait much are done beside one another, and beside one that does not', async () => {
  const items = [
    { name: 'a', processors: 1, machines: 1, turns: 20 },
    { name: 'b', processors: 0.6, machines: 1, turns: 4 },
    { name: 'c', processors: 1, machines: 1 },
    { name: 'd', processors: 0.5, machines: 1, turns: 2 },
    { name: 'e', processors: 0.5, machines: 1 },
  ];
  // c has its turn when there is a whole processor for it; those behind it do not wait for that.
  expect(await order({ processors: 2, machines: 9 }, items)).toBe('+a +b +d -d +e -b -e +c -c -a');
  // Each has a machine, too.
  expect(await order({ processors: 2, machines: 2 }, items)).toBe('+a +b -b +c -c +d -d +e -e -a');
});

test('a little more may be asked for than there is', async () => {
  const shares = (...all: number[]) =>
    all.map((processors, at) => ({ name: `${at}`, processors, machines: 1 }));
  expect(await order({ processors: 1, machines: 9 }, shares(0.55, 0.6))).toBe('+0 +1 -0 -1');
  expect(await order({ processors: 1, machines: 9 }, shares(0.55, 0.61))).toBe('+0 -0 +1 -1');
});

test('one that needs two machines has them, and its turn even where there is one', async () => {
  const pair = { name: 'pair', processors: 1, machines: 2, turns: 9 };
  const [a, b] = [
    { name: 'a', ...one },
    { name: 'b', ...one },
  ];
  expect(await order({ processors: 2, machines: 2 }, [a, pair, b])).toBe('+a +b -a -b +pair -pair');
  expect(await order({ processors: 2, machines: 3 }, [a, pair, b])).toBe('+a +pair -a +b -b -pair');
  expect(await order({ processors: 1, machines: 1 }, [pair])).toBe('+pair -pair');
});

test('a lab takes a processor, or the share it is known to keep busy, and all its machines', () => {
  const of = (...machines: string[]): LabWithRecording => ({
    lab: { ...parseLab('a/b', '#: lab T\n#: part p\ntrue'), machines },
    recording: new Map(),
  });
  expect(takes(of('lab'))).toEqual({ processors: 1, machines: 1 });
  expect(takes(of('lab', 'server'), 0.6)).toEqual({ processors: 0.6, machines: 2 });
});

test('who says how many at a time has so many, be there memory or not', () => {
  expect(host(1e6)).toEqual({ processors: 1e6, machines: 1e6 });
  expect(host(1).processors).toBe(1);
  expect(host(1).machines).toBeGreaterThanOrEqual(1);
  expect(host().processors).toBe(availableParallelism());
});

test('one that cannot be done ends the queue', async () => {
  const done: number[] = [];
  const work = (n: number): Promise<void> =>
    n === 1 ? Promise.reject(new Error('no machine')) : Promise.resolve(void done.push(n));
  await expect(inTurn([0, 1, 2], one, work, () => one)).rejects.toThrow('no machine');
  expect(done).toEqual([0]);
});

test('an order by chance is the same for the same seed, and has everything once', () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  const by = (seed: number): number[] => shuffled(items, seed, String);
  expect(by(1)).toEqual(by(1));
  expect(by(1)).not.toEqual(by(2));
  expect(by(1)).not.toEqual(items);
  expect(by(1).toSorted((a, b) => a - b)).toEqual(items);
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
  const names = (times: ReadonlyMap<string, Lasted>): string[] =>
    longestFirst(labs, times).map(({ lab: { id } }) => id);
  expect(names(new Map())).toEqual(['x/many', 'x/new', 'x/failed', 'x/slow']);

  const folder = await mkdtemp(join(tmpdir(), 'kittiwake-queue-'));
  try {
    const handbook = { published: folder, evidence: join(folder, 'none') } as Handbook;
    const [digest, startedAt] = ['a'.repeat(64), '2026-01-01T00:00:00Z'];
    const ran = (name: string, durationMs: number, outcome: Outcome, busy?: Busy): LabResult => ({
      ...{ lab: name, title: 'T', startedAt, durationMs },
      ...(busy && { busy }),
      parts: [{ part: 'p0', digest, outcome, exit: 0, durationMs, transcript: '' }],
    });
    const all = [
      // It waited for a processor, too, which it need not the next time.
      ran('x/many', 1000, 'passed', { ranMs: 600, idleMs: 200 }),
      ran('x/slow', 90_000, 'passed', { ranMs: 1000, idleMs: 89_000 }),
      ...[ran('x/failed', 99_000, 'failed'), ran('x/gone', 1000, 'passed')],
    ];
    const results: Results = {
      ...{ version: 1, commit: '', dirty: true, startedAt, durationMs: 1, images: {}, labs: all },
      vm: { digest, accelerator: 'tcg', qemu: '7.2' },
    };
    await writeFile(join(folder, 'results.json'), JSON.stringify(results));
    const before = await lasted(handbook, 'tcg');
    expect(names(before)).toEqual(['x/slow', 'x/new', 'x/failed', 'x/many']);
    const shares = (of: ReadonlyMap<string, Lasted>): unknown[] =>
      [...of].map(([id, { share }]) => [id, share]);
    // What waits most is not counted on to wait as long elsewhere; where nothing is known, it takes all.
    expect(shares(before)).toEqual([
      ['x/many', 0.75],
      ['x/slow', 0.5],
      ['x/gone', 1],
    ]);
    // A processor that is not emulated does in no time what an emulated one is busy with, and the other way round.
    expect(new Set([...(await lasted(handbook, 'kvm')).values()].map(({ share }) => share))).toEqual(
      new Set([1]),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
