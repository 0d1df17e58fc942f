// --gdb on the command line, and Debian's own gdb at the other end, where this host has it and some KVM. What the stub does in each case
// is in hvt-debug.test.ts.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CODE, guestElf } from './guest-elf.ts';
import { imageFolder, run, tender, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

const nop = 0x90;
const loop = [0xeb, 0xfe];
const guest = image('guest.hvt', guestElf({ target: 'hvt', code: [nop, nop, nop, ...loop] }));

/** Why gdb cannot be tried here, undefined where it can. Breakpoints and steps work even where KVM only emulates. */
const noGdb = ((): string | undefined => {
  if (spawnSync('gdb', ['--version']).status !== 0) return 'skipped: gdb is not installed';
  const { kvm } = JSON.parse(tender('hvt', '--probe-kvm').out) as { kvm: string };
  return kvm === 'real' || kvm === 'emulating' ? undefined : `skipped: /dev/kvm is ${kvm}`;
})();

test.skipIf(noGdb)('gdb connects, stops at a breakpoint, steps, and ends the guest', async () => {
  const path = join(guest, '..', 'socket');
  const child = spawn(join(tenders, 'kittiwake-hvt'), ['--mem=4', `--gdb=unix:${path}`, guest]);
  child.stderr.setEncoding('utf8');
  let said = '';
  child.stderr.on('data', (text: string) => (said += text));
  const ended = once(child, 'close');
  await once(child.stderr, 'data');
  const commands = [
    `target remote ${path}`,
    `break *${CODE + 2}`,
    'continue',
    'print/x $pc',
    'set $r13 = 0x77',
    'stepi',
    'print/x $pc',
    'print/x $r13',
    'x/2xb $pc',
    'kill',
  ];
  const { out } = run('gdb', [
    ...['-nx', '-batch', '-ex', 'set confirm off'],
    ...commands.flatMap((command) => ['-ex', command]),
  ]);
  expect(out).toMatch(/Breakpoint 1, 0x0*100002 in /);
  expect(out).toMatch(/\$1 = 0x100002\n(?:.*\n)*\$2 = 0x100003\n\$3 = 0x77\n0x100003:\s+0xeb\s+0xfe/);
  expect(await ended).toEqual([137, null]);
  expect(said).toMatch(
    /waiting for a debugger: gdb -ex 'target remote .*\n.*the debugger ended the guest\n$/,
  );
});

test.skipIf(noGdb)('gdb reads the core file of a guest that failed', () => {
  const folder = join(guest, '..', 'cores');
  mkdirSync(folder);
  const code = [0x41, 0xbc, 0x34, 0x12, 0, 0, 0xf4]; // mov $0x1234, %r12d; hlt
  tender('hvt', '--mem=4', `--dumpcore=${folder}`, image('fails.hvt', guestElf({ target: 'hvt', code })));
  const [core = 'none', ...more] = readdirSync(folder);
  expect(more).toEqual([]);
  const commands = ['-ex', 'print/x $r12', '-ex', 'print/x $pc', '-ex', `x/2xb ${CODE}`];
  const { out } = run('gdb', ['-nx', '-batch', ...commands, '-c', join(folder, core)]);
  expect(out).toMatch(/\$1 = 0x1234\n\$2 = 0x100007\n0x100000:\s+0x41\s+0xbc/);
});

describe('refused is', () => {
  test.each([
    [['--gdb=tcp:1'], /'--gdb=tcp:1': not a place for gdb; write it as '--gdb', '--gdb-port=1234' or/],
    [['--gdb=unix:'], /not a place for gdb/],
    [['--gdbx'], /not a place for gdb/],
    [[`--gdb=unix:/${'x'.repeat(107)}`], /a path of a socket has at most 107 characters; give a shorter one/],
    [['--gdb=unix:a', '--gdb=unix:b'], /'--gdb=unix:b': was already given/],
    [['--gdb-port=0'], /'--gdb-port=0': not a port; give a number from 1 to 65535/],
    [['--gdb-port=65536'], /not a port/],
    [['--gdb-port='], /not a port/],
    [['--gdb-port=12x'], /not a port/],
    [['--gdb', '--snapshot=/tmp/s'], /a guest that is debugged cannot be snapshot; leave out '--snapshot'/],
  ])('%j', (options, line) => {
    expect(tender('hvt', '--sysexits', '--mem=4', ...options, guest)).toMatchObject({
      status: 64,
      err: expect.stringMatching(line) as string,
    });
  });

  test('--dumpcore under spt, with what to do instead', () => {
    expect(tender('spt', '--sysexits', '--dumpcore=/tmp', 'any.spt')).toMatchObject({
      status: 64,
      err: expect.stringMatching(/works under hvt only, .*; '--crash=FILE' tells about a guest/) as string,
    });
  });

  test('--gdb under spt, with what to do instead', () => {
    expect(tender('spt', '--sysexits', '--gdb', 'any.spt')).toMatchObject({
      status: 64,
      err: "kittiwake-spt: option '--gdb': works under hvt only, this is kittiwake-spt; debug the process itself, as 'gdb --args kittiwake-spt IMAGE'\n",
    });
  });
});
