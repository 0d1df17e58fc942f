// ICMPv6 (RFC 4443).
import { get32, put32 } from './bytes';
import { finish, pseudoSum, sumBytes } from './checksum';
import { ICMP } from './ipv6';

/** Bytes of an error or an echo before its data. */
export const HEADER: u32 = 8;
/** Bytes of the shortest message: type, code, checksum. */
const SHORTEST: u32 = 4;

/** Errors have a type below 128 (RFC 4443, 2.1). */
export const UNREACHABLE: u32 = 1;
export const TOO_BIG: u32 = 2;
export const TIME_EXCEEDED: u32 = 3;
export const PARAMETER_PROBLEM: u32 = 4;
export const ECHO_REQUEST: u32 = 128;
export const ECHO_REPLY: u32 = 129;
/** Multicast listener discovery (RFC 2710, RFC 3810). */
export const LISTENER_QUERY: u32 = 130;
export const LISTENER_REPORT: u32 = 143;
/** Neighbour discovery (RFC 4861). */
export const ROUTER_SOLICITATION: u32 = 133;
export const ROUTER_ADVERTISEMENT: u32 = 134;
export const NEIGHBOUR_SOLICITATION: u32 = 135;
export const NEIGHBOUR_ADVERTISEMENT: u32 = 136;
export const REDIRECT: u32 = 137;

/** Code of UNREACHABLE. */
export const PORT_UNREACHABLE: u32 = 4;
/** Code of TIME_EXCEEDED: pieces of a packet never came. */
export const REASSEMBLY: u32 = 1;
/** Codes of PARAMETER_PROBLEM; the last one is of RFC 7112. */
export const BAD_FIELD: u32 = 0;
export const UNKNOWN_NEXT_HEADER: u32 = 1;
export const UNKNOWN_OPTION: u32 = 2;
export const INCOMPLETE_CHAIN: u32 = 3;

/** Whether `size` bytes at `message`, sent from `from` to `to`, have a right checksum. */
export function isValid(message: usize, size: u32, from: usize, to: usize): bool {
  return size >= SHORTEST && finish(sumBytes(pseudoSum(from, to, ICMP, size), message, size)) == 0;
}

@inline
export function type(message: usize): u32 {
  return load<u8>(message);
}

@inline
export function code(message: usize): u32 {
  return load<u8>(message, 1);
}

@inline
export function isError(type: u32): bool {
  return type < 128;
}

/** The second word: the MTU of TOO_BIG, the pointer of PARAMETER_PROBLEM, identifier and number of an echo. */
@inline
export function value(message: usize): u32 {
  return get32(message + 4);
}

/** Writes type, code and value; the checksum is left to seal(). */
export function write(message: usize, type: u32, code: u32, value: u32): void {
  store<u32>(message, type | (code << 8));
  put32(message + 4, value);
}

/** Writes the checksum of the `size` bytes at `message`, to be sent from `from` to `to`. */
export function seal(message: usize, size: u32, from: usize, to: usize): void {
  store<u16>(message, 0, 2);
  store<u16>(message, finish(sumBytes(pseudoSum(from, to, ICMP, size), message, size)), 2);
}
