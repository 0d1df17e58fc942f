// The image parser against fifty thousand broken images, under AddressSanitizer and UndefinedBehaviorSanitizer.
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

test.each([1, 2, 3])('seed %i', (seed) => {
  for (const file of seedImages()) {
    const { status, out, err } = run(join(tenders, 'fuzz-image'), [String(seed), '8000', file]);
    expect(err).toBe('');
    expect(status).toBe(0);
    const [, taken = 0, refused = 0] = /^(\d+) taken, (\d+) refused$/.exec(out.trim())?.map(Number) ?? [];
    // Mutants of both kinds, or the parser's deeper half has not been reached.
    expect(taken).toBeGreaterThan(500);
    expect(refused).toBeGreaterThan(500);
  }
});
