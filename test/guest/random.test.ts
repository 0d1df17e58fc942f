// Random bytes of an image: different each time, in each place, and even.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tender } from '../tender/tender.ts';
import { buildProgram } from './image.ts';

let image: string;
let folder: string;
beforeAll(async () => {
  ({ image, folder } = await buildProgram('random'));
});
afterAll(() => rm(folder, { recursive: true }));

function run(): { words: string[]; bits: number[] } {
  const { out, status } = tender('spt', '--mem=8', image);
  expect(status).toBe(0);
  const [words = '', bits = ''] = out.trimEnd().split('\n');
  return { words: words.trim().split(' '), bits: bits.trim().split(' ').map(Number) };
}

test('no word comes twice, in one run or in another', () => {
  const words = [...run().words, ...run().words];
  expect(new Set(words).size).toBe(16);
});

test('each bit is set as often as not, within six standard deviations', () => {
  const { bits } = run();
  expect(bits).toHaveLength(64);
  const words = (3 << 19) / 8;
  for (const set of bits) expect(Math.abs(set - words / 2)).toBeLessThan(6 * Math.sqrt(words / 4));
});
