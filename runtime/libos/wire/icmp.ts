// ICMP for IPv4 (RFC 792, RFC 1191).
import { get16, get32, put16, put32 } from './bytes';
import { finish, sumBytes } from './checksum';

/** Bytes of a message before its data. */
export const HEADER: u32 = 8;

export const ECHO_REPLY: u32 = 0;
export const UNREACHABLE: u32 = 3;
export const ECHO_REQUEST: u32 = 8;
export const TIME_EXCEEDED: u32 = 11;

/** Codes of UNREACHABLE. */
export const PROTOCOL_UNREACHABLE: u32 = 2;
export const PORT_UNREACHABLE: u32 = 3;
export const FRAGMENTATION_NEEDED: u32 = 4;
/** Code of TIME_EXCEEDED: pieces of a packet never came. */
export const REASSEMBLY: u32 = 1;

/** Whether `size` bytes at `message` have a right checksum and are long enough. */
export function isValid(message: usize, size: u32): bool {
  return size >= HEADER && finish(sumBytes(0, message, size)) == 0;
}

@inline
export function type(message: usize): u32 {
  return load<u8>(message);
}

@inline
export function code(message: usize): u32 {
  return load<u8>(message, 1);
}

/** Identifier and sequence number of an echo in one word. */
@inline
export function id(message: usize): u32 {
  return get32(message + 4);
}

@inline
export function sequence(message: usize): u32 {
  return get16(message + 6);
}

/** The next hop's MTU in a message of FRAGMENTATION_NEEDED; 0 from a router that is older than RFC 1191. */
@inline
export function nextMtu(message: usize): u32 {
  return get16(message + 6);
}

/** Writes the reply to the echo request of `size` bytes: the same message with another type. */
export function writeReply(message: usize, request: usize, size: u32): void {
  memory.copy(message, request, size);
  store<u32>(message, ECHO_REPLY); // type, code, and a checksum of zero
  store<u16>(message, finish(sumBytes(0, message, size)), 2);
}

/** Writes header and checksum of an echo request with the identifier and number `id` around the `size` bytes at `message` + HEADER. */
export function writeRequest(message: usize, id: u32, size: u32): void {
  store<u32>(message, ECHO_REQUEST);
  put32(message + 4, id);
  store<u16>(message, finish(sumBytes(0, message, HEADER + size)), 2);
}

/** Writes header and checksum of an error around the `quoted` bytes that already stand at `message` + HEADER. */
export function writeError(message: usize, type: u32, code: u32, quoted: u32): void {
  store<u64>(message, 0);
  store<u8>(message, type);
  store<u8>(message, code, 1);
  put16(message + 2, 0);
  store<u16>(message, finish(sumBytes(0, message, HEADER + quoted)), 2);
}
