// What a guest may do under spt and what becomes of one that does more; with real machine code on the host.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { assemble } from './assemble.ts';
import { word } from './code.ts';
import { call, CODE, exit, guestElf } from './guest-elf.ts';
import { fixtures, imageFolder, inNamespace, noTaps, run, TAP0, tender, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

/** Runs machine code that ends with status 42 if nothing stops it. */
function guest(name: string, code: readonly number[], ...options: string[]) {
  return tender(
    'spt',
    ...options,
    '--mem=4',
    image(`${name}.spt`, guestElf({ code: [...code, ...exit(42)] })),
  );
}

/** mov $value, %edi. */
const edi = (value: number): number[] => [0xbf, ...word(value)];

describe('a guest', () => {
  test('executes its heap only with --x-exec-heap, of which a line warns', () => {
    const heap = 0x300000;
    const made = exit(7); // 12 bytes, stored there 4 by 4: movl $bytes, heap + offset
    const stores = [0, 4, 8].flatMap((at) => [
      ...[0xc7, 0x04, 0x25, ...word(heap + at)],
      ...made.slice(at, at + 4),
    ]);
    const code = [...stores, 0xb8, ...word(heap), 0xff, 0xe0]; // mov $heap, %eax; jmp *%rax
    expect(guest('heap', code, '--x-exec-heap')).toMatchObject({
      status: 7,
      err: 'kittiwake-spt: warning: --x-exec-heap lets the guest execute its heap and its stack\n',
    });
    expect(guest('heap', code).err).toMatch(/executed memory that is not code, address 0x300000/);
    expect(tender('hvt', '--sysexits', '--x-exec-heap', 'x.hvt')).toMatchObject({
      status: 64,
      err: expect.stringMatching(/only kittiwake-spt has it; under hvt a guest has page tables/) as string,
    });
  });

  test('runs, and its status passes through', () => {
    expect(guest('plain', [])).toMatchObject({ status: 42, err: '' });
  });

  test('finds its boot info, its stack at the end of memory, nothing of the tender in other registers', () => {
    const code = [
      ...[0x48, 0x81, 0xf7, ...word(0x11000)], // xor $0x11000, %rdi
      ...[0x48, 0x81, 0xf4, ...word(0x3ffff8)], // xor $0x3ffff8, %rsp
      // or into %rcx: rbx, rdx, rsi, rbp, rdi, rsp, then r8 to r15
      ...[0xd9, 0xd1, 0xf1, 0xe9, 0xf9, 0xe1].flatMap((operands) => [0x48, 0x09, operands]),
      ...[0xc1, 0xc9, 0xd1, 0xd9, 0xe1, 0xe9, 0xf1, 0xf9].flatMap((operands) => [0x4c, 0x09, operands]),
      ...[0x48, 0x85, 0xc9, 0x74, exit(1).length], // test %rcx, %rcx; jz behind exit(1)
      ...exit(1),
    ];
    expect(guest('registers', code)).toMatchObject({ status: 42, err: '' });
  });

  test('finds nothing of the tender in vector registers either', () => {
    // All of x87, SSE, AVX and AVX-512, where there are such; Intel SDM vol. 1, 13.4 says where XSAVE puts them.
    const code = assemble(`
      mov $0xe7, %eax; xor %edx, %edx; xsave64 0x200000
      cmpw $0x37f, 0x200000; jne 2f      # FCW and MXCSR as the psABI has them at a program's start
      cmpl $0x1f80, 0x200018; jne 2f
      xor %ebx, %ebx
      mov $0x200020, %esi
1:    or (%rsi), %rbx; add $8, %esi; cmp $0x2001a0, %esi; jne 1b   # ST0 to ST7, XMM0 to XMM15
      mov $0x200240, %esi
1:    or (%rsi), %rbx; add $8, %esi; cmp $0x201000, %esi; jne 1b   # all that is wider, or only in AVX-512
      test %rbx, %rbx; jz 3f
2:    mov $1, %edi; mov $231, %eax; syscall
3:`);
    expect(guest('vectors', code)).toMatchObject({ status: 42, err: '' });
  });

  test.each([
    [
      'reads what is not there',
      [0x48, 0x8b, 0x04, 0x25, ...word(8)],
      /read memory it may not, address 0x8, rip=0x100000/,
      'SIGSEGV',
    ],
    [
      'writes its code',
      [0xc6, 0x04, 0x25, ...word(CODE), 0],
      /wrote memory it may not, address 0x100000, rip=0x100000/,
      'SIGSEGV',
    ],
    [
      'executes data',
      [0xb8, ...word(0x200000), 0xff, 0xe0],
      /executed memory that is not code, address 0x200000/,
      'SIGSEGV',
    ],
    ['executes nonsense', [0x0f, 0x0b], /instruction that does not exist/, 'SIGILL'],
    ['divides by zero', [0x31, 0xc9, 0xf7, 0xf1], /divided by zero/, 'SIGFPE'],
    ['halts the processor', [0xf4], /privileged instruction/, 'SIGSEGV'],
    ['stops for a debugger', [0xcc], /reached a breakpoint/, 'SIGTRAP'],
    [
      'breaks its thread pointer first',
      [...edi(0x1002), 0xbe, ...word(16), ...call(158), 0x0f, 0x0b],
      /does not exist/,
      'SIGILL',
    ],
  ])('that %s gets one line, then 255 or, as under Solo5, its signal', (name, code, line, signal) => {
    const ended = guest(name.replaceAll(' ', '-'), code, '--sysexits');
    expect(ended.err).toMatch(line);
    expect(ended.err).toMatch(/^kittiwake-spt: guest fault: [ -~]+\n$/);
    expect(ended).toMatchObject({ status: 255, signal: null });
    expect(guest(name.replaceAll(' ', '-'), code)).toEqual({ ...ended, status: null, signal });
  });

  test.each([
    ['getpid', call(39)],
    ['open', call(2)],
    ['mmap', call(9)],
    ['mprotect', call(10)],
    ['execve', call(59)],
    ['socket', call(41)],
    ['read of standard input', [...edi(0), ...call(0)]],
    ['write to another descriptor', [...edi(5), ...call(1)]],
    [
      'write to standard error',
      [...edi(2), 0xbe, ...word(CODE), 0xba, ...word(4), ...call(1)], // mov $CODE, %esi; mov $4, %edx
    ],
    ['arch_prctl of GS', [...edi(0x1001), ...call(158)]],
    ['clock_gettime of another clock', [...edi(7), ...call(228)]],
    ['a 32-bit system call', [0xb8, ...word(20), 0xcd, 0x80]],
    ['an x32 system call', [0xb8, ...word(0x40000027), 0x0f, 0x05]],
  ])('that tries %s is killed, the whole process', (name, code) => {
    expect(guest(name.replaceAll(' ', '-'), code)).toMatchObject({ status: null, signal: 'SIGSYS' });
  });
});

describe('a prebuilt image', () => {
  const hello = join(fixtures, 'hello.spt');

  test('prints its arguments', () => {
    expect(tender('spt', '--mem=4', hello, 'one', 'two words')).toMatchObject({
      status: 0,
      out: 'one two words\n',
    });
  });

  test('needs none of the standard descriptors', () => {
    const program = join(tenders, 'kittiwake-spt');
    expect(run('sh', ['-c', `${program} --mem=4 ${hello} --exit=5 <&- >&- 2>&-`])).toMatchObject({
      status: 5,
    });
  });

  test.skipIf(noTaps).each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'ends by %s, even where its caller ignored it; by SIGTERM in order',
    (signal) => {
      const { status, out } = inNamespace(waiting(signal));
      expect(status).toBe(0);
      expect(out.trim().split('\n').at(-1)).toBe(String({ SIGTERM: 0, SIGINT: 130, SIGHUP: 129 }[signal]));
    },
  );

  test('a console nobody reads ends it by SIGPIPE, not a hang', async () => {
    const child = spawn(join(tenders, 'kittiwake-spt'), ['--mem=4', hello, 'y'.repeat(8000)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.destroy();
    const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect(signal === 'SIGPIPE' || status === 0).toBe(true);
  });
});

/** A shell that starts netcheck with all signals ignored, waits until it is ready, sends one, and prints its status. */
function waiting(signal: string): string {
  const image = join(fixtures, 'netcheck.spt');
  return `
${TAP0}
trap '' TERM INT HUP
${join(tenders, 'kittiwake-spt')} --mem=4 --net:service=tap0 ${image} >/dev/null &
ping -q -c 1 -w 15 10.0.0.2 >/dev/null || echo no answer
kill -${signal.slice(3)} $!
wait $!
echo $?`;
}
