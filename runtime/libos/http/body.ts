// The content of a request, which nobody wants: skipped by its length or chunk by chunk (RFC 9112, 7.1), within a bound.
import { Framing } from './framing';
import { CR, HEX, hexValue, HT, is, LF, SP, VALUE } from './octet';
import * as refusal from './refusal';

// What the next octet belongs to.
const DONE: u32 = 0;
const PLAIN: u32 = 1;
const SIZE_FIRST: u32 = 2;
const SIZE: u32 = 3;
const SIZE_SPACE: u32 = 4;
const EXTENSION: u32 = 5;
const SIZE_LF: u32 = 6;
const DATA: u32 = 7;
const DATA_CR: u32 = 8;
const DATA_LF: u32 = 9;
const TRAILER_FIRST: u32 = 10;
const TRAILER: u32 = 11;
const TRAILER_LF: u32 = 12;
const END_LF: u32 = 13;

@unmanaged
export class Body {
  state: u32;
  /** Octets left of the content, or of the chunk. */
  left: u32;
  /** Octets chunked content may still have, with its framing and its trailer. */
  allowed: u32;
  /** Why the request is refused, or NONE. */
  refusal: u32;
}

/** @param limit octets of chunked content, with its framing */
export function begin(body: Body, framing: Framing, limit: u32): void {
  body.refusal = refusal.NONE;
  body.left = framing.length;
  body.allowed = limit;
  body.state = framing.chunked ? SIZE_FIRST : framing.length > 0 ? PLAIN : DONE;
}

@inline
export function isDone(body: Body): bool {
  return body.state == DONE;
}

/** Skips what of the `size` octets at `data` belongs to the content; returns how many that are. */
export function skip(body: Body, data: usize, size: u32): u32 {
  if (body.state == PLAIN) {
    const count = min(size, body.left);
    body.left -= count;
    if (body.left == 0) body.state = DONE;
    return count;
  }
  let taken: u32 = 0;
  while (taken < size && body.state != DONE && body.refusal == refusal.NONE) {
    if (body.allowed == 0) {
      body.refusal = refusal.BODY_LARGE;
      break;
    }
    if (body.state == DATA) {
      const count = min(min(size - taken, body.left), body.allowed);
      body.left -= count;
      body.allowed -= count;
      taken += count;
      if (body.left == 0) body.state = DATA_CR;
    } else {
      step(body, load<u8>(data + taken));
      body.allowed--;
      taken++;
    }
  }
  return taken;
}

/** Goes to `next` if the octet is the one that must stand here. */
@inline
function expect(body: Body, octet: u32, expected: u32, next: u32): void {
  if (octet == expected) body.state = next;
  else body.refusal = refusal.CHUNK_MALFORMED;
}

/** Takes one octet of the framing. */
function step(body: Body, octet: u32): void {
  switch (body.state) {
    case SIZE_FIRST:
      body.left = 0;
      if (is(octet, HEX)) takeDigit(body, octet);
      else body.refusal = refusal.CHUNK_MALFORMED;
      break;
    case SIZE:
      if (is(octet, HEX)) takeDigit(body, octet);
      else if (octet == 0x3b) body.state = EXTENSION;
      else if (octet == SP || octet == HT) body.state = SIZE_SPACE;
      else expect(body, octet, CR, SIZE_LF);
      break;
    case SIZE_SPACE:
      if (octet != SP && octet != HT) expect(body, octet, 0x3b, EXTENSION);
      break;
    case EXTENSION:
      if (!is(octet, VALUE)) expect(body, octet, CR, SIZE_LF);
      break;
    case SIZE_LF:
      expect(body, octet, LF, body.left > 0 ? DATA : TRAILER_FIRST);
      break;
    case DATA_CR:
      expect(body, octet, CR, DATA_LF);
      break;
    case DATA_LF:
      expect(body, octet, LF, SIZE_FIRST);
      break;
    case TRAILER_FIRST:
      if (octet == CR) body.state = END_LF;
      else expect(body, is(octet, VALUE) ? 1 : 0, 1, TRAILER);
      break;
    case TRAILER:
      if (!is(octet, VALUE)) expect(body, octet, CR, TRAILER_LF);
      break;
    case TRAILER_LF:
      expect(body, octet, LF, TRAILER_FIRST);
      break;
    default:
      expect(body, octet, LF, DONE);
  }
}

/** One more hexadecimal digit of a chunk's size, which cannot be more than what is allowed: so it never overflows. */
function takeDigit(body: Body, octet: u32): void {
  body.state = SIZE;
  body.left = (body.left << 4) | hexValue(octet);
  if (body.left > body.allowed) body.refusal = refusal.BODY_LARGE;
}
