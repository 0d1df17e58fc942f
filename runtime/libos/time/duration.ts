// Lengths of time, in the unit of every clock and deadline here: nanoseconds.

export const MILLISECOND: u64 = 1_000_000;
export const SECOND: u64 = 1000 * MILLISECOND;
/** A deadline that never comes. */
export const NEVER: u64 = u64.MAX_VALUE;
