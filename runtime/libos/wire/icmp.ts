// ICMP echo (RFC 792).
import { get16 } from './bytes';
import { finish, sumBytes } from './checksum';

/** Bytes of an echo message before its data. */
export const HEADER: u32 = 8;

export const ECHO_REPLY: u32 = 0;
export const ECHO_REQUEST: u32 = 8;

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

@inline
export function identifier(message: usize): u32 {
  return get16(message + 4);
}

@inline
export function sequence(message: usize): u32 {
  return get16(message + 6);
}

/** Writes the reply to the echo request of `size` bytes: the same message with another type. */
export function writeReply(message: usize, request: usize, size: u32): void {
  memory.copy(message, request, size);
  store<u32>(message, ECHO_REPLY); // type, code, and a checksum of zero
  store<u16>(message, finish(sumBytes(0, message, size)), 2);
}
