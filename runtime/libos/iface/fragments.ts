// Packets in pieces (RFC 791, 3.2; RFC 8200, 4.5).

@unmanaged
export class Fragments {
  /** The earliest moment at which tick() has to be called. */
  deadline: u64 = u64.MAX_VALUE;
}
