// A guest for tests of snapshots: it writes the alphabet, a letter a turn, and checks in each that it has all it had before.
import { DATA, store, word } from './code.ts';
import { call, exit, guestElf } from './guest-elf.ts';

const KEPT = 0x12345678;
/** Where boot info says which descriptors are the epoll set and the timer. */
const [EPOLL, TIMER] = [0x11020, 0x11024];

const [EDI, ESI, EDX] = [7, 6, 2] as const;
const set = (register: number, value: number): number[] => [0xb8 + register, ...word(value)];
const load = (register: number, address: number): number[] => [
  0x8b,
  0x04 + register * 8,
  0x25,
  ...word(address),
];
/** Ends with `status` unless the condition of the short jump holds. */
const unless = (jump: number, status: number): number[] => [jump, exit(status).length, ...exit(status)];
const [JE, JAE] = [0x74, 0x73] as const;
/** rbx, rbp and r12 to r14: prefix and number. */
const REGISTERS: readonly (readonly [number, number])[] = [
  ...[3, 5].map((number) => [0x48, number] as const),
  ...[4, 5, 6].map((number) => [0x49, number] as const),
];

/** timerfd_settime for `ms`, then epoll_pwait without a limit, which must not fail: else it ends with 6. */
export function sleep(ms: number): readonly number[] {
  return [
    ...store(DATA + 0x718, ms * 1_000_000),
    ...[...load(EDI, TIMER), ...set(ESI, 0), ...set(EDX, DATA + 0x700), 0x45, 0x31, 0xd2, ...call(286)],
    ...[...load(EDI, EPOLL), ...set(ESI, DATA + 0x780), ...set(EDX, 2)],
    ...[0x49, 0xc7, 0xc2, ...word(-1), 0x45, 0x31, 0xc0, ...call(281)], // mov $-1, %r10; xor %r8d, %r8d
    ...[0x83, 0xf8, 1, ...unless(JE, 6)], // cmp $1, %eax
  ];
}

/** Counts to `times`: mov, dec, jne. */
export const spin = (times: number): readonly number[] => [...set(1, times), 0xff, 0xc9, 0x75, 0xfc];

/**
 * The guest, for spt. It ends with 42; with 1 to 5 if a register, SSE, the base of FS, or its memory is not what it was, or its clock
 * went back. `pause` runs between letters.
 */
export function alphabet(pause: readonly number[]): Buffer {
  const begin = [
    ...REGISTERS.flatMap(([prefix, number]) => [prefix, 0xc7, 0xc0 + number, ...word(KEPT)]),
    ...[0x66, 0x49, 0x0f, 0x6e, 0xfc], // movq %r12, %xmm7
    ...[...set(EDI, 0x1002), ...set(ESI, DATA + 0x600), ...call(158)], // arch_prctl(ARCH_SET_FS)
    ...store(DATA + 0x600, KEPT),
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
    ...[0x66, 0x48, 0x0f, 0x7e, 0xf8, 0x4c, 0x39, 0xe0, ...unless(JE, 2)], // movq %xmm7, %rax; cmp %r12, %rax
    ...[0x64, 0x81, 0x3c, 0x25, ...word(0), ...word(KEPT), ...unless(JE, 3)], // cmpl $KEPT, %fs:0
    ...[0x81, 0x3c, 0x25, ...word(DATA + 0x600), ...word(KEPT), ...unless(JE, 4)],
    ...[...set(EDI, 1), ...set(ESI, DATA + 0x500), ...call(228)], // clock_gettime(CLOCK_MONOTONIC)
    ...[0x48, 0x8b, 0x04, 0x25, ...word(DATA + 0x500)], // seconds
    ...[0x48, 0x69, 0xc0, ...word(1_000_000_000), 0x48, 0x03, 0x04, 0x25, ...word(DATA + 0x508)],
    ...[0x48, 0x3b, 0x04, 0x25, ...word(DATA + 0x200), ...unless(JAE, 5)],
    ...[0x48, 0x89, 0x04, 0x25, ...word(DATA + 0x200)],
    ...[0x4c, 0x89, 0x3c, 0x25, ...word(DATA + 0x100)], // mov %r15, DATA + 0x100
    ...[0x80, 0x04, 0x25, ...word(DATA + 0x100), 0x41], // addb $'A', DATA + 0x100
    ...[...set(EDI, 1), ...set(ESI, DATA + 0x100), ...set(EDX, 1), ...call(1)],
    ...pause,
    ...[0x49, 0xff, 0xc7, 0x49, 0x83, 0xff, 26], // inc %r15; cmp $26, %r15
  ];
  const again = [0x0f, 0x8c, ...word(-(turn.length + 6))]; // jl
  return guestElf({
    code: [...begin, ...turn, ...again, ...exit(42)],
    more: [{ address: DATA, flags: 6, bytes: [0], memory: 0x1000 }],
  });
}
