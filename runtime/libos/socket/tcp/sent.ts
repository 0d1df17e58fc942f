// Segments that were sent and not yet acknowledged, oldest first, in a ring that grows up to a bound: what loss detection looks at.
import { Connection } from './connection';

export const FIRST_ROOM: u32 = 16;
/** Segments that may be on their way at once; more wait until some are acknowledged. */
export const SENT_MAX: u32 = 1024;
/** So many bytes of the stream's buffer there are for each record; no full segment has fewer. */
const BYTES: u32 = 64;

/** It was selectively acknowledged. */
export const SACKED: u32 = 1;
/** It is held to be lost. */
export const LOST: u32 = 2;
/** It was lost, and is on its way again. */
export const RESENT: u32 = 4;
/** It was sent more than once: its round trip cannot be told (Karn's algorithm; RFC 6298, 3). */
export const AGAIN: u32 = 8;

@unmanaged
export class Sent {
  start: u32;
  end: u32;
  /** When it was sent last. */
  time: u64;
  flags: u32;

  @inline
  get size(): u32 {
    return this.end - this.start;
  }
}

/** The record number `index`, from the oldest. */
@inline
export function sentAt(connection: Connection, index: u32): Sent {
  return changetype<Sent>(
    connection.sent + ((connection.sentFirst + index) & (connection.sentRoom - 1)) * offsetof<Sent>(),
  );
}

/** Notes that the bytes from `start` to `end` were sent at `now`. */
export function noteSent(connection: Connection, start: u32, end: u32, now: u64): void {
  if (connection.sentCount == connection.sentRoom) grow(connection);
  const record = sentAt(connection, connection.sentCount++);
  record.start = start;
  record.end = end;
  record.time = now;
  record.flags = 0;
}

/**
 * Segments of this connection that may be on their way at once. As large as the buffer allows, so that the memory for records, which nobody
 * counts, is bounded by that for buffers, which is: a third of it, and twice that when a narrower path splits segments that were sent.
 */
@inline
export function sentLimit(connection: Connection): u32 {
  return min(max(connection.out.size / BYTES, FIRST_ROOM), SENT_MAX);
}

/** Gives the memory for records back; there must be none. */
export function releaseSent(connection: Connection): void {
  if (connection.sent != 0) heap.free(connection.sent);
  connection.sent = 0;
  connection.sentRoom = 0;
}

function grow(connection: Connection): void {
  const room = connection.sentRoom == 0 ? FIRST_ROOM : connection.sentRoom * 2;
  const bytes = heap.alloc(room * offsetof<Sent>());
  for (let i: u32 = 0; i < connection.sentCount; i++) {
    memory.copy(bytes + i * offsetof<Sent>(), changetype<usize>(sentAt(connection, i)), offsetof<Sent>());
  }
  if (connection.sent != 0) heap.free(connection.sent);
  connection.sent = bytes;
  connection.sentRoom = room;
  connection.sentFirst = 0;
}

/** Splits the record `index` so that its first part has `size` bytes: the path takes no more. */
export function splitSent(connection: Connection, index: u32, size: u32): void {
  const last = connection.sentCount;
  noteSent(connection, 0, 0, 0);
  for (let i = last; i > index + 1; i--) {
    memory.copy(
      changetype<usize>(sentAt(connection, i)),
      changetype<usize>(sentAt(connection, i - 1)),
      offsetof<Sent>(),
    );
  }
  const first = sentAt(connection, index);
  const second = sentAt(connection, index + 1);
  second.start = first.start + size;
  second.end = first.end;
  second.time = first.time;
  second.flags = first.flags;
  first.end = second.start;
}

/** Forgets the oldest record. */
@inline
export function dropOldest(connection: Connection): void {
  connection.sentFirst = (connection.sentFirst + 1) & (connection.sentRoom - 1);
  connection.sentCount--;
}

/** Takes the record's bytes out of the sums they are part of, as its flags say. */
@inline
export function uncount(connection: Connection, record: Sent): void {
  if (record.flags & SACKED) connection.sackedBytes -= record.size;
  if (record.flags & LOST) connection.lostBytes -= record.size;
  if (record.flags & RESENT) connection.resentBytes -= record.size;
}
