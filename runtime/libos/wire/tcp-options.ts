// Options of TCP segments: RFC 9293 3.2 (MSS), RFC 7323 (window scale, timestamps), RFC 2018 (SACK).
import { get16, get32, put16, put32 } from './bytes';
import { HEADER } from './tcp';

const END: u32 = 0;
const NOTHING: u32 = 1;
const MSS: u32 = 2;
const WINDOW_SCALE: u32 = 3;
const SACK_PERMITTED: u32 = 4;
const SACK: u32 = 5;
const TIMESTAMPS: u32 = 8;

/** The largest shift of a window (RFC 7323, 2.3). */
const SCALE_MAX: u32 = 14;
/** No shift was offered. */
export const NO_SCALE: u32 = 255;

/** Bytes the timestamps take, padded as RFC 7323, appendix A, recommends. */
export const TIMESTAMPS_SIZE: u32 = 12;

/** The options of the last segment that was read. */
export let mss: u32 = 0;
export let scale: u32 = NO_SCALE;
export let sackPermitted: bool = false;
export let hasTimestamps: bool = false;
export let timestamp: u32 = 0;
export let timestampEcho: u32 = 0;
/** Where the blocks of a SACK option begin, and how many there are. */
export let sack: usize = 0;
export let sackBlocks: u32 = 0;

/** Reads the options of a segment whose header has `header` bytes. What is malformed ends the reading; what is unknown is skipped. */
export function read(segment: usize, header: u32): void {
  mss = 0;
  scale = NO_SCALE;
  sackPermitted = false;
  hasTimestamps = false;
  sackBlocks = 0;
  let at = segment + HEADER;
  const end = segment + header;
  // What nearly every segment of a connection carries.
  if (header == HEADER + TIMESTAMPS_SIZE && load<u32>(at) == 0x0a080101) {
    hasTimestamps = true;
    timestamp = get32(at + 4);
    timestampEcho = get32(at + 8);
    return;
  }
  while (at < end) {
    const kind = <u32>load<u8>(at);
    if (kind == END) return;
    if (kind == NOTHING) {
      at++;
      continue;
    }
    if (at + 2 > end) return;
    const size = <u32>load<u8>(at, 1);
    if (size < 2 || at + size > end) return;
    if (kind == MSS && size == 4) mss = get16(at + 2);
    else if (kind == WINDOW_SCALE && size == 3) scale = min(<u32>load<u8>(at, 2), SCALE_MAX);
    else if (kind == SACK_PERMITTED && size == 2) sackPermitted = true;
    else if (kind == SACK && size >= 10 && ((size - 2) & 7) == 0) {
      sack = at + 2;
      sackBlocks = (size - 2) >> 3;
    } else if (kind == TIMESTAMPS && size == 10) {
      hasTimestamps = true;
      timestamp = get32(at + 2);
      timestampEcho = get32(at + 6);
    }
    at += size;
  }
}

/** Writes the MSS option; 4 bytes. */
export function writeMss(at: usize, value: u32): u32 {
  store<u8>(at, MSS);
  store<u8>(at, 4, 1);
  put16(at + 2, value);
  return 4;
}

/** Writes the window scale option after a NOP; 4 bytes. */
export function writeScale(at: usize, shift: u32): u32 {
  store<u8>(at, NOTHING);
  store<u8>(at, WINDOW_SCALE, 1);
  store<u8>(at, 3, 2);
  store<u8>(at, shift, 3);
  return 4;
}

/** Writes that selective acknowledgments are understood, after two NOPs; 4 bytes. */
export function writeSackPermitted(at: usize): u32 {
  store<u32>(at, 0x02040101);
  return 4;
}

/** Writes the timestamps; 12 bytes. */
@inline
export function writeTimestamps(at: usize, value: u32, echo: u32): u32 {
  store<u32>(at, 0x0a080101);
  put32(at + 4, value);
  put32(at + 8, echo);
  return TIMESTAMPS_SIZE;
}

/** Writes the head of a SACK option with `blocks` blocks, which the caller writes behind it; 4 bytes. */
export function writeSackHead(at: usize, blocks: u32): u32 {
  store<u16>(at, 0x0101);
  store<u8>(at, SACK, 2);
  store<u8>(at, 2 + (blocks << 3), 3);
  return 4;
}

/** Writes one block of a SACK option; 8 bytes. */
export function writeSackBlock(at: usize, start: u32, end: u32): u32 {
  put32(at, start);
  put32(at + 4, end);
  return 8;
}

/** Where SACK block number `block` begins. */
export function sackStart(block: u32): u32 {
  return get32(sack + (block << 3));
}

/** The first byte behind SACK block number `block`. */
export function sackEnd(block: u32): u32 {
  return get32(sack + (block << 3) + 4);
}
