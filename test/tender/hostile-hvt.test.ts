// A guest of hvt that tries everything: each hypercall with bad addresses, lengths, handles and offsets, ports that are none,
// instructions of a kernel, page tables of its own. With real KVM, in a lab VM. None hangs, none harms the tender, nothing escapes.
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { labVm } from '../vm/lab.ts';
import {
  astray,
  CONSTANTS,
  DATA,
  hostileGuest,
  letters,
  MEMORY,
  outcomes,
  runCases,
  type Case,
  type Outcome,
} from './hostile.ts';

/** A start takes a seventh of a second where the processor is emulated, and there are 300. */
const RUN_LIMIT_MS = 600_000;

const lab = labVm(RUN_LIMIT_MS);

const [WALLTIME, PUTS, POLL, BLOCK_WRITE, BLOCK_READ, NET_WRITE, NET_READ, HALT] = [
  1, 2, 3, 4, 5, 6, 7, 8,
] as const;
const NAMES = ['', 'WALLTIME', 'PUTS', 'POLL', 'BLOCK_WRITE', 'BLOCK_READ', 'NET_WRITE', 'NET_READ', 'HALT'];
const CAPACITY = 4096;
const CODE = 0x100000;
const BUFFER = DATA + 0x1000;

type Value = string | number;

/** Hypercall `number` with its argument at `address`. */
function call(number: number, address: Value): string {
  return `mov $${address}, %eax; mov $${0x500 + number}, %edx; out %eax, %dx`;
}

/** The same with an argument of these 64-bit words, at DATA. */
function ask(number: number, ...words: readonly Value[]): string {
  const store = words.map((word, index) => `movabs $${word}, %rax; mov %rax, DATA + ${8 * index}`);
  return [...store, call(number, 'DATA')].join('\n');
}

function each(
  outcome: Outcome,
  what: string,
  values: readonly Value[],
  code: (value: Value) => string,
): Case[] {
  return values.map((value) => ({ what: `${what} ${value}`, code: code(value), outcome }));
}

function cases(outcome: Outcome, all: Readonly<Record<string, string>>): Case[] {
  return Object.entries(all).map(([what, code]) => ({ what, code, outcome }));
}

/** Where an argument cannot lie that is written to: low memory, code, constants, the end and beyond. */
const NOT_WRITABLE = [
  0,
  0x1000,
  0x2000,
  0x10000,
  0xffff8,
  CODE,
  CONSTANTS,
  'NOTHING',
  'MEMORY - 7',
  'MEMORY',
  '0xfffffff8',
];
const NOT_READABLE = ['NOTHING', 'MEMORY - 7', 'MEMORY', '0xfffffff8'];
/** What is no buffer of a sector: where it lies, and how it goes over the end of memory or of all addresses. */
const NOT_A_BUFFER = [
  0,
  0x1000,
  CODE,
  CONSTANTS,
  'NOTHING',
  'MEMORY - 511',
  'MEMORY',
  '0x100200000',
  '0x8000000000000000',
  -512,
  -1,
];
const LENGTHS = ['MEMORY', '0x100000000', '0x8000000000000000', -512, -1];
const HANDLES = [0, 2, 63, 64, 65, 0xffff, '0x100000001', -1];
const OFFSETS = [1, 511, CAPACITY - 511, CAPACITY, CAPACITY + 512, '0x8000000000000000', -512, -1];

/** Page tables of the guest's own at DATA + 0x4000, which map its first 4 GiB as they are, writable and executable; then %cr3. */
const OWN_TABLES = `
  mov $DATA + 0x4000, %edi; mov $0x3000, %ecx; xor %eax, %eax; rep stosb
  movq $DATA + 0x5003, DATA + 0x4000
  movq $DATA + 0x6003, DATA + 0x5000
  xor %eax, %eax; mov $DATA + 0x6000, %edi; mov $512, %ecx; mov $0x83, %eax
1: mov %rax, (%rdi); add $8, %rdi; add $0x200000, %rax; dec %ecx; jnz 1b
  mov $DATA + 0x4000, %eax; mov %rax, %cr3`;

const CASES: readonly Case[] = [
  ...[WALLTIME, POLL, BLOCK_WRITE, BLOCK_READ, NET_WRITE, NET_READ].flatMap((number) =>
    each('fault', `${NAMES[number]} with its argument at`, NOT_WRITABLE, (at) => call(number, at)),
  ),
  ...[PUTS, HALT].flatMap((number) =>
    each('fault', `${NAMES[number]} with its argument at`, NOT_READABLE, (at) => call(number, at)),
  ),

  ...each('fault', 'PUTS from', ['NOTHING', 'MEMORY - 511', 'MEMORY', '0x100200000', -512, -1], (at) =>
    ask(PUTS, at, 512),
  ),
  ...each('fault', 'PUTS of so many bytes:', LENGTHS, (n) => ask(PUTS, BUFFER, n)),
  ...each(
    'fault',
    'HALT with a cookie at',
    ['MEMORY - 511', 'MEMORY', 'NOTHING', '0x8000000000000000', -1],
    (at) => ask(HALT, at, 42),
  ),
  ...each('fault', 'BLOCK_READ to', NOT_A_BUFFER, (at) => ask(BLOCK_READ, 1, 0, at, 512)),
  ...each('fault', 'BLOCK_WRITE from', ['NOTHING', 'MEMORY - 511', 'MEMORY', '0x100200000', -512, -1], (at) =>
    ask(BLOCK_WRITE, 1, 0, at, 512),
  ),
  ...each('fault', 'NET_READ to', NOT_A_BUFFER, (at) => ask(NET_READ, 1, at, 512)),
  ...each('fault', 'NET_WRITE from', ['NOTHING', 'MEMORY - 511', 'MEMORY', -512, -1], (at) =>
    ask(NET_WRITE, 1, at, 512),
  ),
  ...[BLOCK_READ, BLOCK_WRITE].flatMap((number) => [
    ...each('fault', `${NAMES[number]} of so many bytes:`, LENGTHS, (n) => ask(number, 1, 0, BUFFER, n)),
    ...each('goes on', `${NAMES[number]} of so many bytes:`, [1, 511, 513, CAPACITY + 512], (n) =>
      ask(number, 1, 0, BUFFER, n),
    ),
    ...each('goes on', `${NAMES[number]} at`, OFFSETS, (at) => ask(number, 1, at, BUFFER, 512)),
    ...each('goes on', `${NAMES[number]} of handle`, HANDLES, (handle) =>
      ask(number, handle, 0, BUFFER, 512),
    ),
  ]),
  ...[NET_READ, NET_WRITE].flatMap((number) => [
    ...each('goes on', `${NAMES[number]} of handle`, [1, ...HANDLES], (handle) =>
      ask(number, handle, BUFFER, 64),
    ),
    ...each('fault', `${NAMES[number]} of so many bytes:`, LENGTHS, (n) => ask(number, 1, BUFFER, n)),
  ]),
  { what: 'POLL for no time', code: ask(POLL, 0), outcome: 'goes on' },

  // Ports that are no hypercall's, and hypercalls that are none.
  ...each(
    'fault',
    'a write to port',
    [0, 0x20, 0x60, 0x70, 0x80, 0x3f8, 0x4ff, 0x500, 0x509, 0x50a, 0x57f, 0x580, 0x600, 0xcf8, 0xcfc, 0xffff],
    (port) => `mov $${port}, %edx; out %eax, %dx`,
  ),
  ...each(
    'fault',
    'a read of port',
    [0, 0x60, 0x71, 0x500, 0x501, 0x508, 0xcfc, 0xffff],
    (port) => `mov $${port}, %edx; in %dx, %eax`,
  ),
  ...cases('fault', {
    'a byte to a hypercall': 'mov $0x501, %edx; out %al, %dx',
    'a word to a hypercall': 'mov $0x501, %edx; out %ax, %dx',
    'many words from a hypercall': 'mov $0x502, %edx; mov $DATA, %edi; mov $9, %ecx; rep insl',
  }),

  // One exit with many words, or many exits that are a hypercall each.
  ...cases('either', {
    'many words to a hypercall': 'mov $0x502, %edx; mov $DATA, %esi; mov $9, %ecx; rep outsl',
  }),

  // A kernel's instructions.
  ...[
    'hlt',
    'ud2',
    'int3',
    'int $0x80',
    'syscall',
    'sysenter',
    'xor %ecx, %ecx; div %ecx',
    'movl $0, 8',
    'mov MEMORY, %eax',
    'mov $0x8000000000000000, %rax; mov (%rax), %rax',
    'xor %esp, %esp; push %rax',
    'pushq $0x1234; push $survived; lretq',
    'movl $0, DATA; movl $0, DATA + 4; lidt DATA; ud2',
    'movl $-1, DATA; movl $-1, DATA + 4; lgdt DATA; mov $8, %eax; mov %eax, %ss; push %rax; ud2',
    'mov $0x21, %eax; mov %rax, %cr0; ud2',
    'mov $-1, %rax; mov %rax, %cr4; ud2',
    'xor %eax, %eax; mov %rax, %cr3; ud2',
    'mov $-1, %rax; mov %rax, %cr3; ud2',
    'movabs $0x7ffffffffffff000, %rax; mov %rax, %cr3; ud2',
    'mov $0xffffffff, %ecx; rdmsr',
    'mov $0xc0000080, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr; ud2',
    'pushfq; orl $0x100, (%rsp); popfq; nop; nop',
    'movl $1, survived',
    'movl $1, CONSTANTS',
    'mov $DATA, %eax; jmp *%rax',
    'mov $CONSTANTS, %eax; jmp *%rax',
    'movl $1, 0x10000',
    'movl $1, 0x2000',
    'mov %cr0, %rax; and $~0x10000, %rax; mov %rax, %cr0; movl $1, survived',
  ].map((code): Case => ({ what: code, code, outcome: 'fault' })),
  ...[
    'cli',
    'clts',
    'wbinvd',
    'swapgs',
    'invlpg DATA',
    'cpuid',
    'rdtsc',
    'mov %cr0, %rax',
    'mov %cr4, %rax',
    'mov %db0, %rax',
  ].map((code): Case => ({ what: code, code, outcome: 'goes on' })),
  ...[
    'sti',
    'invd',
    'vmcall',
    'vmmcall',
    'vmrun',
    'monitor',
    'mwait',
    'pause',
    'xsetbv',
    'rdpmc',
    'mov %rax, %db7',
    'int $2',
    'mov $0x1b, %ecx; rdmsr',
    'mov $0x1b, %ecx; mov $0xfee00900, %eax; xor %edx, %edx; wrmsr',
    'mov $0x10, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr',
    'mov $0x4b564d01, %ecx; mov $MEMORY + 1, %eax; xor %edx, %edx; wrmsr',
    'mov $0x4b564d03, %ecx; mov $0x2001, %eax; xor %edx, %edx; wrmsr',
    'mov $0xc0000082, %ecx; mov $-1, %eax; cltd; wrmsr',
  ].map((code): Case => ({ what: code, code, outcome: 'either' })),

  // Page tables of its own: memory is still what it was, for the guest and for its hypercalls.
  ...cases('goes on', {
    'own tables, low memory written': `${OWN_TABLES}\nmov $0x1000, %edi; mov $0x7000, %ecx; mov $-1, %al; rep stosb; movq $-1, 0x10000`,
    'own tables, data executed': `${OWN_TABLES}\nmovb $0xc3, BUFFER; mov $BUFFER, %eax; call *%rax`,
    'own tables, manifest written, another handle': `${OWN_TABLES}\nmov $0x10038, %edi; mov $0x1000, %ecx; mov $1, %al; rep stosb\n${ask(BLOCK_READ, 2, 0, BUFFER, 512)}`,
  }),
  ...cases('fault', {
    'own tables, code written': `${OWN_TABLES}\nmovl $1, survived`,
    'own tables, constants written': `${OWN_TABLES}\nmovl $1, CONSTANTS`,
    'own tables, memory it has not read': `${OWN_TABLES}\nmov MEMORY, %eax; mov MEMORY + 0x1000000, %eax`,
    'own tables, memory it has not written': `${OWN_TABLES}\nmovl $1, MEMORY`,
    'own tables, memory it has not executed': `${OWN_TABLES}\nmov $MEMORY, %eax; jmp *%rax`,
    'own tables, a device that is not there': `${OWN_TABLES}\nmov $0x3ee00020, %eax; mov (%rax), %eax`,
    'own tables, a hypercall that reads into code': `${OWN_TABLES}\n${ask(BLOCK_READ, 1, 0, CODE, 512)}`,
  }),
];

/** HALT with the status in %edi. */
const END = `movq $0, DATA + 0x8000; mov %edi, DATA + 0x8008; ${call(HALT, 'DATA + 0x8000')}`;

test(
  'nothing hangs, harms the tender or escapes',
  async () => {
    expect(MEMORY).toBe(0x400000); // what --mem=4 gives
    const guest = hostileGuest('hvt', CASES, { before: `.set BUFFER, ${BUFFER}`, end: END }, [
      { name: 'disk', type: 1 },
    ]);
    const expected = new Map(
      CASES.map(({ what, outcome }, index) => [letters(index), [what, outcome] as const]),
    );
    const command = 'kittiwake-hvt --sysexits --mem=4 --block:disk=/tmp/disk /tmp/hostile.hvt';
    const { out } = await lab.run(`truncate -s ${CAPACITY} /tmp/disk
echo ${gzipSync(guest).toString('base64')} | base64 --decode | gunzip >/tmp/hostile.hvt
${runCases(command, [...expected.keys()], 20)}`);
    const wrong = astray(expected, outcomes(out, 'kittiwake-hvt'));
    console.log(
      `hostile guests under hvt: ${wrong.length} of ${expected.size} hung, harmed the tender or escaped`,
    );
    expect(wrong).toEqual([]);
  },
  RUN_LIMIT_MS + 10_000,
);
