// DHCP messages (RFC 2131, section 2; options RFC 2132, long options RFC 3396).
import { get16, get32, put16, put32 } from './bytes';

export const CLIENT_PORT: u32 = 68;
export const SERVER_PORT: u32 = 67;

/** Bytes before the first option: the BOOTP header and the magic cookie. */
export const HEADER: u32 = 240;

export const BOOTREQUEST: u32 = 1;
export const BOOTREPLY: u32 = 2;
/** In `flags`: the answer shall be broadcast, because the client cannot receive unicast yet. */
export const BROADCAST: u32 = 0x8000;

// Types of messages (option 53).
export const DISCOVER: u32 = 1;
export const OFFER: u32 = 2;
export const REQUEST: u32 = 3;
export const DECLINE: u32 = 4;
export const ACK: u32 = 5;
export const NAK: u32 = 6;
export const RELEASE: u32 = 7;

// Options.
const PAD: u32 = 0;
export const MASK: u32 = 1;
export const ROUTER: u32 = 3;
export const DNS: u32 = 6;
export const HOST_NAME: u32 = 12;
export const DOMAIN: u32 = 15;
export const MTU: u32 = 26;
export const REQUESTED: u32 = 50;
export const LEASE_TIME: u32 = 51;
const OVERLOAD: u32 = 52;
export const TYPE: u32 = 53;
export const SERVER: u32 = 54;
export const PARAMETERS: u32 = 55;
export const MAXIMUM_SIZE: u32 = 57;
export const RENEWAL: u32 = 58;
export const REBINDING: u32 = 59;
export const CLIENT: u32 = 61;
export const ROUTES: u32 = 121;
const END: u32 = 255;

const ETHERNET: u32 = 1;
const MAC: u32 = 6;
const SERVER_NAME: u32 = 44;
const SERVER_NAME_SIZE: u32 = 64;
const FILE: u32 = 108;
const FILE_SIZE: u32 = 128;
const COOKIE: u32 = 0x63825363;

/** What `option` returns if the message does not have it. */
export const ABSENT: i32 = -1;

/** Whether `size` bytes are a reply for an Ethernet client, with options that are all within their areas. */
export function isReply(message: usize, size: u32): bool {
  return (
    size >= HEADER &&
    load<u8>(message) == BOOTREPLY &&
    load<u8>(message, 1) == ETHERNET &&
    load<u8>(message, 2) == MAC &&
    get32(message + 236) == COOKIE &&
    areOptionsWhole(message, size)
  );
}

@inline
export function transaction(message: usize): u32 {
  return get32(message + 4);
}

/** The address the server gives, in host order. */
@inline
export function yourAddress(message: usize): u32 {
  return get32(message + 16);
}

@inline
export function clientMac(message: usize): usize {
  return message + 28;
}

/** Bytes of the option that begins at `at`, with its code and length; 0 if it does not fit before `end`. */
@inline
function extent(at: usize, end: usize): u32 {
  if (load<u8>(at) == PAD) return 1;
  if (at + 2 > end) return 0;
  const size = 2 + <u32>load<u8>(at, 1);
  return at + size > end ? 0 : size;
}

/** Whether every option between `at` and `end`, up to the end option, is whole. A missing end option is forgiven. */
function isAreaWhole(at: usize, end: usize, overload: bool): bool {
  while (at < end && load<u8>(at) != END) {
    const size = extent(at, end);
    if (size == 0) return false;
    // Only the options field itself can say that others hold options too.
    if (load<u8>(at) == OVERLOAD && (!overload || size != 3 || <u32>load<u8>(at, 2) - 1 > 2)) return false;
    at += size;
  }
  return true;
}

/** The fields beside the options field that hold options: 1 file, 2 sname, 3 both (RFC 2132, 9.3). */
function overloaded(message: usize, size: u32): u32 {
  let at = message + HEADER;
  const end = message + size;
  while (at < end && load<u8>(at) != END) {
    if (load<u8>(at) == OVERLOAD) return load<u8>(at, 2);
    at += extent(at, end);
  }
  return 0;
}

function areOptionsWhole(message: usize, size: u32): bool {
  if (!isAreaWhole(message + HEADER, message + size, true)) return false;
  const fields = overloaded(message, size);
  if (fields & 1 && !isAreaWhole(message + FILE, message + FILE + FILE_SIZE, false)) return false;
  return !(fields & 2) || isAreaWhole(message + SERVER_NAME, message + SERVER_NAME + SERVER_NAME_SIZE, false);
}

/** Copies what option `code` has between `at` and `end` behind the `have` bytes at `to`; how many there are then. */
function gather(at: usize, end: usize, code: u32, to: usize, room: u32, have: i32): i32 {
  while (at < end && load<u8>(at) != END) {
    const size = extent(at, end);
    if (load<u8>(at) == code) {
      if (have < 0) have = 0;
      if (<u32>have < room) memory.copy(to + have, at + 2, min(size - 2, room - <u32>have));
      have += <i32>(size - 2);
    }
    at += size;
  }
  return have;
}

/**
 * Copies the value of option `code` of a message that isReply() to the `room` bytes at `to`, what does not fit is left out; its
 * whole size, or ABSENT. The parts of an option that comes several times are joined (RFC 3396), in the order options, file, sname.
 */
export function option(message: usize, size: u32, code: u32, to: usize, room: u32): i32 {
  let have = gather(message + HEADER, message + size, code, to, room, ABSENT);
  const fields = overloaded(message, size);
  if (fields & 1) have = gather(message + FILE, message + FILE + FILE_SIZE, code, to, room, have);
  if (fields & 2) {
    have = gather(message + SERVER_NAME, message + SERVER_NAME + SERVER_NAME_SIZE, code, to, room, have);
  }
  return have;
}

/** Writes header and cookie of a request of the client with the 6 bytes at `mac`; `address` is the one it has, or 0. */
export function writeRequest(
  message: usize,
  xid: u32,
  seconds: u32,
  flags: u32,
  address: u32,
  mac: usize,
): void {
  memory.fill(message, 0, HEADER);
  store<u8>(message, BOOTREQUEST);
  store<u8>(message, ETHERNET, 1);
  store<u8>(message, MAC, 2);
  put32(message + 4, xid);
  put16(message + 8, seconds);
  put16(message + 10, flags);
  put32(message + 12, address);
  memory.copy(message + 28, mac, MAC);
  put32(message + 236, COOKIE);
}

/** Writes an option of `size` bytes at `at`; where the next one goes. */
export function writeOption(at: usize, code: u32, value: usize, size: u32): usize {
  store<u8>(at, code);
  store<u8>(at, size, 1);
  memory.copy(at + 2, value, size);
  return at + 2 + size;
}

export function writeOption8(at: usize, code: u32, value: u32): usize {
  store<u8>(at, code);
  store<u8>(at, 1, 1);
  store<u8>(at, value, 2);
  return at + 3;
}

export function writeOption16(at: usize, code: u32, value: u32): usize {
  store<u8>(at, code);
  store<u8>(at, 2, 1);
  put16(at + 2, value);
  return at + 4;
}

export function writeOption32(at: usize, code: u32, value: u32): usize {
  store<u8>(at, code);
  store<u8>(at, 4, 1);
  put32(at + 2, value);
  return at + 6;
}

export function writeEnd(at: usize): usize {
  store<u8>(at, END);
  return at + 1;
}
