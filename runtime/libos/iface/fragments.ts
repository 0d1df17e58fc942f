// Packets in pieces (RFC 791, 3.2; RFC 8200, 4.5).
import { Stack } from './stack';

@unmanaged
export class Fragments {
  /** The earliest moment at which tick() has to be called. */
  deadline: u64 = u64.MAX_VALUE;
}

export function sendPieces(stack: Stack, from: usize, to: usize, protocol: u32, payload: usize, size: u32): bool {
  return false;
}
