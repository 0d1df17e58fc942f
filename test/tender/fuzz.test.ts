// What reads hostile input, against a lot of it, under AddressSanitizer and UndefinedBehaviorSanitizer: images, command lines,
// and the hypercalls of a guest that asks for everything. The harnesses are in runtime/tender/fuzz.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/setup/root.ts';
import { guestElf } from './guest-elf.ts';
import { fixtures, imageFolder, run, tenders } from './tender.ts';

const { image, remove } = imageFolder();
beforeAll(() => {
  expect(run('make', ['-s', '-C', join(root, 'runtime', 'tender'), 'fuzz'])).toMatchObject({ status: 0 });
});
afterAll(remove);

const SEEDS = [1, 2, 3];

/** Runs a harness and returns how often each of its outcomes came, by its word. */
function fuzz(harness: string, ...args: readonly (string | number)[]): Record<string, number> {
  const { status, out, err } = run(join(tenders, `fuzz-${harness}`), args.map(String));
  expect(err).toBe('');
  expect(status).toBe(0);
  const counts: Record<string, number> = {};
  for (const [, count, word] of out.matchAll(/(\d+) (\w+)/g)) if (word) counts[word] = Number(count);
  return counts;
}

/** A small image with devices, and a real one with all its segments. */
function seedImages(): string[] {
  const devices = [
    { name: 'service', type: 2 },
    { name: 'management', type: 2 },
  ];
  return [
    image('small.spt', Buffer.concat([guestElf({ devices }), Buffer.alloc(200)])),
    join(fixtures, 'netcheck.spt'),
  ];
}

// Outcomes of every kind, or the deeper half of the code has not been reached.
test.each(SEEDS)('images, seed %i', (seed) => {
  for (const file of seedImages()) {
    const { taken, refused } = fuzz('image', seed, 8000, file);
    expect(taken).toBeGreaterThan(500);
    expect(refused).toBeGreaterThan(500);
  }
});

test.each(SEEDS)('command lines, seed %i', (seed) => {
  const { taken, refused } = fuzz('options', seed, 20_000);
  expect(taken).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(1000);
});

test.each(SEEDS)('hypercalls, seed %i', (seed) => {
  const { done, refused, ended, written } = fuzz('calls', seed, 100_000);
  expect(done).toBeGreaterThan(5000);
  expect(refused).toBeGreaterThan(5000);
  expect(ended).toBeGreaterThan(1000);
  expect(written).toBeGreaterThan(100);
});
