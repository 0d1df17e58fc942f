// What an image finds when it goes on from a snapshot: other random bytes than its like, and a clock that has stood still.
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forged, SPT } from '../tender/snapshot-file.ts';
import { run, tenders } from '../tender/tender.ts';
import { buildProgram } from './image.ts';

const BUILD_LIMIT_MS = 120_000;
const HOUR = 3_600_000_000_000n;
const spt = join(tenders, 'kittiwake-spt');

let image: string;
let folder: string;
beforeAll(async () => {
  ({ image, folder } = await buildProgram('restored'));
}, BUILD_LIMIT_MS);
afterAll(() => rmSync(folder, { recursive: true }));

interface Line {
  readonly generation: number;
  readonly random: string;
  readonly clock: bigint;
}

function parse(text: string): Line[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [generation = '', random = '', clock = ''] = line.split(' ');
      return { generation: Number(generation), random, clock: BigInt(clock) };
    });
}

/** Runs a guest until it has said something, and ends it by a snapshot. */
async function save(file: string, from: readonly string[]): Promise<Line[]> {
  const tender = spawn(spt, [`--snapshot=${file}`, '--snapshot-exit', ...from], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  tender.stdout.on('data', (text: Buffer) => {
    if (out === '') tender.kill('SIGUSR1');
    out += text.toString();
  });
  const [status] = (await once(tender, 'close')) as [number | null];
  expect(status).toBe(0);
  return parse(out);
}

test('clones have other random bytes, know that they are restored, and go on in time', async () => {
  const first = join(folder, 'first.snap');
  const second = join(folder, 'second.snap');
  const before = await save(first, ['--mem=4', image]);
  const again = await save(second, [`--restore=${first}`]);
  const clones = [first, first, second, second].map((file) => run(spt, [`--restore=${file}`]));
  const lines = clones.map(({ status, err, out }) => {
    expect({ status, err }).toEqual({ status: 42, err: '' });
    return parse(out);
  });
  const all = [before, again, ...lines];
  expect(all.map((life) => [...new Set(life.map(({ generation }) => generation))])).toEqual([
    [0],
    [1],
    [1],
    [1],
    [2],
    [2],
  ]);
  const random = all.flat().map((line) => line.random);
  expect(new Set(random).size).toBe(random.length);
  for (const [index, parent] of [before, before, before, again, again].entries()) {
    const clocks = [...parent, ...(all[index + 1] ?? [])].map(({ clock }) => clock);
    expect(clocks).toEqual(clocks.toSorted((a, b) => Number(a - b)));
  }
  expect(before.length + again.length + (lines[2]?.length ?? 0)).toBe(100);
});

test("the clock goes on from the snapshot's, whatever the host's is", async () => {
  const file = join(folder, 'other.snap');
  const before = await save(file, ['--mem=4', image]);
  const last = before.at(-1)?.clock ?? 0n;
  // As of a host that has been up for an hour longer than this one.
  const later = forged(readFileSync(file), (head) => {
    head.writeBigUInt64LE(head.readBigUInt64LE(SPT.monotonic) + HOUR, SPT.monotonic);
  });
  writeFileSync(file, later);
  const { status, out } = run(spt, [`--restore=${file}`]);
  const first = parse(out)[0]?.clock ?? 0n;
  expect(status).toBe(42);
  expect(first).toBeGreaterThan(last + HOUR - 1_000_000_000n);
  expect(first).toBeLessThan(last + HOUR + HOUR / 60n);
});
