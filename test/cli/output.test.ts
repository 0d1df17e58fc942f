// What a command writes, to readers that are slow, gone, or a full disk: real processes, with real descriptors.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EXIT } from '../../runtime/cli/errors.ts';

const OUTPUT = pathToFileURL(join(import.meta.dirname, '../../runtime/cli/output.ts')).href;
const BIG = 5_000_000;

/** A program that has `output` to write with. */
const program = (body: string): string[] => [
  '--input-type=module',
  '--eval',
  `import { standardOutput } from '${OUTPUT}'; const output = standardOutput(); ${body}`,
];

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'kittiwake-output-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

test('all of it arrives where the descriptor does not wait, and its reader is slow', async () => {
  const server = createServer().listen(join(folder, 'pipe'));
  await once(server, 'listening');
  const end = connect(join(folder, 'pipe'));
  const [reader] = (await once(server, 'connection')) as [Socket];
  // Node makes what it reads from one that does not wait, and output is the same.
  const child = spawn(
    process.execPath,
    program(`process.stdin.resume(); output.out('x'.repeat(${BIG - 1}) + '\\n'); process.exit()`),
    { stdio: [end, end, 'inherit'] },
  );
  end.destroy();
  let length = 0;
  reader.on('data', (piece: Buffer) => (length += piece.length)).on('error', () => undefined);
  const [status] = (await once(child, 'close')) as [number];
  if (!reader.readableEnded) await once(reader, 'end');
  server.close();
  expect([status, length]).toEqual([0, BIG]);
});

test('whoever has seen enough ends the command, and is told nothing more', async () => {
  const child = spawn(process.execPath, program(`for (;;) output.out('again\\n')`), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  child.stdout.once('data', () => child.stdout.destroy());
  const [status] = (await once(child, 'close')) as [number];
  expect([status, said]).toEqual([EXIT.host, '']);
});

test('a full disk is said', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, program(`output.out('one line\\n')`), {
    stdio: ['ignore', full, 'pipe'],
  });
  closeSync(full);
  let said = '';
  child.stderr?.on('data', (text: Buffer) => (said += text.toString()));
  const [status] = (await once(child, 'close')) as [number];
  expect([status, said]).toEqual([
    EXIT.host,
    'kittiwake: standard output: ENOSPC: no space left on device, write\n',
  ]);
});

test('what it says of itself costs the command nothing where nobody listens', async () => {
  const child = spawn(process.execPath, program(`output.note('why'); output.out('what\\n')`), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr.destroy();
  let told = '';
  child.stdout.on('data', (text: Buffer) => (told += text.toString()));
  const [status] = (await once(child, 'close')) as [number];
  expect([status, told]).toEqual([0, 'what\n']);
});

test('what nobody is to see is written without what Node loads to ask a terminal', async () => {
  const loaded = 'process.moduleLoadList.some((name) => name.includes("sync_write_stream"))';
  const body = `output.out('x'); output.note('y'); process.exit(${loaded} ? 1 : 0)`;
  // Both are /dev/null; then standard error is a device of another kind.
  for (const [file, mode] of [
    ['/dev/null', 'w'],
    ['/dev/net/tun', 'r+'],
  ] as const) {
    if (!existsSync(file)) continue;
    const device = openSync(file, mode);
    const child = spawn(process.execPath, program(body), { stdio: ['ignore', 'ignore', device] });
    closeSync(device);
    expect(await once(child, 'exit'), file).toEqual([0, null]);
  }
});

test('a terminal is told lines that replace each other, and a pipe is not', async () => {
  const ask = 'output.out(`${output.colour} ${output.status !== undefined}\\n`)';
  const told = async (command: string, args: string[]): Promise<string> => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], TERM: 'xterm-256color' },
    });
    let text = '';
    child.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
    await once(child, 'close');
    return text.trim();
  };
  const quoted = [process.execPath, ...program(ask)]
    .map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`)
    .join(' ');
  expect(await told('script', ['--quiet', '--command', quoted, '/dev/null'])).toBe('true true');
  expect(await told('sh', ['-c', `${quoted} 2> /dev/null`])).toBe('false false');
});
