// A guest that reads or writes its block device, sector after sector, round and round: machine code, so that nothing but the tender
// is measured.
import { guestElf } from '../../test/tender/guest-elf.ts';

const DATA = 0x200000;
const BUFFER = 0x201000;
/** Of the file behind the device; a power of two. */
export const CAPACITY = 4 * 1024 * 1024;

export interface Transfer {
  readonly target: 'hvt' | 'spt';
  readonly what: 'read' | 'write';
  readonly sector: number;
  readonly count: number;
}

const word = (value: number): number[] => [
  value & 255,
  (value >> 8) & 255,
  (value >> 16) & 255,
  value >>> 24,
];

/** `body` leaves the zero flag set if the transfer was complete; it is done `count` times, then the guest ends with 0, else with 1. */
function repeat(count: number, body: readonly number[], end: (status: number) => number[]): number[] {
  const failed = [...body, 0x74, end(1).length, ...end(1)]; // jz over the end
  const back = failed.length + 3 + 6;
  return [
    ...[0x41, 0xbe, ...word(count)], // mov $count, %r14d
    ...failed,
    ...[0x41, 0xff, 0xce], // dec %r14d
    ...[0x0f, 0x85, ...word(-back)], // jnz back
    ...end(0),
  ];
}

function sptCode({ what, sector, count }: Transfer): number[] {
  const end = (status: number): number[] => [0xbf, ...word(status), 0xb8, ...word(231), 0x0f, 0x05];
  const body = [
    ...[0x44, 0x89, 0xe7], // mov %r12d, %edi
    ...[0xbe, ...word(BUFFER)], // mov $BUFFER, %esi
    ...[0xba, ...word(sector)], // mov $sector, %edx
    ...[0x4d, 0x89, 0xea], // mov %r13, %r10
    ...[0xb8, ...word(what === 'read' ? 17 : 18)], // mov $pread64, %eax
    ...[0x0f, 0x05],
    ...[0x49, 0x81, 0xc5, ...word(sector)], // add $sector, %r13
    ...[0x49, 0x81, 0xe5, ...word(CAPACITY - 1)], // and $CAPACITY - 1, %r13
    ...[0x3d, ...word(sector)], // cmp $sector, %eax
  ];
  return [
    ...[0x48, 0x8b, 0x5f, 0x18], // mov 24(%rdi), %rbx: the manifest
    ...[0x44, 0x8b, 0xa3, ...word(200)], // mov 200(%rbx), %r12d: entry 1's descriptor
    ...[0x45, 0x31, 0xed], // xor %r13d, %r13d
    ...repeat(count, body, end),
  ];
}

function hvtCode({ what, sector, count }: Transfer): number[] {
  const store = (address: number, value: number): number[] => [
    ...[0x48, 0xc7, 0x04, 0x25],
    ...word(address),
    ...word(value),
  ];
  const call = (number: number, argument: number): number[] => [
    ...[0xb8, ...word(argument), 0xba, ...word(0x500 + number), 0xef],
  ];
  const last = DATA + 0x800;
  const end = (status: number): number[] => [...store(last, 0), ...store(last + 8, status), ...call(8, last)];
  const body = [
    ...call(what === 'read' ? 5 : 4, DATA),
    ...[0x48, 0x8b, 0x04, 0x25, ...word(DATA + 8)], // mov DATA + 8, %rax
    ...[0x48, 0x05, ...word(sector)], // add $sector, %rax
    ...[0x48, 0x25, ...word(CAPACITY - 1)], // and $CAPACITY - 1, %rax
    ...[0x48, 0x89, 0x04, 0x25, ...word(DATA + 8)], // mov %rax, DATA + 8
    ...[0x83, 0x3c, 0x25, ...word(DATA + 32), 0], // cmpl $0, DATA + 32
  ];
  const argument = [1, 0, BUFFER, sector].flatMap((value, index) => store(DATA + 8 * index, value));
  return [...argument, ...repeat(count, body, end)];
}

/** The image; its block device is called `disk`. */
export function blockGuest(transfer: Transfer): Buffer {
  return guestElf({
    target: transfer.target,
    code: transfer.target === 'spt' ? sptCode(transfer) : hvtCode(transfer),
    devices: [{ name: 'disk', type: 1 }],
    more: [{ address: DATA, flags: 6, bytes: [0], memory: 0x11000 }],
  });
}
