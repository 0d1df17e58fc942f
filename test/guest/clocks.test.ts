// Both clocks and the sleep of an image, against this process's own.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tender } from '../tender/tender.ts';
import { buildProgram } from './image.ts';

let image: string;
let folder: string;
beforeAll(async () => {
  ({ image, folder } = await buildProgram('clocks'));
});
afterAll(() => rm(folder, { recursive: true }));

test('the monotonic clock goes on and never back, a sleep lasts, the wall clock is the host’s', () => {
  const before = Date.now();
  const { out, status } = tender('spt', '--mem=4', image);
  const after = Date.now();
  expect(status).toBe(0);
  const [, ready, slept, wall] = /^ready (\d+) slept (\d+) wall (\d+)\n$/.exec(out)?.map(Number) ?? [];
  expect(ready).toBe(0);
  expect(slept).toBeGreaterThanOrEqual(50_000_000);
  expect(wall).toBeGreaterThanOrEqual(before * 1e6);
  expect(wall).toBeLessThanOrEqual((after + 1) * 1e6);
});
