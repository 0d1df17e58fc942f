// Data of a segment, in order or not, finds its place in the buffer, and is acknowledged at once or a little later (RFC 9293, 3.10.7.4,
// step 7).
import * as drop from '../../iface/drop';
import { MILLISECOND, NEVER } from '../../time/duration';
import { takeFin } from './close';
import { Connection, ESTABLISHED, FIN_WAIT_2, INBOX_FIRST, RANGES, READABLE } from './connection';
import { after, before } from './sequence';
import { Tcp } from './state';
import { ACK_DELAY } from './timers';

/** On paths whose round trip is shorter than a host's turn, what came in so long came in one. */
const FILLED_WITHIN: u64 = 2 * MILLISECOND;

@inline
function rangeStart(connection: Connection, index: u32): u32 {
  return load<u32>(connection.ranges + (index << 3));
}

@inline
function rangeEnd(connection: Connection, index: u32): u32 {
  return load<u32>(connection.ranges + (index << 3), 4);
}

function setRange(connection: Connection, index: u32, start: u32, end: u32): void {
  store<u32>(connection.ranges + (index << 3), start);
  store<u32>(connection.ranges + (index << 3), end, 4);
}

/** Takes data and FIN; what lies outside the window is cut off. */
export function takePayload(tcp: Tcp, connection: Connection, sequence: u32, data: usize, size: u32, fin: bool): void {
  if (connection.state > FIN_WAIT_2 || connection.state < ESTABLISHED || connection.peerFin) return tcp.stack.drop(drop.TCP_CLOSED);
  let start = sequence;
  let end = sequence + size;
  if (before(start, connection.received)) {
    data += connection.received - start;
    start = connection.received;
    if (after(start, end)) return;
  }
  if (after(end, connection.offered)) {
    end = connection.offered;
    fin = false;
  }
  tcp.mark(connection);
  // What fills a gap, or finds no room, is acknowledged at once (RFC 5681, 4.2).
  const plain = start == connection.received && connection.rangeCount == 0 && (end != start || size == 0);
  if (end != start && !takeData(tcp, connection, start, data, end - start)) {
    connection.ackNow = true;
    return;
  }
  if (plain) {
    connection.unacked += size > connection.mss ? 2 : 1; // a train of segments is several
    // The first segments, every second one, and the last of several that came together are acknowledged at once (RFC 5681, 4.2).
    if (connection.quickAcks != 0 || connection.unacked >= 2) {
      if (connection.quickAcks != 0) connection.quickAcks--;
      connection.ackNow = true;
    } else if (connection.ackAt == NEVER) connection.ackAt = tcp.stack.now + ACK_DELAY;
  } else connection.ackNow = true;
  if (fin && end == connection.received) takeFin(tcp, connection);
}

/** Takes `size` bytes of the stream at `data`, from `sequence` on, which the caller has cut to the window. False if there was no room. */
function takeData(tcp: Tcp, connection: Connection, sequence: u32, data: usize, size: u32): bool {
  if (connection.inbox.size == 0 && !tcp.growInbox(connection, INBOX_FIRST)) {
    tcp.stack.drop(drop.TCP_FULL);
    return false;
  }
  if (sequence == connection.received && connection.rangeCount == 0) {
    connection.inbox.write(sequence, data, size);
    advance(tcp, connection, size);
    return true;
  }
  if (sequence != connection.received && !insertRange(connection, sequence, sequence + size)) {
    tcp.stack.drop(drop.TCP_OUT_OF_ORDER);
    return false;
  }
  connection.inbox.write(sequence, data, size);
  if (sequence == connection.received) advance(tcp, connection, size);
  closeGaps(tcp, connection);
  return true;
}

/** The first `size` bytes that were missing are there. */
function advance(tcp: Tcp, connection: Connection, size: u32): void {
  connection.received += size;
  if (connection.filled == 0) connection.filling = tcp.stack.now;
  connection.filled += size;
  connection.events |= READABLE;
  tcp.mark(connection);
}

/** Takes the ranges that now continue the stream. */
function closeGaps(tcp: Tcp, connection: Connection): void {
  while (connection.rangeCount != 0 && !after(rangeStart(connection, 0), connection.received)) {
    const end = rangeEnd(connection, 0);
    if (after(end, connection.received)) advance(tcp, connection, end - connection.received);
    removeRange(connection, 0);
  }
}

function removeRange(connection: Connection, index: u32): void {
  const at = connection.ranges + (index << 3);
  memory.copy(at, at + 8, (connection.rangeCount - index - 1) << 3);
  connection.rangeCount--;
}

/** Adds the range from `start` to `end` to the sorted list, joined with those it touches. False if the list is full. */
function insertRange(connection: Connection, start: u32, end: u32): bool {
  connection.lastRange = start;
  let at: u32 = 0;
  while (at < connection.rangeCount && before(rangeEnd(connection, at), start)) at++;
  if (at == connection.rangeCount || after(rangeStart(connection, at), end)) {
    if (connection.rangeCount == RANGES) return false;
    const place = connection.ranges + (at << 3);
    memory.copy(place + 8, place, (connection.rangeCount - at) << 3);
    connection.rangeCount++;
    setRange(connection, at, start, end);
    return true;
  }
  // All of it was there before: a duplicate to tell of (RFC 2883).
  if (!before(start, rangeStart(connection, at)) && !after(end, rangeEnd(connection, at))) {
    connection.duplicateStart = start;
    connection.duplicateEnd = end;
  }
  let first = rangeStart(connection, at);
  let last = rangeEnd(connection, at);
  if (before(start, first)) first = start;
  if (after(end, last)) last = end;
  while (at + 1 < connection.rangeCount && !after(rangeStart(connection, at + 1), last)) {
    if (after(rangeEnd(connection, at + 1), last)) last = rangeEnd(connection, at + 1);
    removeRange(connection, at + 1);
  }
  setRange(connection, at, first, last);
  return true;
}

/**
 * Doubles the buffer of a stream that fills it within two round trips, as long as there is memory: called when the user has read. A stream
 * of many small requests stays small.
 */
export function growIfBusy(tcp: Tcp, connection: Connection): void {
  const size = connection.inbox.size;
  if (size == 0 || size >= tcp.bufferMax || connection.filled < size) return;
  const quick = tcp.stack.now - connection.filling <= max(2 * connection.srtt, FILLED_WITHIN);
  connection.filled = 0;
  if (!quick) return;
  if (tcp.memory >= size * 2) tcp.growInbox(connection, size * 2);
}
