// Every way a WebAssembly module can go wrong ends as one line that says what it was, and exit status 255.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tender } from '../tender/tender.ts';
import { buildProgram } from './image.ts';

let image: string;
let folder: string;
beforeAll(async () => {
  ({ image, folder } = await buildProgram('trouble'));
});
afterAll(() => rm(folder, { recursive: true }));

const PROGRAM = 'test/guest/programs/trouble';

test.each([
  ['divide', 'integer divide by zero', 'divide'],
  ['overflow', 'integer overflow', 'overflow'],
  ['unreachable', 'unreachable code executed', 'unreachableCode'],
  ['index', 'Index out of range at ', 'indexBeyond'],
  ['throw', `on purpose at ${PROGRAM}.ts:`, 'throwError'],
  ['assert', `assertion failed at ${PROGRAM}.ts:`, 'assertion'],
  ['exhaust', '', 'exhaustMemory'],
])('%s', (what, reason, name) => {
  const { out, err, status } = tender('spt', '--mem=4', image, what);
  expect(out).toMatch(/^trap: [ -~]+\n$/);
  expect(out).toContain(`trap: ${reason}`);
  // The optimiser may have put a small function into its caller.
  expect(out).toMatch(new RegExp(`(in|called by) ${PROGRAM}/(${name}|main)\\b`));
  expect({ err, status }).toEqual({ err: '', status: 255 });
});

// What needs no check, because memory ends there: the tender tells of it.
test.each([
  ['load', 'it read memory it may not'],
  ['store', 'it wrote memory it may not'],
  ['recurse', 'it wrote memory it may not'],
])('%s', (what, reason) => {
  const { out, err, status } = tender('spt', '--sysexits', '--mem=4', image, what);
  expect(err).toMatch(new RegExp(`^kittiwake-spt: guest fault: ${reason}, address 0x[0-9a-f]+, rip=0x[0-9a-f]+; report it .*\n$`));
  expect({ out, status }).toEqual({ out: '', status: 255 });
});

test('a program that does nothing wrong ends with its own status', () => {
  expect(tender('spt', '--mem=4', image)).toMatchObject({ status: 3, out: 'nothing to do\n', err: '' });
});

test('all memory it was given can be used, and none beyond', () => {
  const pages = (mem: number): number =>
    Number(/^pages (\d+)\n$/.exec(tender('spt', `--mem=${mem}`, image, 'memory').out)?.[1]);
  expect(pages(8) - pages(4)).toBe(64);
  expect(pages(64) - pages(8)).toBe(896);
});
