// What ICMP of either version can tell about a packet of ours.

/** The path takes at most `value` bytes (RFC 792 type 3 code 4 with RFC 1191; RFC 4443, 3.2). */
export const TOO_BIG: u32 = 1;
/** Nobody listens at that port, or speaks that protocol (hard: RFC 1122, 4.2.3.9). */
export const REFUSED: u32 = 2;
/** The host or its network cannot be reached now (soft). */
export const UNREACHABLE: u32 = 3;
