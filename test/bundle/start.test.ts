// What kittiwake-handbook says before there is a Node to say it.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { writeProgram } from '../../scripts/bundle/program.ts';

let folder: string;
let node: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kittiwake a stick-'));
  await writeProgram(folder);
  node = join(folder, 'runtime', 'lib', 'kittiwake', 'node');
  mkdirSync(dirname(node), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(node, { force: true }));

function start(command: string, env: Record<string, string> = {}): { status: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(command, ['labs', 'a b'], { env, encoding: 'utf8' });
  return { status, out: `${stdout}${stderr}` };
}

/** A program in place of Node that shows what it was started with. */
function standIn(mode: number): void {
  writeFileSync(node, '#!/bin/sh\nprintf "%s\\n" "$PATH" "$@"\n');
  chmodSync(node, mode);
}

test('it starts its own Node with what was typed, from any folder and by any name, without a PATH', () => {
  standIn(0o755);
  const link = join(folder, 'link');
  symlinkSync('kittiwake-handbook', link);
  const { status, out } = start(link, { PATH: '' });
  expect(status).toBe(0);
  const [path, ...args] = out.trimEnd().split('\n');
  expect(path).toBe(`${folder}/qemu/bin:/usr/bin:/bin`);
  expect(args).toEqual([
    '--disable-warning=ExperimentalWarning',
    `${folder}/lib/handbook.mjs`,
    'labs',
    'a b',
  ]);
  expect(existsSync(join(folder, 'lib', 'handbook.mjs'))).toBe(true);
});

test('an incomplete copy, a stick on which nothing may run, and another processor are told apart', () => {
  const command = join(folder, 'kittiwake-handbook');
  expect(start(command)).toEqual({
    status: 69,
    out: `kittiwake-handbook: ${node} is missing; copy the whole folder again\n`,
  });
  standIn(0o644);
  expect(start(command)).toEqual({
    status: 69,
    out: `kittiwake-handbook: nothing may be executed in ${folder}; copy the folder to a disk of this machine\n`,
  });
  const other = join(folder, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'uname'), '#!/bin/sh\necho Linux aarch64\n', { mode: 0o755 });
  expect(start(command, { PATH: other })).toEqual({
    status: 69,
    out: 'kittiwake-handbook: this machine is Linux aarch64; the bundle is for Linux x86_64\n',
  });
});
