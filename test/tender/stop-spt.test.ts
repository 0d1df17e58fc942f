// SIGTERM under spt: a guest that can be asked to end is asked, and ends in time whatever it does about it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { assemble } from './assemble.ts';
import { guestElf } from './guest-elf.ts';
import { imageFolder, tender, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

/** Of its features: it looks at notices, and ends when one asks for it. */
const [NOTICE, STOP] = [2, 4];

/** Assembly all guests can use; `ready` tells the test that it may send its signal. */
const prologue = `
.set NOTICE, 0x15000
.set DATA, 0x200000
.macro ready
  mov $1, %eax; mov $1, %edi; mov $0x100000, %esi; mov $1, %edx; syscall
.endm
.macro exit status
  mov $231, %eax; mov $\\status, %edi; syscall
.endm
.macro sleep mask=0
  mov $281, %eax; mov 0x11020, %edi; mov $DATA, %esi; mov $64, %edx; mov $-1, %r10; mov $\\mask, %r8d; mov $8, %r9d; syscall
.endm
`;

let made = 0;
function guest(source: string, features: number | null = NOTICE | STOP): string {
  const more = [{ address: 0x200000, flags: 6, bytes: [0], memory: 0x2000 }];
  const options = features === null ? {} : { features };
  return image(`${made++}.spt`, guestElf({ code: assemble(prologue + source), more, ...options }));
}

/** Starts the guest, sends SIGTERM each time it prints something, and returns how it ended. */
async function terminate(file: string, options: readonly string[] = []) {
  const child = spawn(join(tenders, 'kittiwake-spt'), ['--mem=4', ...options, file], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  child.stdout?.on('data', () => child.kill('SIGTERM'));
  const [status, signal] = await ended;
  return { status, signal };
}

const cooperative = `
  ready
1: sleep
  cmpq $0, NOTICE + 8
  je 1b
  exit 0`;

const deaf = `
  ready
1: sleep
  jmp 1b`;

// With a keeper, which events need, the signal comes to another process.
describe.each([[[]], [['--events=3']], [[`--snapshot=${image('snapshot', '')}`]]])(
  'SIGTERM with the options %j',
  (more) => {
    test('asks a guest that can be asked, which then ends by itself', async () => {
      expect(await terminate(guest(cooperative), [...more, '--stop-timeout=3600'])).toEqual({
        status: 0,
        signal: null,
      });
    });

    test.each([
      ['sleeps', deaf],
      ['computes', 'ready\n1: jmp 1b'],
    ])('ends one that %s and does not listen, when the time is over', async (_, source) => {
      expect(await terminate(guest(source), [...more, '--stop-timeout=1'])).toEqual({
        status: null,
        signal: 'SIGTERM',
      });
    });

    test('ends it at once when it comes twice', async () => {
      const source = `ready\n sleep\n ready\n 1: sleep\n jmp 1b`;
      expect(await terminate(guest(source), [...more, '--stop-timeout=3600'])).toEqual({
        status: null,
        signal: 'SIGTERM',
      });
    });

    test.each([
      ['that knows nothing of notices', null, '--stop-timeout=3600'],
      ['that knows notices but cannot be asked to end', NOTICE, '--stop-timeout=3600'],
      ['that would have to know notices to be asked', STOP, '--stop-timeout=3600'],
      ['that has no time to end in', NOTICE | STOP, '--stop-timeout=0'],
    ])('ends a guest %s at once', async (_, features, option) => {
      expect(await terminate(guest(deaf, features), [...more, option])).toEqual({
        status: null,
        signal: 'SIGTERM',
      });
    });

    test('leaves everything as it was where it interrupts: registers, flags, vectors, the red zone', async () => {
      const general = [
        'rax',
        'rbx',
        'rdx',
        'rsi',
        'rdi',
        'rbp',
        ...[8, 9, 10, 11, 12, 13, 14, 15].map((n) => `r${n}`),
      ];
      const source = `
  ready
  movl $0x9fc0, DATA        # MXCSR: flush to zero, denormals are zero
  ldmxcsr DATA
  movw $0x0e7f, DATA        # x87: round to zero
  fldcw DATA
  mov $0x123456789abcdef, %rax
  movq %rax, %xmm0
  movq %rax, %xmm15
  mov %rax, -8(%rsp)
  mov %rax, -128(%rsp)
${general.map((name, at) => `  mov $${at + 1000}, %${name}`).join('\n')}
  stc
  std
1: mov NOTICE + 8, %rcx     # changes no flag, as jrcxz
  jrcxz 1b
  jnc 9f
  mov $0, %ecx
  pushf
  pop DATA
  cld
${general.map((name, at) => `  cmp $${at + 1000}, %${name}; jne 9f`).join('\n')}
  testl $0x400, DATA        # the direction flag
  jz 9f
  mov $0x123456789abcdef, %rax
  movq %xmm0, %rbx
  movq %xmm15, %rdx
  cmp %rax, %rbx; jne 9f
  cmp %rax, %rdx; jne 9f
  cmp %rax, -128(%rsp); jne 9f
  stmxcsr DATA
  cmpl $0x9fc0, DATA; jne 9f
  fnstcw DATA
  cmpw $0x0e7f, DATA; jne 9f
  exit 42
9: exit 1`;
      expect(await terminate(guest(source), more)).toEqual({ status: 42, signal: null });
    });
  },
);

/*
 * Finds the tender's page for the handler in %r15: from the thread pointer to a pointer into the tender, down to where its file begins, then
 * up to the page that holds a timer of one second and a program of seven instructions.
 */
const findPage = `
  mov %fs:0, %rbx
  lea -0x100(%rbx), %rsi
1: mov (%rsi), %rax           # thread-local variables: among them libc's pointers to its tables for characters,
  add $8, %rsi
  mov %rax, %rcx
  shr $41, %rcx               # Linux maps at 0x7f…, and once in a hundred starts at 0x7e…
  cmp $0x3f, %rcx
  jne 1b
  mov (%rsi), %rcx            # which follow one another and lie together
  sub %rax, %rcx
  je 1b
  add $0x10000, %rcx
  cmp $0x20000, %rcx
  ja 1b
  and $-4096, %rax
2: cmpl $0x464c457f, (%rax)
  je 3f
  sub $4096, %rax
  jmp 2b
3: add $4096, %rax
  cmpq $1, 16(%rax)
  jne 3b
  cmpw $7, 32(%rax)
  jne 3b
  mov %rax, %r15
`;
const settime = `mov $222, %eax; mov 56(%r15), %edi; xor %esi, %esi; lea (%r15), %rdx; xor %r10d, %r10d; syscall`;
const install = `mov $317, %eax; mov $1, %edi; xor %esi, %esi; lea 32(%r15), %rdx; syscall`;

describe('a hostile guest', () => {
  test.each([
    ['goes back from a signal that never was', 'mov $15, %eax; syscall', /SIGSYS/],
    ['sleeps with a mask of signals', 'movq $-1, DATA; sleep DATA', /SIGSYS/],
  ])('that %s is ended at once', (_, source, signal) => {
    expect(tender('spt', '--mem=4', guest(`${source}\nexit 0`)).signal).toMatch(signal);
  });

  test.each([
    ['starts the timer again and again', `${findPage} ${settime}\n ready\n8: ${settime}\n jmp 8b`, 'SIGSYS'],
    [
      'starts another timer',
      `${findPage} ready\n mov $222, %eax; mov $77, %edi; lea (%r15), %rdx; syscall; 1: jmp 1b`,
      'SIGSYS',
    ],
    [
      'starts it with a time of its own',
      `${findPage} ready\n mov $222, %eax; mov 56(%r15), %edi; xor %esi, %esi; mov $DATA, %edx; xor %r10d, %r10d; syscall; 1: jmp 1b`,
      'SIGSYS',
    ],
    ['gives up the timer before', `${findPage} ${install}\n ready\n8: jmp 8b`, 'SIGSYS'],
    [
      'installs a filter of its own',
      `${findPage} ready\n mov $317, %eax; mov $1, %edi; xor %esi, %esi; mov $DATA, %edx; syscall; 1: jmp 1b`,
      'SIGSYS',
    ],
    ['writes what is read-only', `${findPage} ready\n movq $3600, 16(%r15); 1: jmp 1b`, 'SIGSEGV'],
  ])('that %s is ended in time', async (_, source, how) => {
    const { status, signal } = await terminate(guest(source), ['--stop-timeout=1']);
    expect(signal ?? status).toBe(how);
  });
});

test.each([
  ['', /'--stop-timeout=': not a time to end in; give seconds from 0 to 3600/],
  ['5s', /not a time to end in/],
  ['3601', /not a time to end in/],
  ['-1', /not a time to end in/],
  ['99999999999999999999', /not a time to end in/],
])('--stop-timeout=%s is refused', (value, line) => {
  const { status, err } = tender('spt', '--sysexits', `--stop-timeout=${value}`, guest('exit 0'));
  expect(err).toMatch(line);
  expect(status).toBe(64);
});
