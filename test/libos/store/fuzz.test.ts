// Archives with bits, blocks and fields changed at random, by seed: each is refused in words or served, and nothing traps.
import { beforeAll, expect, test } from 'vitest';
import { makeArchive } from '../../../scripts/site/archive.ts';
import { seeded } from '../../random.ts';
import { archiveOf, entry, header, loadStore, records, type Harness } from './store.ts';

const ROUNDS = 2500;

let fresh: () => Harness;
const bases: Buffer[] = [];
beforeAll(async () => {
  fresh = await loadStore();
  const files = ['index.html', 'index.html.gz', 'b/c', 'd'].map((name, index) => ({
    name,
    content: Buffer.alloc(index * 3000, name),
  }));
  bases.push(
    await makeArchive(files, 1_700_000_000),
    archiveOf(
      entry('p', records({ path: 'long/name', size: '3', mtime: '1.5' }), 'x'),
      entry('a', 'abc'),
      entry('L', `${'n'.repeat(300)}\0`, 'L'),
      entry('b', 'c'.repeat(2000)),
      entry('b.gz', 'd'),
      header('link', 0, '2'),
      entry('g', records({ comment: 'x' }), 'g'),
      entry('c', ''),
    ),
  );
});

/** Makes the checksum of the header at `at` right, so that what was changed in it is looked at. */
function mend(device: Buffer, at: number): void {
  const block = device.subarray(at, at + 512);
  block.write('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}

function mutate(base: Buffer, next: (below: number) => number): Buffer {
  let device = Buffer.from(base);
  for (let changes = 1 + next(4); changes > 0; changes--) {
    const block = next(device.length / 512) * 512;
    const size = 1 + next(12);
    switch (next(6)) {
      case 0:
        device[next(device.length)] = next(256);
        break;
      case 1:
        device.copy(device, next(device.length / 512) * 512, block, block + 512);
        break;
      case 2:
        device.fill(0, block, block + 512);
        break;
      case 3:
        // Digits and separators in what may be an extended header.
        device.write('0123456789 =\n/.'.charAt(next(15)).repeat(size), block + next(500));
        break;
      case 4:
        device.fill(next(2) * 255, block + 124 + next(12), block + 136);
        mend(device, block);
        break;
      default: {
        const field = [0, 124, 136, 156, 257, 345][next(6)] ?? 0;
        for (let at = 0; at < size; at++) device[block + field + at] = next(256);
        mend(device, block);
      }
    }
  }
  if (next(4) === 0) device = device.subarray(0, next(device.length / 512) * 512);
  return device;
}

test(`${ROUNDS} mutated archives`, () => {
  const harness = fresh();
  const next = seeded(2024);
  let served = 0;
  let pages = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const base = bases[next(bases.length)] ?? Buffer.alloc(0);
    const archive = harness.open(mutate(base, next), {
      sector: 512 << next(6),
      budget: 20_000 + next(100_000),
    });
    if (archive.refusal === '') {
      served++;
      for (const name of ['index.html', 'b/c', 'd', 'a', 'b', 'long/name', 'n'.repeat(300)]) {
        const content = archive.content(name);
        if (content !== undefined && content !== -1) expect(content.length).toBeLessThanOrEqual(base.length);
      }
    } else expect(archive.refusal).toMatch(/; \w/);
    archive.close();
    if (round === 100) pages = harness.exports.pages();
  }
  expect(served).toBeGreaterThan(ROUNDS / 20);
  expect(served).toBeLessThan(ROUNDS);
  expect(harness.exports.pages()).toBe(pages);
});

test('archives of many small files are indexed in one go through the headers', async () => {
  const harness = fresh();
  const files = Array.from({ length: 600 }, (_, index) => ({
    name: `folder-${index % 7}/page-${index}/index.html`,
    content: Buffer.alloc(5000, `${index}`),
  }));
  const archive = harness.open(await makeArchive(files, 1));
  expect(archive.files).toBe(600);
  // A header each, the digests with theirs, and the end: no content.
  expect(harness.reads).toBe(603);
  for (const { name } of files) expect(archive.find(name)).not.toBe(0);
});
