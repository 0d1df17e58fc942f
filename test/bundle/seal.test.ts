// What a bundle is sealed with: digests that sha256sum(1) agrees with, and nothing in it of who made it, when, or how.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pack } from '../../scripts/bundle/archive.ts';
import { seal, SUMS } from '../../scripts/bundle/seal.ts';

let scratch: string;
beforeEach(() => void (scratch = mkdtempSync(join(tmpdir(), 'kittiwake-seal-'))));
afterEach(() => rmSync(scratch, { recursive: true }));

const TIME = 1_700_000_000;

/** A folder as somebody made it whose files come out with `mode`. */
function made(name: string, mode: number): string {
  const folder = join(scratch, name, 'bundle');
  mkdirSync(join(folder, 'deep', 'empty'), { recursive: true });
  writeFileSync(join(folder, 'deep', 'a b'), 'one\n');
  writeFileSync(join(folder, 'program'), '#!/bin/sh\n');
  chmodSync(join(folder, 'program'), mode | 0o100);
  chmodSync(join(folder, 'deep', 'a b'), mode);
  return folder;
}

const check = (folder: string): number | null =>
  spawnSync('sha256sum', ['--check', '--quiet', '--strict', SUMS], { cwd: folder }).status;

test('sha256sum finds every file as it was, and none that has changed', async () => {
  const folder = made('one', 0o600);
  expect(await seal(folder, TIME)).toBe('one\n#!/bin/sh\n'.length);
  expect(readFileSync(join(folder, SUMS), 'utf8').match(/ {2}.*$/gm)).toEqual(['  deep/a b', '  program']);
  expect(check(folder)).toBe(0);
  writeFileSync(join(folder, 'deep', 'a b'), 'two\n');
  expect(check(folder)).not.toBe(0);
});

test('who made it does not show: modes and times are the same, and so is the archive', async () => {
  const folders = [made('one', 0o600), made('two', 0o664)];
  const archives: Buffer[] = [];
  for (const folder of folders) {
    await seal(folder, TIME);
    const told = (name: string): [number, number] => {
      const { mode, mtimeMs } = statSync(join(folder, name));
      return [mode & 0o7777, mtimeMs / 1000];
    };
    expect(['.', 'deep', 'deep/a b', 'program', SUMS].map(told)).toEqual(
      [0o755, 0o755, 0o644, 0o755, 0o644].map((mode) => [mode, TIME]),
    );
    archives.push(readFileSync(await pack(folder)));
  }
  expect(archives[0]?.equals(archives[1] ?? Buffer.alloc(0))).toBe(true);
});

test('what a stick cannot hold is refused by its name', async () => {
  const folder = made('one', 0o600);
  symlinkSync('program', join(folder, 'link'));
  await expect(seal(folder, TIME)).rejects.toThrow(
    'link: neither a file nor a folder; a stick cannot hold it',
  );
  rmSync(join(folder, 'link'));
  truncateSync(join(folder, 'program'), 2 ** 32);
  await expect(seal(folder, TIME)).rejects.toThrow('program: larger than a stick can hold (4 GiB)');
});
