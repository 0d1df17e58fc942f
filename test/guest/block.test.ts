// Block devices as an image sees them, under both tenders: each argument of the program is a call, each line its result.
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tender } from '../tender/tender.ts';
import { labVm, written } from '../vm/lab.ts';
import { buildProgram } from './image.ts';

const RUN_LIMIT_MS = 120_000;

/** Eight sectors of 512 bytes, each full of its number. */
const SECTORS = Buffer.from(Array.from({ length: 4096 }, (_, at) => 1 + (at >> 9)));
const DEVICES = [
  { name: 'storage', type: 'BLOCK_BASIC' },
];

type Start = (option: string, ...calls: string[]) => Promise<{ status: number | null; out: string; disk: Buffer }>;

/** What both tenders must do alike. */
function behaviour(start: Start): void {
  const run = async (option: string, ...calls: string[]) => {
    const { status, out, disk } = await start(option, ...calls);
    return { status, lines: out.trimEnd().split('\n'), disk };
  };

  test('reads one sector, several, all, the last one, none', async () => {
    const calls = ['read:0:512', 'read:512:1536', 'read:0:4096', 'read:3584:512', 'read:4096:0'];
    expect(await run('--block:storage=DISK', ...calls)).toEqual({
      status: 0,
      lines: [
        'capacity 4096 sector 512',
        'read 0 1',
        'read 0 2 3 4',
        'read 0 1 2 3 4 5 6 7 8',
        'read 0 8',
        'read 0',
      ],
      disk: SECTORS,
    });
  });

  test('writes several sectors, and no other', async () => {
    const calls = ['write:1024:1536:90', 'read:0:4096', 'write:3584:512:91'];
    const { lines, disk } = await run('--block:storage=DISK', ...calls);
    expect(lines.slice(1)).toEqual(['write 0', 'read 0 1 2 90 90 90 6 7 8', 'write 0']);
    const wanted = Buffer.from(SECTORS).fill(90, 1024, 2560).fill(91, 3584);
    expect(disk).toEqual(wanted);
  });

  test('is refused what is not whole sectors within the device, and goes on', async () => {
    const wrong = ['4096:512', '3584:1024', '1:512', '0:511', '0:100', '18446744073709551104:512', '4608:0'];
    const calls = wrong.flatMap((range) => [`read:${range}`, `write:${range}:9`]);
    const { status, lines, disk } = await run('--block:storage=DISK', ...calls, 'read:0:512');
    const results = lines.slice(1).map((line) => line.split(' ').slice(0, 2).join(' '));
    expect(results).toEqual([...wrong.flatMap(() => ['read 2', 'write 2']), 'read 0']);
    expect(status).toBe(0);
    expect(disk).toEqual(SECTORS);
  });

  test('reads a device that was given read-only, and its writes fail', async () => {
    const { lines, disk } = await run('--block-ro:storage=DISK', 'write:0:1024:9', 'read:0:1024');
    expect(lines.slice(1)).toEqual(['write 3', 'read 0 1 2']);
    expect(disk).toEqual(SECTORS);
  });

  test('has the sector it was given', async () => {
    const options = '--block:storage=DISK --block-sector-size:storage=2048';
    const { lines } = await run(options, 'read:2048:2048', 'read:0:4096', 'read:512:512');
    expect(lines).toEqual(['capacity 4096 sector 2048', 'read 0 5', 'read 0 1 5', 'read 2 238']);
  });

  test('reads only to its own memory', async () => {
    const { status, lines } = await run('--block:storage=DISK', 'far:512');
    expect(lines.at(-1)).toMatch(/^trap: out of bounds memory access in .*programs\/block\/main/);
    expect(status).toBe(255);
  });
}

describe('under spt', () => {
  let image: string;
  let folder: string;
  beforeAll(async () => {
    ({ image, folder } = await buildProgram('block', 'spt', DEVICES));
  });
  afterAll(() => rm(folder, { recursive: true }));

  behaviour((option, ...calls) => {
    const file = join(folder, 'disk');
    writeFileSync(file, SECTORS);
    const options = option.replace('DISK', file).split(' ');
    const { status, out } = tender('spt', '--mem=4', ...options, image, ...calls);
    return Promise.resolve({ status, out, disk: readFileSync(file) });
  });
});

describe('under hvt', () => {
  const lab = labVm(RUN_LIMIT_MS, async ({ run }) => {
    const { image, folder } = await buildProgram('block', 'hvt', DEVICES);
    await run(written(readFileSync(image), '/tmp/block.hvt'));
    await rm(folder, { recursive: true });
  });

  behaviour(async (option, ...calls) => {
    const ran = await lab.run(`${written(SECTORS, '/tmp/disk')}
kittiwake-hvt --mem=4 ${option.replace('DISK', '/tmp/disk')} /tmp/block.hvt ${calls.join(' ')}; status=$?
echo disk; base64 -w 0 /tmp/disk; exit $status`);
    const [out = '', disk = ''] = ran.out.split('disk\n');
    return { status: ran.status, out, disk: Buffer.from(disk, 'base64') };
  });
});
