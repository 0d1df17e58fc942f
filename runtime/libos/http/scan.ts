// Finds the end of a request's head as it comes in, without looking at any octet twice (RFC 9112, 2.2).
// Strict where laxness smuggles requests: a line ends with CR LF and with nothing else.
import { CR, is, LF, TOKEN } from './octet';
import { Limits } from './limits';
import * as refusal from './refusal';

/** How far the head has been looked at. */
@unmanaged
export class Scan {
  /** Octets looked at, and where among them the line begins that has not ended yet. */
  seen: u32;
  line: u32;
  /** Whether the one empty line that may precede a request has been skipped. */
  skipped: bool;
  /** Why the request is refused, or NONE. */
  refusal: u32;
}

export function restart(scan: Scan): void {
  scan.seen = 0;
  scan.line = 0;
  scan.skipped = false;
  scan.refusal = refusal.NONE;
}

@inline
function hasLf(word: u64): bool {
  const difference = word ^ 0x0a0a0a0a0a0a0a0a;
  return ((difference - 0x0101010101010101) & ~difference & 0x8080808080808080) != 0;
}

/** The first LF at or after `at`, `end` if there is none before it. */
function findLf(at: usize, end: usize): usize {
  while (at + 8 <= end && !hasLf(load<u64>(at))) at += 8;
  while (at < end && load<u8>(at) != LF) at++;
  return at;
}

/**
 * Looks at the octets of the head at `head` that came since the last call; there are `size` in all now.
 * @returns the size of the whole head with its empty line, 0 if its end has not come or the request is refused
 */
export function scanHead(scan: Scan, limits: Limits, head: usize, size: u32): u32 {
  const within = min(size, limits.head);
  while (scan.seen < within) {
    // The empty line that may precede the request line moves that by two octets.
    const first = scan.line == 0 || (scan.line == 2 && scan.skipped);
    const lineLimit = min(scan.line + limits.line, limits.head);
    const bound = first ? min(within, lineLimit) : within;
    if (first && scan.seen == scan.line) {
      // What cannot begin a request, as a TLS handshake, need not wait for a line's end.
      const octet = <u32>load<u8>(head + scan.line);
      if (!is(octet, TOKEN) && (octet != CR || scan.skipped)) return refuse(scan, refusal.LINE_MALFORMED);
    }
    const at = findLf(head + scan.seen, head + bound);
    if (at == head + bound) {
      scan.seen = bound;
      if (first && bound == lineLimit) return refuse(scan, refusal.LINE_LONG);
      break;
    }
    const end = <u32>(at - head);
    if (end == 0 || load<u8>(at - 1) != CR) return refuse(scan, refusal.LINE_END);
    const empty = end == scan.line + 1;
    scan.seen = end + 1;
    if (empty) {
      if (!first) return end + 1;
      scan.skipped = true;
    }
    scan.line = end + 1;
  }
  if (scan.seen == limits.head) return refuse(scan, refusal.HEAD_LARGE);
  return 0;
}

function refuse(scan: Scan, why: u32): u32 {
  scan.refusal = why;
  return 0;
}
