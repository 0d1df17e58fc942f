// A guest of spt that tries everything: each system call there is, wrong arguments for those it has, instructions and addresses that
// are not for it. None hangs, none harms the tender, nothing escapes.
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { astray, hostileGuest, letters, outcomes, runCases, type Case, type Outcome } from './hostile.ts';
import { imageFolder, run, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

/** System calls of x86_64 end before this; the gap from 335 to 423 is tried, too. */
const CALLS = 601;
const [CLOCK_GETTIME, EXIT_GROUP] = [228, 231];
/** What is allowed whatever its arguments are, or with zeroes: how the guest then ends. */
const HARMLESS: Readonly<Record<number, number>> = { [CLOCK_GETTIME]: 42, [EXIT_GROUP]: 0 };
/**
 * uretprobe(2) and uprobe(2): Linux 6.14 and newer let them pass every filter, for its own trampolines; from elsewhere they do nothing,
 * or end the process by SIGILL.
 */
const PASSED_BY_LINUX = [335, 336];

/** `call` of the ABI with these operands: numbers, registers, or addresses. */
function call(number: number, ...operands: readonly (string | number)[]): string {
  const registers = ['%rdi', '%rsi', '%rdx', '%r10', '%r8', '%r9'];
  const load = operands.map((operand, index) =>
    typeof operand === 'string' && operand.startsWith('%')
      ? `mov ${operand}, ${registers[index]}`
      : `movabs $${operand}, ${registers[index]}`,
  );
  return [...load, `mov $${number}, %eax`, 'syscall'].join('\n');
}

/** The descriptors its boot info names: disk, read-only disk, epoll set, timer. */
const [DISK, READ_ONLY, EPOLL, TIMER] = ['%r12', '%r13', '%r14', '%rbp'];
const BEFORE = `
  mov 24(%rdi), %rax
  mov 200(%rax), %r12d
  mov 304(%rax), %r13d
  mov 32(%rdi), %r14d
  mov 36(%rdi), %ebp`;
const END = 'mov $231, %eax\nsyscall';

const [READ, WRITE, PREAD, PWRITE, ARCH_PRCTL, EPOLL_PWAIT, TIMERFD_SETTIME] = [0, 1, 17, 18, 158, 281, 286];
/** No memory of the guest's: not mapped, the kernel's, no address at all, the end of everything. */
const ADDRESSES = [
  0,
  0x1000,
  'MEMORY',
  'NOTHING',
  '0x7ffffffff000',
  '0xffff800000000000',
  '0x8000000000000000',
  -1,
];
const CAPACITY = 4096;

function cases(outcome: Outcome, all: Readonly<Record<string, string>>): Case[] {
  return Object.entries(all).map(([what, code]) => ({ what, code, outcome }));
}

/** The same with each of `values`. */
function each(
  outcome: Outcome,
  what: string,
  values: readonly (string | number)[],
  code: (value: string | number) => string,
): Case[] {
  return values.map((value) => ({ what: `${what} ${value}`, code: code(value), outcome }));
}

const SWEPT = 3;
const CASES: readonly Case[] = [
  // Run with each number: these SWEPT come first.
  { what: 'system call', code: `call parameter\n${ZEROES()}\nmov %r15d, %eax\nsyscall`, outcome: 'killed' },
  {
    what: 'x32 system call',
    code: `call parameter\n${ZEROES()}\nlea 0x40000000(%r15), %eax\nsyscall`,
    outcome: 'killed',
  },
  {
    what: '32-bit system call',
    code: `call parameter\n${ZEROES()}\nmov %r15d, %eax\nint $0x80`,
    outcome: 'ends',
  },

  ...each(
    'killed',
    'a call with number',
    [-1, '0x7fffffff', '0x80000000', '0x80000027', 1000, 4095],
    (n) => `mov $${n}, %eax\nsyscall`,
  ),

  // Wrong descriptors.
  ...each('killed', 'read of', [0, 1, 2, 3, 63, -1, '0x100000000', DISK, EPOLL, TIMER], (fd) =>
    call(READ, fd, 'DATA', 1),
  ),
  ...each('killed', 'write to', [0, 2, 3, 63, -1, '0x100000001', DISK, EPOLL, TIMER], (fd) =>
    call(WRITE, fd, 'DATA', 1),
  ),
  ...each('killed', 'pread64 of', [0, 1, 63, -1, EPOLL, TIMER], (fd) => call(PREAD, fd, 'DATA', 512, 0)),
  ...each('killed', 'pwrite64 to', [0, 1, 63, -1, EPOLL, TIMER], (fd) => call(PWRITE, fd, 'DATA', 512, 0)),
  ...each('killed', 'epoll_pwait of', [0, 1, 63, -1, DISK, TIMER], (fd) =>
    call(EPOLL_PWAIT, fd, 'DATA', 1, 0, 0, 8),
  ),
  ...each('killed', 'timerfd_settime of', [0, 1, 63, -1, DISK, EPOLL], (fd) =>
    call(TIMERFD_SETTIME, fd, 0, 'DATA', 0),
  ),

  // Wrong sizes and offsets.
  ...each('killed', 'pread64 of so many bytes:', [0, 1, 511, 513, 1024, CAPACITY, -1], (n) =>
    call(PREAD, DISK, 'DATA', n, 0),
  ),
  ...each('killed', 'pwrite64 of so many bytes:', [0, 1, 511, 513, 1024, CAPACITY, -1], (n) =>
    call(PWRITE, DISK, 'DATA', n, 0),
  ),
  ...each('killed', 'pread64 at', [CAPACITY - 511, CAPACITY, -1, '0x8000000000000000'], (at) =>
    call(PREAD, DISK, 'DATA', 512, at),
  ),
  ...each('killed', 'pwrite64 at', [CAPACITY - 511, CAPACITY, -1, '0x8000000000000000'], (at) =>
    call(PWRITE, DISK, 'DATA', 512, at),
  ),
  ...each('goes on', 'pwrite64 to a read-only disk at', [0, CAPACITY, -1], (at) =>
    call(PWRITE, READ_ONLY, 'DATA', 512, at),
  ),
  ...each('goes on', 'pread64 between sectors at', [1, 511, CAPACITY - 513], (at) =>
    call(PREAD, DISK, 'DATA', 512, at),
  ),

  // Wrong purposes.
  ...each(
    'killed',
    'arch_prctl',
    [0, '0x1001', '0x1003', '0x1004', '0x1011', '0x2001', '0x4001', '0x5001', -1],
    (code) => call(ARCH_PRCTL, code, 'DATA'),
  ),
  ...each('killed', 'clock_gettime of clock', [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, '0x100000000'], (clock) =>
    call(CLOCK_GETTIME, clock, 'DATA'),
  ),
  {
    what: 'epoll_pwait with a signal mask',
    code: call(EPOLL_PWAIT, EPOLL, 'DATA', 1, 0, 'DATA', 8),
    outcome: 'killed',
  },

  // Wrong addresses: the kernel's own check, an error.
  ...each('goes on', 'write from', ADDRESSES, (at) => call(WRITE, 1, at, 16)),
  ...each('goes on', 'pread64 to', [...ADDRESSES, 'survived', 'CONSTANTS'], (at) =>
    call(PREAD, DISK, at, 512, 0),
  ),
  ...each('goes on', 'pwrite64 from', ADDRESSES, (at) => call(PWRITE, DISK, at, 512, 0)),
  ...each('goes on', 'clock_gettime to', [...ADDRESSES, 'survived', 'CONSTANTS'], (at) =>
    call(CLOCK_GETTIME, 0, at),
  ),
  ...each('goes on', 'epoll_pwait to', ADDRESSES, (at) => call(EPOLL_PWAIT, EPOLL, at, 1, 0, 0, 8)),
  ...each('goes on', 'epoll_pwait for so many events:', [0, -1, '0x7fffffff', '0x80000000'], (n) =>
    call(EPOLL_PWAIT, EPOLL, 'DATA', n, 0, 0, 8),
  ),
  ...each('goes on', 'timerfd_settime from', ADDRESSES, (at) => call(TIMERFD_SETTIME, TIMER, 0, at, 0)),
  ...each('goes on', 'timerfd_settime, the old time to', ADDRESSES, (at) =>
    call(TIMERFD_SETTIME, TIMER, 0, 'DATA', at),
  ),
  ...each('goes on', 'timerfd_settime with flags', [2, 4, -1], (flags) =>
    call(TIMERFD_SETTIME, TIMER, flags, 'DATA', 0),
  ),
  ...each('goes on', 'a thread pointer of', [0, 1, 'MEMORY', '0x8000000000000000', -1], (at) =>
    call(ARCH_PRCTL, 0x1002, at),
  ),

  // Instructions that are not for it.
  ...[
    'hlt',
    'cli',
    'sti',
    'clts',
    'invd',
    'wbinvd',
    'swapgs',
    'sysretq',
    'iretq',
    'rdmsr',
    'wrmsr',
    'xsetbv',
    'mwait',
    'vmcall',
    'vmrun',
    'ud2',
    'int3',
    'int $1',
    'int $2',
    'int $3',
    'int $4',
    'int $0x81',
    'int $0xff',
    '.byte 0xf1',
    'in %dx, %al',
    'in $0x60, %eax',
    'out %al, %dx',
    'insb',
    'outsl',
    'mov %cr0, %rax',
    'mov %rax, %cr0',
    'mov %rax, %cr3',
    'mov %rax, %cr4',
    'mov %rax, %db7',
    'mov %db0, %rax',
    'lgdt DATA',
    'lidt DATA',
    'lldt %ax',
    'ltr %ax',
    'lmsw %ax',
    'invlpg DATA',
    'invpcid DATA, %rax',
    'mov $0x2b, %eax; mov %eax, %ss; ud2',
    'xor %ecx, %ecx; div %ecx',
  ].map((code): Case => ({ what: code, code, outcome: 'fault' })),
  ...cases('fault', {
    'a single step': 'pushfq; orl $0x100, (%rsp); popfq; nop; nop',
    'an alignment check': 'pushfq; orl $0x40000, (%rsp); popfq; mov DATA + 1, %eax; mov %eax, DATA + 3',
    'an unmasked floating point error':
      'movl $0, DATA; ldmxcsr DATA; pxor %xmm0, %xmm0; pxor %xmm1, %xmm1; divss %xmm1, %xmm0',
    'a far jump into nowhere': 'pushq $0x1234; push $survived; lretq',
    'a far jump to the kernel’s code': 'pushq $0x10; push $survived; lretq',
    'a fault without a stack': 'xor %esp, %esp; push %rax',
    'a fault with the stack in the kernel': 'mov $-4096, %rsp; push %rax',
    'a fault with the direction flag': 'std; ud2',
    'a fault with the thread pointer destroyed': `${call(ARCH_PRCTL, 0x1002, 0)}\nud2`,
    'a fault with the tender’s thread block overwritten':
      'mov %fs:0, %rdi; lea -64(%rdi), %rdi; mov $256, %ecx; mov $0x41, %al; rep stosb; ud2',
  }),
  ...cases('ends', {
    '32-bit code: int $0x80':
      'pushq $0x23; push $1f; lretq\n1: .code32\nmov $20, %eax; int $0x80; ud2\n.code64',
    '32-bit code: sysenter':
      'pushq $0x23; push $1f; lretq\n1: .code32\nmov $20, %eax; xor %ebp, %ebp; sysenter; ud2\n.code64',
    '32-bit code: syscall': 'pushq $0x23; push $1f; lretq\n1: .code32\nmov $20, %eax; syscall; ud2\n.code64',
    'the page of old system calls': 'mov $0xffffffffff600000, %rax; mov $DATA, %edi; call *%rax; ud2',
    sysenter: 'mov $39, %eax; sysenter; ud2',
  }),

  // Memory that is not for it.
  ...each(
    'fault',
    'a read of',
    [...ADDRESSES, 'MEMORY - 1'],
    (at) => `movabs $${at}, %rax; mov (%rax), %rax`,
  ),
  ...each(
    'fault',
    'a write to',
    [...ADDRESSES, 'CONSTANTS', 'survived', 'MEMORY - 1'],
    (at) => `movabs $${at}, %rax; movq $0, (%rax)`,
  ),
  ...each(
    'fault',
    'a jump to',
    [...ADDRESSES, 'DATA', 'CONSTANTS', '0x300000', '0x11000'],
    (at) => `movabs $${at}, %rax; jmp *%rax`,
  ),

  // What is its own to spoil.
  ...cases('goes on', {
    'boot info, manifest and command line overwritten':
      'mov $0x10000, %edi; mov $0x8000, %ecx; mov $-1, %al; rep stosb',
    'all its memory overwritten':
      'mov $0x211000 + 0x1000, %edi; mov $MEMORY - 0x212000, %ecx; mov $0x5a, %al; rep stosb',
    'segment registers cleared': 'xor %eax, %eax; mov %eax, %ds; mov %eax, %es; mov %eax, %gs',
  }),
];

function ZEROES(): string {
  return ['%edi', '%esi', '%edx', '%r10d', '%r8d', '%r9d']
    .map((register) => `xor ${register}, ${register}`)
    .join('\n');
}

test('nothing hangs, harms the tender or escapes', () => {
  const devices = ['disk', 'readonly'].map((name) => ({ name, type: 1 }));
  const guest = image('hostile.spt', hostileGuest('spt', CASES, { before: BEFORE, end: END }, devices));
  const [disk, readOnly] = ['disk', 'readonly'].map((name) => image(name, Buffer.alloc(CAPACITY)));
  const command = `${join(tenders, 'kittiwake-spt')} --sysexits --mem=4 --block:disk=${disk} --block-ro:readonly=${readOnly} ${guest}`;

  type Expected = Map<string, readonly [string, Outcome]>;
  const calls: Expected = new Map();
  for (const [index, { what, outcome }] of CASES.slice(0, SWEPT).entries())
    for (let number = 0; number < CALLS; number++)
      if (index > 0 || !(number in HARMLESS || PASSED_BY_LINUX.includes(number)))
        calls.set(letters(index) + letters(number), [`${what} ${number}`, outcome]);
  const others: Expected = new Map(
    CASES.slice(SWEPT).map(({ what, outcome }, index) => [letters(SWEPT + index), [what, outcome]]),
  );
  const tried = (expected: Expected, listen: boolean): string[] => {
    const script = runCases(command, [...expected.keys()], 10, listen);
    return astray(expected, outcomes(run('sh', ['-c', script], { limitMs: 120_000 }).out, 'kittiwake-spt'));
  };
  const wrong = [...tried(calls, false), ...tried(others, true)];
  const count = calls.size + others.size;
  console.log(`hostile guests under spt: ${wrong.length} of ${count} hung, harmed the tender or escaped`);
  expect(wrong).toEqual([]);
}, 180_000);

test('what the filter lets pass does nothing', () => {
  const guest = image('plain.spt', hostileGuest('spt', CASES.slice(0, 1), { before: '', end: END }, []));
  for (const [number, status] of Object.entries(HARMLESS)) {
    const ended = run(join(tenders, 'kittiwake-spt'), [
      '--mem=4',
      guest,
      letters(0) + letters(Number(number)),
    ]);
    expect(ended).toEqual({ status, signal: null, out: '', err: '' });
  }
  for (const number of PASSED_BY_LINUX) {
    const args = ['--mem=4', guest, letters(0) + letters(number)];
    const { status, signal } = run(join(tenders, 'kittiwake-spt'), args);
    expect([42, 'SIGSYS', 'SIGILL']).toContain(signal ?? status);
  }
});
