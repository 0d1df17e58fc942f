// A name in .local and the addresses it has: what a multicast DNS responder speaks for.
import * as address from '../wire/address';
import * as dns from '../wire/dns';
import { putDigits, sizeOfNumber } from '../text/put';

/** Addresses of one host, of both families together. */
export const ADDRESSES: u32 = 8;
/** Bytes of a label; of the base name that leaves room for a number. */
const LABEL: u32 = 63;
const BASE: u32 = 56;

@unmanaged
export class Host {
  /** label.local as dns.ts has names. */
  name: usize;
  nameSize: u32;
  /** ADDRESSES times 16 bytes. */
  addresses: usize;
  count: u32;
  /** The label that is wished for, and which of its likes this is: from 2 on the number is part of the name. */
  base: usize;
  baseSize: u32;
  number: u32;
}

/** A host called by the `size` bytes of ASCII at `label`; null if that is no label: letters, digits and '-', at most 63. */
export function open(label: usize, size: u32): Host | null {
  if (size == 0 || size > LABEL) return null;
  for (let i: u32 = 0; i < size; i++) {
    const c = <u32>load<u8>(label + i);
    if ((c | 0x20) - 0x61 >= 26 && c - 0x30 > 9 && (c != 0x2d || i == 0 || i == size - 1)) return null;
  }
  const host = new Host();
  host.name = heap.alloc(dns.NAME);
  host.addresses = heap.alloc(ADDRESSES * address.SIZE);
  host.base = heap.alloc(LABEL);
  memory.copy(host.base, label, size);
  host.baseSize = size;
  host.number = 1;
  writeName(host);
  return host;
}

export function close(host: Host): void {
  heap.free(host.name);
  heap.free(host.addresses);
  heap.free(host.base);
  heap.free(changetype<usize>(host));
}

/** Takes the next name: NAME-2, NAME-3 and so on (RFC 6762, 9). */
export function rename(host: Host): void {
  host.number++;
  writeName(host);
}

function writeName(host: Host): void {
  let at = host.name + 1;
  const size = host.number > 1 ? min(host.baseSize, BASE) : host.baseSize;
  memory.copy(at, host.base, size);
  at += size;
  if (host.number > 1) {
    store<u8>(at++, 0x2d);
    // Five digits fit; nobody sees so many conflicts.
    at = putDigits(at, host.number, min(sizeOfNumber(host.number), 5));
  }
  store<u8>(host.name, at - host.name - 1);
  store<u64>(at, 0x00006c61636f6c05); // 5 local 0
  host.nameSize = <u32>(at - host.name) + 7;
}

/** Adds an address of 16 bytes; those beyond ADDRESSES are left out (false). */
export function addAddress(host: Host, from: usize): bool {
  if (host.count == ADDRESSES) return false;
  address.copy(host.addresses + host.count++ * address.SIZE, from);
  return true;
}

/** The type of the record of address `i`. */
@inline
export function typeOf(host: Host, i: u32): u32 {
  return address.isIpv4(host.addresses + i * address.SIZE) ? dns.A : dns.AAAA;
}

/** The data of the record of address `i`; its size is sizeOf(type). */
@inline
export function dataOf(host: Host, i: u32): usize {
  return host.addresses + i * address.SIZE + (typeOf(host, i) == dns.A ? 12 : 0);
}

@inline
export function sizeOf(type: u32): u32 {
  return type == dns.A ? 4 : 16;
}

/** Which addresses are of `type` (or dns.ANY): a bit each. */
export function ofType(host: Host, type: u32): u32 {
  let bits: u32 = 0;
  for (let i: u32 = 0; i < host.count; i++) if (type == dns.ANY || typeOf(host, i) == type) bits |= 1 << i;
  return bits;
}

/** Which address is the data of `size` bytes of a record of `type`: its bit, or 0. */
export function bitOf(host: Host, type: u32, data: usize, size: u32): u32 {
  for (let i: u32 = 0; i < host.count; i++) {
    if (typeOf(host, i) != type || sizeOf(type) != size) continue;
    if (memory.compare(dataOf(host, i), data, size) == 0) return 1 << i;
  }
  return 0;
}
