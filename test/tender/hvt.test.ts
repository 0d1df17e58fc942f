// What a guest may do under hvt and what becomes of one that does more; with real machine code and real KVM, in a lab VM.
import { describe, expect, test } from 'vitest';
import { labVm, written } from '../vm/lab.ts';
import { DATA, halt, hypercall, LAST, store, word } from './code.ts';
import { CODE, guestElf, type Guest, type Segment } from './guest-elf.ts';

const RUN_LIMIT_MS = 100_000;

const { run: vm } = labVm(RUN_LIMIT_MS);

const MEMORY = 0x400000;
const CONSTANTS = 0x201000;
const NOTHING = 0x202000;

/** Segments beside the code: to write, to read only, to leave alone. */
const SEGMENTS: readonly Segment[] = [
  { address: DATA, flags: 6, bytes: [0], memory: 0x1000 },
  { address: CONSTANTS, flags: 4, bytes: [0], memory: 0x1000 },
  { address: NOTHING, flags: 0, bytes: [0], memory: 0x1000 },
];

const [WALLTIME, PUTS, POLL, BLOCK_WRITE, BLOCK_READ, NET_WRITE, NET_READ, HALT] = [
  1, 2, 3, 4, 5, 6, 7, 8,
] as const;

/** Ends with what the 32 bits at `address` hold. */
const exitWith = (address: number): number[] => [
  ...store(LAST, 0),
  ...[0x8b, 0x04, 0x25, ...word(address)], // mov address, %eax
  ...[0x89, 0x04, 0x25, ...word(LAST + 8)], // mov %eax, LAST + 8
  ...hypercall(HALT, LAST),
];

let made = 0;
/** Shell that puts a guest into the VM as $guest. */
function put(code: readonly number[], guest: Guest = {}): string {
  const elf = guestElf({ target: 'hvt', code, more: SEGMENTS, ...guest });
  return `guest=/tmp/${made++}.hvt; ${written(elf, '$guest')}`;
}

/** Runs machine code under kittiwake-hvt with `options`; if nothing stops it, it ends with status 42. */
async function guest(code: readonly number[], options = '--mem=4', more: Guest = {}) {
  return vm(`${put([...code, ...halt(42)], more)}; kittiwake-hvt --sysexits ${options} $guest`);
}

describe('a guest', () => {
  test('runs, and its status passes through, as much as a status can hold', async () => {
    expect(await guest([])).toEqual({ status: 42, out: '' });
    expect(await guest(halt(300))).toEqual({ status: 44, out: '' });
    expect(await guest(halt(-1))).toEqual({ status: 255, out: '' });
  });

  test('finds its boot info, its stack at the end of memory, nothing in other registers', async () => {
    const code = [
      ...[0x48, 0x81, 0xf7, ...word(0x10000)], // xor $0x10000, %rdi
      ...[0x48, 0x81, 0xf4, ...word(MEMORY - 8)], // xor $MEMORY - 8, %rsp
      // or into %rcx: rax, rbx, rdx, rsi, rbp, rdi, rsp, then r8 to r15
      ...[0xc1, 0xd9, 0xd1, 0xf1, 0xe9, 0xf9, 0xe1].flatMap((operands) => [0x48, 0x09, operands]),
      ...[0xc1, 0xc9, 0xd1, 0xd9, 0xe1, 0xe9, 0xf1, 0xf9].flatMap((operands) => [0x4c, 0x09, operands]),
      ...[0x48, 0x85, 0xc9, 0x74, halt(1).length], // test %rcx, %rcx; jz behind halt(1)
      ...halt(1),
    ];
    expect(await guest(code)).toEqual({ status: 42, out: '' });
  });

  test('prints its command line, which its boot info points to', async () => {
    const code = [
      ...[0x48, 0x8b, 0x04, 0x25, ...word(0x10018)], // mov 0x10018, %rax
      ...[0x48, 0x89, 0x04, 0x25, ...word(DATA)], // mov %rax, DATA
      ...store(DATA + 8, 'one two\0'.length),
      ...hypercall(PUTS, DATA),
    ];
    expect(await vm(`${put([...code, ...halt(42)])}; kittiwake-hvt --mem=4 $guest one two`)).toEqual({
      status: 42,
      out: 'one two\0',
    });
  });

  test.each([
    [4, MEMORY],
    [3, MEMORY - 0x100000],
    [600, 600 * 0x100000],
  ])('has all of its %i MiB, to the last byte, and is told so', async (mib, size) => {
    const code = [
      ...store(size - 16, CODE),
      ...hypercall(PUTS, size - 16), // its argument ends where memory ends; its length is still 0
      ...[0x81, 0x3c, 0x25, ...word(0x10000), ...word(size)], // cmpl $size, 0x10000
      ...[0x74, halt(1).length], // je behind halt(1)
      ...halt(1),
    ];
    expect(await guest(code, `--mem=${mib}`)).toEqual({ status: 42, out: '' });
  });

  test('has SSE2 and a wall clock', async () => {
    const code = [
      ...[0x66, 0x0f, 0xef, 0xc0], // pxor %xmm0, %xmm0
      ...hypercall(WALLTIME, DATA),
      ...[0x48, 0xc1, 0x2c, 0x25, ...word(DATA), 60], // shrq $60, DATA: 1 from 2006 to 2043
      ...exitWith(DATA),
    ];
    expect(await guest(code)).toEqual({ status: 1, out: '' });
  });

  test('sleeps as long as it asks, with no device to wake it', async () => {
    const code = [
      ...store(DATA, 1_000_000),
      ...store(DATA + 16, 9),
      ...hypercall(POLL, DATA),
      ...exitWith(DATA + 16),
    ];
    expect(await guest(code)).toEqual({ status: 0, out: '' });
  });

  test.each([
    ['NET_WRITE', NET_WRITE],
    ['NET_READ', NET_READ],
  ])('gets EINVAL from %s with a handle of no device', async (_, number) => {
    for (const handle of [0, 1, 63, 64, -1]) {
      const code = [
        ...store(DATA, handle),
        ...store(DATA + 8, DATA),
        ...store(DATA + 16, 64),
        ...hypercall(number, DATA),
        ...exitWith(DATA + 24),
      ];
      expect(await guest(code)).toEqual({ status: 2, out: '' });
    }
  });
});

/** BLOCK_READ or BLOCK_WRITE of the manifest's first device; its argument lies at DATA. */
const transfer = (number: number, offset: number, size: number, at = DATA + 0x1000, handle = 1): number[] => [
  ...store(DATA, handle),
  ...store(DATA + 8, offset),
  ...store(DATA + 16, at),
  ...store(DATA + 24, size),
  ...store(DATA + 32, 99),
  ...hypercall(number, DATA),
];
const RESULT = DATA + 32;
const [EINVAL, EUNSPEC] = [2, 3];

describe('a block device', () => {
  /** Eight sectors, each full of its number; the last one ends with a 9. */
  const sectors = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at === 4095 ? 9 : 1 + (at >> 9))));
  const disk = `d='/tmp/a disk'; ${written(sectors, '"$d"')}`;
  const devices = [{ name: 'disk', type: 1 }];
  const more: readonly Segment[] = [
    { address: DATA, flags: 6, bytes: [0], memory: 0x10000 },
    { address: 0x300000, flags: 4, bytes: [0], memory: 0x1000 },
  ];
  const start = (code: readonly number[], options = '"--block:disk=$d"', after = '') =>
    vm(`${disk}
${put([...code, ...halt(42)], { devices, more })}
kittiwake-hvt --sysexits --mem=4 ${options} $guest; status=$?
${after}
exit $status`);

  test('is read, some sectors at once, to the last byte', async () => {
    const code = transfer(BLOCK_READ, 512, 7 * 512);
    expect(await start([...code, ...exitWith(RESULT)])).toEqual({ status: 0, out: '' });
    expect(await start([...code, ...exitWith(DATA + 0x1000)])).toEqual({ status: 2, out: '' });
    const last = store(DATA + 0x1000 + 7 * 512, 0); // what lies behind, for the 4 bytes that exitWith() reads
    expect(await start([...code, ...last, ...exitWith(DATA + 0x1000 + 7 * 512 - 1)])).toEqual({
      status: 9,
      out: '',
    });
  });

  test('is written, and nothing beside it', async () => {
    const code = [
      ...store(DATA + 0x1000, 0x5a),
      ...transfer(BLOCK_WRITE, 4096 - 1024, 1024),
      ...exitWith(RESULT),
    ];
    const shown = await start(code, undefined, `stat -c %s "$d"; od -An -v -tx1 -w512 "$d" | cut -c 2-6`);
    expect(shown).toEqual({
      status: 0,
      out: '4096\n01 01\n02 02\n03 03\n04 04\n05 05\n06 06\n5a 00\n00 00\n',
    });
  });

  test('gives EINVAL for what is not whole sectors within it, or another handle', async () => {
    for (const [offset, size, handle = 1] of [
      [4096, 512],
      [4096 - 512, 1024],
      [512, 100],
      [1, 512],
      [-512, 512],
      [-512, 1024],
      [0x7ffffe00, 512],
      [0, 512, 0],
      [0, 512, 2],
      [0, 512, -1],
    ] as const) {
      for (const number of [BLOCK_READ, BLOCK_WRITE]) {
        const code = [...transfer(number, offset, size, undefined, handle), ...exitWith(RESULT)];
        expect(await start(code)).toEqual({ status: EINVAL, out: '' });
      }
    }
  }, 120_000);

  test('has the sector it was given', async () => {
    const options = '--block-sector-size:disk=4096 "--block:disk=$d"';
    const whole = [...transfer(BLOCK_READ, 0, 4096), ...exitWith(RESULT)];
    expect(await start(whole, options)).toEqual({ status: 0, out: '' });
    const part = [...transfer(BLOCK_READ, 0, 512), ...exitWith(RESULT)];
    expect(await start(part, options)).toEqual({ status: EINVAL, out: '' });
  });

  test('that may only be read answers writes with EUNSPEC', async () => {
    const options = '"--block-ro:disk=$d"';
    const read = [...transfer(BLOCK_READ, 0, 512), ...exitWith(RESULT)];
    expect(await start(read, options)).toEqual({ status: 0, out: '' });
    const write = [...transfer(BLOCK_WRITE, 0, 512), ...exitWith(RESULT)];
    const after = 'head -c 1 "$d" | od -An -tu1';
    expect(await start(write, options, after)).toEqual({ status: EUNSPEC, out: '   1\n' });
  });

  test('gives EUNSPEC where the host fails to write', async () => {
    const write = [...transfer(BLOCK_WRITE, 4096 - 512, 512), ...exitWith(RESULT)];
    const limited = '(ulimit -f 2; exec kittiwake-hvt --mem=4 "--block:disk=$d" $guest)';
    expect(await vm(`${disk}\n${put(write, { devices, more })}\n${limited}`)).toEqual({
      status: EUNSPEC,
      out: '',
    });
  });

  test('must not be read to where the guest may not write, nor written from where it may not read', async () => {
    const line = (what: string, at: string, access: string) =>
      new RegExp(`guest fault: ${what}: address ${at} with 512 bytes is not memory it may ${access}, rip=`);
    for (const [at, text] of [
      [0x300000, '0x300000'],
      [CODE, '0x100000'],
      [0x1000, '0x1000'],
      [MEMORY - 511, '0x3ffe01'],
    ] as const) {
      const { status, out } = await start(transfer(BLOCK_READ, 0, 512, at));
      expect(out).toMatch(line('BLOCK_READ', text, 'write'));
      expect(status).toBe(255);
    }
    const { status, out } = await start(transfer(BLOCK_WRITE, 0, 512, MEMORY - 511));
    expect(out).toMatch(line('BLOCK_WRITE', '0x3ffe01', 'read'));
    expect(status).toBe(255);
  });

  test('is a disk too, but not to write to while it is mounted', async () => {
    const code = [...transfer(BLOCK_READ, 0, 512), ...exitWith(RESULT)];
    const { out } = await vm(`${put(code, { devices, more })}
d=$(findmnt --noheadings --output SOURCE --types ext4,ext2 | head -n 1)
kittiwake-hvt --sysexits --mem=4 --block-ro:disk=$d $guest; echo $?
kittiwake-hvt --sysexits --mem=4 --block:disk=$d $guest; echo $?`);
    expect(out).toMatch(
      /^0\nkittiwake-hvt: block disk: \/dev\/\w+ is mounted or in use by the host; unmount it first\n78\n$/,
    );
  });
});

const FAULTS: readonly [name: string, code: readonly number[], line: RegExp][] = [
  ['halts the processor', [0xf4], /it halted the processor, rip=0x10000[01];/],
  // Where it stood is lost on AMD's processors, where KVM resets the processor first.
  ['executes nonsense without a handler', [0x0f, 0x0b], /triple fault: .*, rip=0x(100000|fff0);/],
  ['calls number 0', hypercall(0, DATA), /hypercall 0 does not exist/],
  ['calls a number too high', hypercall(9, DATA), /4-byte write of I\/O port 0x509 is no hypercall/],
  ['writes to a port of the PC', hypercall(-0x500 + 0x3f8, DATA), /4-byte write of I\/O port 0x3f8/],
  [
    'calls with 2 bytes',
    [...hypercall(PUTS, DATA).slice(0, -1), 0x66, 0xef],
    /2-byte write of I\/O port 0x502/,
  ],
  ['calls with 1 byte', [...hypercall(PUTS, DATA).slice(0, -1), 0xee], /1-byte write of I\/O port 0x502/],
  ['reads a port', [...hypercall(PUTS, DATA).slice(0, -1), 0xed], /4-byte read of I\/O port 0x502/],
  [
    'has its argument end behind memory',
    hypercall(PUTS, MEMORY - 15),
    /hypercall argument: address 0x3ffff1 with 16 bytes is not memory it may read/,
  ],
  ['has its argument at the end of 32 bits', hypercall(HALT, 0xfffffffc), /address 0xfffffffc with 16 bytes/],
  [
    'wants the time in its code',
    hypercall(WALLTIME, CODE),
    /address 0x100000 with 8 bytes is not memory it may write/,
  ],
  [
    'wants the time in its constants',
    hypercall(WALLTIME, CONSTANTS - 4),
    /0x200ffc with 8 bytes .* may write/,
  ],
  [
    'wants the time in its boot info',
    hypercall(WALLTIME, 0x10000),
    /address 0x10000 with 8 bytes .* may write/,
  ],
  [
    'wants the time in its page tables',
    hypercall(WALLTIME, 0x2000),
    /address 0x2000 with 8 bytes .* may write/,
  ],
  ['prints with an argument it may not read', hypercall(PUTS, NOTHING), /0x202000 with 16 bytes .* may read/],
  [
    'prints what it may not read',
    [...store(DATA, NOTHING), ...store(DATA + 8, 1), ...hypercall(PUTS, DATA)],
    /PUTS: address 0x202000 with 1 bytes .* may read/,
  ],
  [
    'prints what lies behind memory',
    [...store(DATA, MEMORY - 1), ...store(DATA + 8, 2), ...hypercall(PUTS, DATA)],
    /PUTS: address 0x3fffff with 2 bytes/,
  ],
  [
    'prints around the end of addresses',
    [...store(DATA, -1), ...store(DATA + 8, 2), ...hypercall(PUTS, DATA)],
    /PUTS: address 0xffffffffffffffff with 2 bytes/,
  ],
  [
    'receives into its code',
    [...store(DATA + 8, CODE), ...store(DATA + 16, 1), ...hypercall(NET_READ, DATA)],
    /NET_READ: address 0x100000 with 1 bytes .* may write/,
  ],
  [
    'sends what lies behind memory',
    [...store(DATA + 8, MEMORY), ...store(DATA + 16, 1), ...hypercall(NET_WRITE, DATA)],
    /NET_WRITE: address 0x400000 with 1 bytes .* may read/,
  ],
  [
    'leaves its last words behind memory',
    [...store(DATA, MEMORY - 511), ...hypercall(HALT, DATA)],
    /HALT: address 0x3ffe01 with 512 bytes/,
  ],
  [
    'writes its code',
    store(CODE, 0),
    /it wrote memory it may only read \(host\/guest translation fault\), rip=0x100000;/,
  ],
  ['writes its constants', store(CONSTANTS, 0), /it wrote memory it may only read/],
  ['executes its data', [0xb8, ...word(DATA), 0xff, 0xe0], /triple fault/],
  ['executes its stack', [0xff, 0xe4], /triple fault/],
  ['writes its boot info', store(0x10000, 0), /triple fault/],
  ['reads page zero', [0x8b, 0x04, 0x25, ...word(0)], /triple fault/],
  ['reads behind memory', [0x8b, 0x04, 0x25, ...word(MEMORY)], /triple fault/],
];

describe('a guest that', () => {
  test.each(FAULTS)('%s gets one line and 255', async (_, code, line) => {
    const { status, out } = await guest(code);
    expect(out).toMatch(line);
    expect(out).toMatch(/^kittiwake-hvt: guest fault: [ -~]+; report it to whoever made the image\n$/);
    expect(status).toBe(255);
  });

  test('breaks the rules ends with 1 without --sysexits, as under Solo5', async () => {
    const { status, out } = await vm(`${put(store(CODE, 0), {})}; kittiwake-hvt --mem=4 $guest`);
    expect(out).toMatch(/host\/guest translation fault/);
    expect(status).toBe(1);
  });

  test('reads behind memory that ends within a large page gets one line and 255', async () => {
    const { status, out } = await guest([0x8b, 0x04, 0x25, ...word(MEMORY - 0x1000)], '--mem=3');
    expect(out).toMatch(/^kittiwake-hvt: guest fault: it used memory it has not[ -~]+\n$/);
    expect(status).toBe(255);
  });

  test('has more regions of code than can be protected is refused', async () => {
    const more = Array.from({ length: 9 }, (_, i) => ({
      address: (i + 1) * 0x200000,
      flags: 5,
      bytes: [0x90],
    }));
    const { status, out } = await guest([], '--mem=32', { more });
    expect(out).toMatch(
      /^kittiwake-hvt: [ -~]+ more than 3 separate executable regions, too many to protect; [ -~]+\n$/,
    );
    expect(status).toBe(65);
  });
});

describe('a running guest', () => {
  /** Prints a line, then sleeps for a very long time. */
  const sleeper = [
    ...store(DATA, DATA + 0x100),
    ...store(DATA + 8, 1),
    ...store(DATA + 0x100, '\n'.charCodeAt(0)),
    ...hypercall(PUTS, DATA),
    ...[0x48, 0xb8, ...word(0), ...word(0x1000000)], // mov $2^56, %rax: two years of nanoseconds
    ...[0x48, 0x89, 0x04, 0x25, ...word(DATA + 0x200)], // mov %rax, DATA + 0x200
    ...hypercall(POLL, DATA + 0x200),
  ];
  /** Prints a line, then turns in a loop. */
  const spinner = [...sleeper.slice(0, sleeper.indexOf(0xef) + 1), 0xeb, 0xfe];
  const start = `trap '' TERM INT HUP
rm -f /tmp/said; exec 7</etc/passwd
kittiwake-hvt --mem=4 $guest >/tmp/said &
for i in $(seq 500); do test -s /tmp/said && break; sleep 0.02; done`;

  test.each([
    ['sleeps', sleeper],
    ['computes', spinner],
  ])('that %s dies of SIGTERM, even where its caller ignored it', async (_, code) => {
    const { out } = await vm(`${put(code)}\n${start}\nkill $!; wait $!; echo status $?`);
    expect(out).toBe('status 143\n');
  });

  test('has no capability, no way to gain one, a filter, and few descriptors', async () => {
    const { out } = await vm(`${put(sleeper)}\n${start}
grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/$!/status
readlink /proc/$!/fd/* | sed 's/^pipe:.*/pipe/'
kill $!`);
    const none = '0000000000000000';
    expect(out.replaceAll('\t', ' ')).toContain(
      `CapInh: ${none}\nCapPrm: ${none}\nCapEff: ${none}\nCapBnd: ${none}\nCapAmb: ${none}\nNoNewPrivs: 1\nSeccomp: 2\n`,
    );
    expect(out).toMatch(/anon_inode:kvm-vcpu:0\n/);
    expect(out).not.toMatch(/passwd|\.hvt/);
  });
});
