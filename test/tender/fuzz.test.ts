// What reads hostile input, against a lot of it, under AddressSanitizer and UndefinedBehaviorSanitizer: images, command lines,
// and the hypercalls and the net ring of a guest that asks for everything. The harnesses are in runtime/tender/fuzz.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/setup/root.ts';
import { guestElf } from './guest-elf.ts';
import { fixtures, imageFolder, run, tenders } from './tender.ts';

/** Compiling with sanitizers, on a machine with other things to do. */
const BUILD_LIMIT_MS = 180_000;

const { image, remove } = imageFolder();
beforeAll(() => {
  const make = ['-s', '-C', join(root, 'runtime', 'tender'), 'fuzz'];
  expect(run('make', make, { limitMs: BUILD_LIMIT_MS })).toMatchObject({ status: 0 });
}, BUILD_LIMIT_MS);
afterAll(remove);

const SEEDS = [1, 2, 3];

/** Runs a harness and returns how often each of its outcomes came, by its word. */
function fuzz(harness: string, ...args: readonly (string | number)[]): Record<string, number> {
  const { status, out, err } = run(join(tenders, `fuzz-${harness}`), args.map(String), {
    limitMs: 60_000 + MUTANTS,
  });
  expect(err).toBe('');
  expect(status).toBe(0);
  const counts: Record<string, number> = {};
  for (const [, count, word] of out.matchAll(/(\d+) (\w+)/g)) if (word) counts[word] = Number(count);
  return counts;
}

/** What the mutants are made of: images of every form that is taken, made by hand and prebuilt. */
function seedImages(): string[] {
  const device = (name: string, type: number) => ({ name, type });
  const both = [device('service', 2), device('disk', 1)];
  const most = Array.from({ length: 63 }, (_, i) => device(`disk${i}`, 1 + (i % 2)));
  const more = [
    { address: 0x200000, flags: 6, bytes: [1, 2, 3], memory: 0x2345 },
    { address: 0x300000, flags: 4, bytes: Array.from({ length: 5000 }, () => 7) },
    { address: 0x400000, flags: 6, bytes: [], memory: 0x10000 },
  ];
  const made = {
    plain: {},
    both: { devices: both, features: 3 },
    most: { devices: most },
    more: { more, devices: both },
  };
  return [
    ...(['spt', 'hvt'] as const).flatMap((target) =>
      Object.entries(made).map(([name, guest]) => image(`${name}.${target}`, guestElf({ target, ...guest }))),
    ),
    ...['hello.spt', 'netcheck.spt', 'netcheck.hvt'].map((name) => join(fixtures, name)),
  ];
}

/** So many mutants of images, in about 15 seconds; KITTIWAKE_FUZZ=10000000 asks for more. */
const MUTANTS = Number(process.env['KITTIWAKE_FUZZ'] ?? 1_000_000);

// Outcomes of every kind, or the deeper half of the code has not been reached.
test.each(SEEDS)(
  'images, seed %i',
  (seed) => {
    const rounds = Math.ceil(MUTANTS / SEEDS.length);
    const { taken = 0, refused = 0, loaded = 0 } = fuzz('image', seed, rounds, ...seedImages());
    expect(taken + refused).toBe(rounds);
    for (const count of [refused, taken, loaded]) expect(count).toBeGreaterThan(rounds / 20);
  },
  60_000 + MUTANTS,
);

test.each(SEEDS)('command lines, seed %i', (seed) => {
  const { taken, refused } = fuzz('options', seed, 20_000);
  expect(taken).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(1000);
});

test.each(SEEDS)('snapshots, seed %i', (seed) => {
  const { taken, refused, whole } = fuzz('snapshot', seed, 20_000);
  expect(taken).toBeGreaterThan(5000);
  expect(refused).toBeGreaterThan(5000);
  expect(whole).toBeGreaterThan(1000);
});

test.each(SEEDS)('frames for the host, seed %i', (seed) => {
  const { allowed, denied } = fuzz('filter', seed, 300_000);
  expect(allowed).toBeGreaterThan(10_000);
  expect(denied).toBeGreaterThan(10_000);
});

test.each(SEEDS)('filters of system calls, seed %i', (seed) => {
  const { allowed, failed, killed } = fuzz('rules', seed, 20_000);
  for (const count of [allowed, failed, killed]) expect(count).toBeGreaterThan(100_000);
});

test.each(SEEDS)('token buckets, seed %i', (seed) => {
  const { passed, waited } = fuzz('rate', seed, 20_000);
  expect(passed).toBeGreaterThan(100_000);
  expect(waited).toBeGreaterThan(50_000);
});

test.each(SEEDS)('hypercalls, seed %i', (seed) => {
  const { done, refused, ended, written, served, broken } = fuzz('calls', seed, 100_000);
  expect(done).toBeGreaterThan(5000);
  expect(refused).toBeGreaterThan(5000);
  expect(ended).toBeGreaterThan(1000);
  expect(written).toBeGreaterThan(100);
  expect(served).toBeGreaterThan(5000);
  expect(broken).toBeGreaterThan(5000);
});
