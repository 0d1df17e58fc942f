// Extension headers (RFC 8200, 4): what stands between the header and what is delivered.
import * as icmpv6 from '../wire/icmpv6';
import * as ipv6 from '../wire/ipv6';
import * as drop from './drop';
import { parameterProblem } from './icmpv6-errors';
import { Stack } from './stack';

/** More headers than this, or more options in one, are nobody's honest packet. */
const HEADERS_MAX: u32 = 8;
const OPTIONS_MAX: u32 = 16;

/**
 * Goes through the headers of the whole packet that arrived, from the one at `at` on, whose type stands at `field`, up to what is no
 * extension header, or the fragment header.
 * @returns where that begins; stack.ipv6.field is where its type stands. 0 if the packet was dropped, and refused where that is due
 */
export function unwrap(stack: Stack, field: u32, at: u32): u32 {
  const packet = stack.arrived;
  const end = stack.arrivedSize;
  let headers: u32 = 0;
  while (true) {
    const type = <u32>load<u8>(packet + field);
    stack.ipv6.field = field;
    if (type != ipv6.HOP_BY_HOP && type != ipv6.ROUTING && type != ipv6.DESTINATION_OPTIONS) return at;
    if (type == ipv6.HOP_BY_HOP && at != ipv6.HEADER) {
      return refuse(stack, icmpv6.UNKNOWN_NEXT_HEADER, field);
    }
    const size = headerSize(packet, type, at, end);
    if (size == 0 || headers++ == HEADERS_MAX) return discard(stack);
    if (type == ipv6.ROUTING) {
      // We forward nothing: not by type 0 (RFC 5095), nor by any other.
      if (ipv6.segmentsLeft(packet + at) != 0) return refuse(stack, icmpv6.BAD_FIELD, at + 2);
    } else if (!mayPass(stack, at + 2, at + size)) return 0;
    field = at;
    at += size;
  }
}

/** Bytes of the header of this type at `at`, 0 if they do not end before `end`. */
function headerSize(packet: usize, type: u32, at: u32, end: u32): u32 {
  if (at + 8 > end) return 0;
  const size = type == ipv6.FRAGMENT ? ipv6.FRAGMENT_HEADER : ipv6.extensionSize(packet + at);
  return at + size > end ? 0 : size;
}

/** Goes through the options from `at` to `end` of the packet (RFC 8200, 4.2); false if one of them forbids to go on. */
function mayPass(stack: Stack, at: u32, end: u32): bool {
  const packet = stack.arrived;
  let options: u32 = 0;
  while (at < end) {
    const type = <u32>load<u8>(packet + at);
    if (type == ipv6.PAD_ONE) {
      at++;
      continue;
    }
    const next = at + 2 <= end ? at + 2 + load<u8>(packet + at, 1) : end + 1;
    if (next > end || options++ == OPTIONS_MAX) {
      discard(stack);
      return false;
    }
    // The two highest bits of an option nobody knows say what to do with the packet.
    if (type != ipv6.PAD_MANY && type != ipv6.ROUTER_ALERT && type >> 6 != 0) {
      stack.drop(drop.IPV6_HEADER);
      if (type >> 6 == 2) parameterProblem(stack, icmpv6.UNKNOWN_OPTION, at, true);
      else if (type >> 6 == 3) parameterProblem(stack, icmpv6.UNKNOWN_OPTION, at, false);
      return false;
    }
    at = next;
  }
  return true;
}

function discard(stack: Stack): u32 {
  stack.drop(drop.IPV6_HEADER);
  return 0;
}

function refuse(stack: Stack, code: u32, pointer: u32): u32 {
  stack.drop(drop.IPV6_HEADER);
  parameterProblem(stack, code, pointer, false);
  return 0;
}

/** Nothing of upper(). */
export const CUT: u32 = u32.MAX_VALUE;
let upperType: u32 = 0;

/** What upper() came to: a protocol, or an extension header that it does not go through. */
export function typeOfUpper(): u32 {
  return upperType;
}

/**
 * Where the first thing that is no extension header begins, from a header of `type` at `at` on, in the packet's first `end` bytes: CUT
 * if that is behind them. A fragment header is gone through if it is of a packet's first piece.
 */
export function upper(packet: usize, type: u32, at: u32, end: u32): u32 {
  for (let headers: u32 = 0; headers <= HEADERS_MAX + 1; headers++) {
    const known = type == ipv6.HOP_BY_HOP || type == ipv6.ROUTING || type == ipv6.DESTINATION_OPTIONS;
    const piece = type == ipv6.FRAGMENT;
    if (!known && !piece) {
      upperType = type;
      return at;
    }
    const size = headerSize(packet, type, at, end);
    if (size == 0 || (piece && ipv6.fragmentOffset(packet + at) != 0)) return CUT;
    type = load<u8>(packet + at);
    at += size;
  }
  return CUT;
}
