// Copying and filling memory, which string.c does for the module.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tender } from '../tender/tender.ts';
import { buildProgram } from './image.ts';

let image: string;
let folder: string;
beforeAll(async () => {
  ({ image, folder } = await buildProgram('memory'));
});
afterAll(() => rm(folder, { recursive: true }));

test('every length and overlap is copied and filled, and not a byte beside it', () => {
  expect(tender('spt', '--mem=4', image)).toMatchObject({ status: 42, out: '', err: '' });
});
