// A console that is not read, or closed, or full, under spt: it may hold the guest up, but never keep it from being ended.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { assemble } from './assemble.ts';
import { guestElf } from './guest-elf.ts';
import { imageFolder, run, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

const program = join(tenders, 'kittiwake-spt');
/** Writes a page of its code to the console, for ever. */
const talker = assemble(`
1: mov $1, %eax; mov $1, %edi; mov $0x100000, %esi; mov $4096, %edx; syscall
  jmp 1b
  .fill 4096, 1, 0x41`);
const [NOTICE, STOP] = [2, 4];
const images = {
  'can be asked to end': image('asked.spt', guestElf({ code: talker, features: NOTICE | STOP })),
  'cannot be asked to end': image('plain.spt', guestElf({ code: talker })),
};

// A talking guest sleeps in pipe_write once the pipe is full; what /proc says of it then is 'S' and no more progress.
test.each(Object.entries(images))('a guest that %s is ended while nobody reads', async (_, file) => {
  const child = spawn(program, ['--mem=4', '--stop-timeout=1', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.pause();
  const wait = `until [ "$(cut -d ' ' -f 3 /proc/${child.pid}/stat)" = S ]; do :; done`;
  expect(run('sh', ['-c', wait]).status).toBe(0);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
});

test('a reader that is gone ends the guest by SIGPIPE', async () => {
  for (const options of [[], ['--events=3']]) {
    const child = spawn(program, ['--mem=4', ...options, images['can be asked to end']], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    child.stdout?.destroy();
    expect(await once(child, 'exit')).toEqual([null, 'SIGPIPE']);
  }
});

test('a file system that is full does not matter to it', () => {
  const once = assemble(`
  mov $1, %eax; mov $1, %edi; mov $0x100000, %esi; mov $16, %edx; syscall
  mov %eax, %edi; neg %edi; mov $231, %eax; syscall`);
  const file = image('once.spt', guestElf({ code: once }));
  const ENOSPC = 28;
  expect(run('sh', ['-c', `${program} --mem=4 ${file} > /dev/full`]).status).toBe(ENOSPC);
});
