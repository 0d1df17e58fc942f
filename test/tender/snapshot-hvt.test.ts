// Snapshots of guests under hvt: taken and restored again and again, with real KVM, in a lab VM.
import { beforeAll, describe, expect, test } from 'vitest';
import { labVm, written } from '../vm/lab.ts';
import { DATA, halt, hypercall, store, word } from './code.ts';
import { guestElf } from './guest-elf.ts';

const RUN_LIMIT_MS = 120_000;

const lab = labVm(RUN_LIMIT_MS);
const vm = (script: string) => lab.run(`cd /tmp; ${script}`);

const [PUTS, POLL] = [2, 3] as const;
/** Ends with `status` unless the condition of the short jump `over` holds. */
const unless = (over: number, status: number): number[] => [over, halt(status).length, ...halt(status)];
const [JE, JAE] = [0x74, 0x73] as const;

const KEPT = 0x12345678;
const THREAD = 0x00abc000;
/** movl $KEPT, then cmpl $KEPT, for rbx, rbp, rsi, rdi and r8 to r14. */
const REGISTERS: readonly (readonly [number, number])[] = [
  ...[3, 5, 6, 7].map((number) => [0x48, number] as const),
  ...[0, 1, 2, 3, 4, 5, 6].map((number) => [0x49, number] as const),
];

/**
 * A guest that writes the alphabet, a letter a turn, and ends with 42. In each turn it checks all it had before: registers, SSE, the base of
 * FS, a word of memory, and that its clock has not gone back; it ends with 1 to 5 if one differs. Between letters `pause` runs.
 */
function alphabet(pause: readonly number[]): Buffer {
  const begin = [
    ...REGISTERS.flatMap(([prefix, number]) => [prefix, 0xc7, 0xc0 + number, ...word(KEPT)]),
    ...[0x66, 0x49, 0x0f, 0x6e, 0xf8], // movq %r8, %xmm7
    ...[0xb9, ...word(0xc0000100), 0xb8, ...word(THREAD), 0x31, 0xd2, 0x0f, 0x30], // wrmsr: the base of FS
    ...store(DATA + 0x300, KEPT),
    ...[0x45, 0x31, 0xff], // xor %r15d, %r15d
  ];
  const turn = [
    ...REGISTERS.flatMap(([prefix, number]) => [
      prefix,
      0x81,
      0xf8 + number,
      ...word(KEPT),
      ...unless(JE, 1),
    ]),
    ...[0x66, 0x48, 0x0f, 0x7e, 0xf8], // movq %xmm7, %rax
    ...[0x4c, 0x39, 0xc0, ...unless(JE, 2)], // cmp %r8, %rax
    ...[0xb9, ...word(0xc0000100), 0x0f, 0x32, 0x3d, ...word(THREAD), ...unless(JE, 3)], // rdmsr; cmp $THREAD, %eax
    ...[0x81, 0x3c, 0x25, ...word(DATA + 0x300), ...word(KEPT), ...unless(JE, 4)],
    ...[0x0f, 0x31, 0x48, 0xc1, 0xe2, 32, 0x48, 0x09, 0xd0], // rdtsc; shl $32, %rdx; or %rdx, %rax
    ...[0x48, 0x3b, 0x04, 0x25, ...word(DATA + 0x200), ...unless(JAE, 5)], // cmp DATA + 0x200, %rax
    ...[0x48, 0x89, 0x04, 0x25, ...word(DATA + 0x200)],
    ...[0x4c, 0x89, 0x3c, 0x25, ...word(DATA + 0x100)], // mov %r15, DATA + 0x100
    ...[0x80, 0x04, 0x25, ...word(DATA + 0x100), 0x41], // addb $'A', DATA + 0x100
    ...store(DATA, DATA + 0x100),
    ...store(DATA + 8, 1),
    ...hypercall(PUTS, DATA),
    ...pause,
    ...[0x49, 0xff, 0xc7, 0x49, 0x83, 0xff, 26], // inc %r15; cmp $26, %r15
  ];
  const again = [0x0f, 0x8c, ...word(-(turn.length + 6))]; // jl
  return guestElf({
    target: 'hvt',
    code: [...begin, ...turn, ...again, ...halt(42)],
    more: [{ address: DATA, flags: 6, bytes: [0], memory: 0x1000 }],
  });
}
const sleeping = alphabet([...store(DATA + 32, 200_000_000), ...hypercall(POLL, DATA + 32)]);
/** mov $N, %ecx; dec %ecx; jne */
const spinning = alphabet([0xb9, ...word(40_000_000), 0xff, 0xc9, 0x75, 0xfc]);

/** Shell: until the file `out` has something, or the tender $p has ended. */
const SOMETHING = 'while [ ! -s out ] && [ -d /proc/$p ]; do sleep 0.01; done';
/** What is said of a guest that cannot notice. */
const DEAF = /kittiwake-hvt: (\w+).snap: its guest does not understand that it was restored: [^\n]*\n/g;

describe('a snapshot', { timeout: RUN_LIMIT_MS }, () => {
  test.each([
    ['sleeps', sleeping],
    ['computes', spinning],
  ])(
    'of a guest that %s has all of it: restored again and again, it goes on where it was',
    async (name, guest) => {
      const { status, out } = await vm(`${written(guest, `${name}.hvt`)}
      start=${name}.hvt
      for turn in 1 2 3 4 5; do
        : > out
        kittiwake-hvt --mem=4 --snapshot=${name}.snap --snapshot-exit $start > out & p=$!
        ${SOMETHING}
        kill -USR1 $p; wait $p || exit 99
        cat out; start=--restore=${name}.snap
      done
      kittiwake-hvt --restore=${name}.snap`);
      expect(out.replaceAll(DEAF, '')).toBe('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
      expect(status).toBe(42);
    },
  );

  test('does not disturb the guest, and each one replaces the one before', async () => {
    const { status, out } = await vm(`${written(sleeping, 'on.hvt')}
      : > out; rm -f on.snap
      kittiwake-hvt --mem=4 --snapshot=on.snap on.hvt > out & p=$!
      ${SOMETHING}
      kill -USR1 $p; while [ ! -e on.snap ] && [ -d /proc/$p ]; do sleep 0.01; done; first=$(stat -c %i on.snap)
      kill -USR1 $p; while [ $(stat -c %i on.snap) = $first ] && [ -d /proc/$p ]; do sleep 0.01; done
      wait $p; echo " $?"; cat out; ls -A | grep '^[.]on'; echo
      kittiwake-hvt --restore=on.snap > out; echo $?; tail -c 1 out`);
    expect(out.replaceAll(DEAF, '')).toBe(' 42\nABCDEFGHIJKLMNOPQRSTUVWXYZ\n42\nZ');
    expect(status).toBe(0);
  });
});

describe('a clone of netcheck', { timeout: RUN_LIMIT_MS }, () => {
  beforeAll(async () => {
    const { status } = await vm(`
      ip link add bridge0 type bridge && ip addr add 10.0.0.1/24 dev bridge0 && ip link set bridge0 up
      for tap in tap0 tap1 tap2; do ip tuntap add $tap mode tap && ip link set $tap master bridge0 up; done`);
    expect(status).toBe(0);
  });

  test.each(['hvt', 'spt'] as const)(
    'under %s answers at its own address, with its own MAC address, beside another',
    async (abi) => {
      const { status, out } = await vm(`
      run() { kittiwake-${abi} --net:service=$1 --net-mac:service=02:00:00:00:00:0$2 "\${@:3}" & p=$!; }
      answers() { for try in 1 2 3 4 5 6 7 8 9 10; do ping -c 1 -W 2 $1 > ping.out && return; done; cat ping.out; exit 99; }
      mac() { ip neigh show $1 | grep -o 'lladdr [^ ]*'; }
      ip neigh flush dev bridge0; rm -f net.snap
      run tap0 1 --mem=8 --snapshot=net.snap /usr/local/share/kittiwake/images/netcheck.${abi} --ipv4=10.0.0.2/24 -l quiet
      answers 10.0.0.2; kill -USR1 $p
      while [ ! -e net.snap ] && [ -d /proc/$p ]; do sleep 0.01; done
      answers 10.0.0.2; mac 10.0.0.2
      run tap1 2 --restore=net.snap -- --ipv4=10.0.0.3/24 -l quiet; first=$p
      run tap2 3 --restore=net.snap -- --ipv4=10.0.0.4/24 -l quiet; second=$p
      answers 10.0.0.3; answers 10.0.0.4; answers 10.0.0.2
      mac 10.0.0.2; mac 10.0.0.3; mac 10.0.0.4
      kill $first $second $(pgrep -o -f snapshot=net.snap); wait`);
      expect(out).toBe(['01', '01', '02', '03'].map((last) => `lladdr 02:00:00:00:00:${last}\n`).join(''));
      expect(status).toBe(0);
    },
  );
});
