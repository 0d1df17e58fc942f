// The image parser against a hundred thousand broken images, under AddressSanitizer and UndefinedBehaviorSanitizer.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/setup/root.ts';
import { guestElf } from './guest-elf.ts';
import { imageFolder, run, tenders } from './tender.ts';

const { image, remove } = imageFolder();
beforeAll(() => {
  expect(run('make', ['-s', '-C', join(root, 'runtime', 'tender'), 'fuzz'])).toMatchObject({ status: 0 });
});
afterAll(remove);

test.each([1, 2, 3, 4])('seed %i', (seed) => {
  const devices = [
    { name: 'service', type: 2 },
    { name: 'management', type: 2 },
  ];
  const file = image(`seed-${seed}.spt`, Buffer.concat([guestElf({ devices }), Buffer.alloc(200)]));
  const { status, out, err } = run(join(tenders, 'fuzz-image'), [String(seed), '25000', file]);
  expect(err).toBe('');
  expect(status).toBe(0);
  const [, taken = 0, refused = 0] = /^(\d+) taken, (\d+) refused$/.exec(out.trim())?.map(Number) ?? [];
  // Mutants of both kinds, or the parser's deeper half has not been reached.
  expect(taken).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(5000);
});
