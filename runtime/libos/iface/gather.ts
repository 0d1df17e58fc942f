// Takes pieces of packets of either version, until one is whole.
import * as drop from './drop';
import { Reassembly, isPiece } from './fragments';
import { NOTED, Stack } from './stack';

/**
 * Takes a piece of a packet from stack.from to stack.to, of `size` bytes, behind `headerSize` bytes of header of which the one at
 * `field` says what comes next; it belongs at `offset` of the payload.
 * @param time nanoseconds in which the others must come
 * @returns the packet if now it is whole: to be given back to stack.fragments.release(). Null if it is not, or if the piece was dropped
 */
export function gather(
  stack: Stack,
  packet: usize,
  headerSize: u32,
  field: u32,
  id: u32,
  protocol: u32,
  offset: u32,
  more: bool,
  size: u32,
  time: u64,
): Reassembly | null {
  if (!isPiece(headerSize, offset, more, size)) {
    stack.drop(drop.FRAGMENT);
    return null;
  }
  const table = stack.fragments;
  const evicted = table.evicted;
  const whole = table.claim(stack.from, stack.to, id, protocol, stack.now + time);
  const isWhole = table.add(whole, packet, headerSize, field, offset, more, packet + headerSize, size);
  if (table.evicted != evicted) stack.drop(drop.FRAGMENTS_FULL); // not this one, but an older one
  if (isWhole) return whole;
  if (table.reason != drop.NONE) stack.drop(table.reason);
  else stack.outcome = NOTED;
  return null;
}
