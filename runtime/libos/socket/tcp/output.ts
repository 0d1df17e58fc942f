// What a connection sends now (RFC 9293, 3.8; RFC 6675; RFC 8985): lost segments again, new ones, else what has to be acknowledged.
import { TRAIN_MAX } from '../../iface/offload';
import * as wire from '../../wire/tcp';
import * as options from '../../wire/tcp-options';
import { MILLISECOND, NEVER } from '../../time/duration';
import {
  CLOSED,
  Connection,
  OPEN,
  SYN_RECEIVED,
  SYN_SENT,
  TIME_WAIT,
  TIMER_PERSIST,
  TIMER_PROBE,
  TIMER_REORDER,
  TIMER_ROOM,
  TIMER_RTO,
} from './connection';
import { timeout } from './rtt';
import { markLost } from './loss';
import { pathMss, sendSegment, windowEdge } from './segment';
import { AGAIN, LOST, noteSent, RESENT, SACKED, sentAt, sentLimit, splitSent } from './sent';
import { before } from './sequence';
import { Tcp } from './state';

/** What a peer may wait before it acknowledges a single segment (RFC 8985, 7.2). */
const PEER_DELAY: u64 = 200 * MILLISECOND;

/** After this time a user for whom there was no memory may try again. */
const ROOM_DELAY: u64 = 100 * MILLISECOND;

/** Sends what may be sent, and sets the timers. */
export function output(tcp: Tcp, connection: Connection): void {
  if (connection.state == CLOSED) return;
  if (connection.state == SYN_SENT || connection.state == SYN_RECEIVED) {
    if (connection.ackNow) sendSyn(tcp, connection);
    return;
  }
  let sent = false;
  // With data there is no room for selective acknowledgments: what they tell goes alone.
  const alone = connection.ackNow && (connection.hasSack || connection.rangeCount != 0);
  if (connection.state != TIME_WAIT) {
    sent = resendLost(tcp, connection);
    sent = sendNew(tcp, connection) || sent;
    armRetransmit(tcp, connection);
  }
  if (alone || (!sent && (connection.ackNow || updatesWindow(connection)))) {
    sendSegment(tcp, connection, connection.nxt, 0, 0);
  }
}

/** Sends our SYN, for the first time or again. */
export function sendSyn(tcp: Tcp, connection: Connection): void {
  sendSegment(tcp, connection, connection.iss, wire.SYN, 0);
  connection.ackNow = false;
  connection.nxt = connection.iss + 1;
  connection.retransmitKind = TIMER_RTO;
  connection.retransmitAt = tcp.stack.now + timeout(connection);
}

/** Whether the user read so much that the peer should know (RFC 9293, 3.8.6.2.2). */
function updatesWindow(connection: Connection): bool {
  if (connection.peerFin || connection.inbox.size == 0) return false;
  const edge = windowEdge(connection);
  return edge - connection.offered >= connection.inbox.size / 2 || (edge != connection.offered && connection.offered - connection.next < connection.mss);
}

/** Sends lost segments again, oldest first, as far as the congestion window allows. */
function resendLost(tcp: Tcp, connection: Connection): bool {
  if (connection.lostBytes == connection.resentBytes) return false;
  let sent = false;
  for (let i: u32 = 0; i < connection.sentCount; i++) {
    const record = sentAt(connection, i);
    if ((record.flags & (LOST | RESENT | SACKED)) != LOST) continue;
    const room = connection.resendFirst || connection.flight == 0;
    if (!room && connection.flight + min(record.size, connection.mss) > connection.cwnd) break;
    connection.resendFirst = false;
    resend(tcp, connection, i);
    sent = true;
    if (connection.lostBytes == connection.resentBytes) break;
  }
  return sent;
}

/** Sends the segment number `index` again; only its first part if the path takes no more. */
export function resend(tcp: Tcp, connection: Connection, index: u32): void {
  if (sentAt(connection, index).size > connection.mss) splitSent(connection, index, connection.mss);
  const record = sentAt(connection, index);
  const fin = record.end == connection.end + 1;
  const size = record.size - (fin ? 1 : 0);
  let flags: u32 = 0;
  if (fin) flags |= wire.FIN;
  if (record.end == connection.end || fin) flags |= wire.PSH;
  sendSegment(tcp, connection, record.start, flags, size);
  tcp.resent++;
  record.time = tcp.stack.now;
  if ((record.flags & (LOST | RESENT)) == LOST) {
    record.flags |= RESENT;
    connection.resentBytes += record.size;
  }
  record.flags |= AGAIN;
}

/** Sends what was never sent, as far as both windows allow. */
function sendNew(tcp: Tcp, connection: Connection): bool {
  let sent = false;
  connection.limited = false;
  while (!connection.finSent && connection.sentCount < sentLimit(connection)) {
    const left = connection.end - connection.nxt;
    if (left == 0 && !connection.finQueued) break;
    const edge = connection.una + connection.window;
    const usable = before(connection.nxt, edge) ? edge - connection.nxt : 0;
    if (usable == 0) break;
    let size = min(min(left, usable), most(tcp, connection));
    // The small tail of a train waits as it would alone.
    if (size > connection.mss && (size != left || (!connection.noDelay && !connection.finQueued))) size -= size % connection.mss;
    if (connection.flight + size > connection.cwnd && connection.flight != 0) {
      connection.limited = true;
      break;
    }
    if (size < connection.mss && size < left && size < connection.windowMax / 2) break; // a silly window (RFC 9293, 3.8.6.2.1)
    // Nagle's algorithm (RFC 9293, 3.7.4): a small segment waits until everything before it is acknowledged.
    if (size < connection.mss && !connection.noDelay && !connection.finQueued && connection.nxt != connection.una && size == left) break;
    const fin = connection.finQueued && size == left && size < usable; // a FIN takes a number of the window, too
    let flags: u32 = 0;
    if (size == left) flags |= wire.PSH;
    if (fin) flags |= wire.FIN;
    // A frame that cannot be sent now counts as lost on the way.
    sendSegment(tcp, connection, connection.nxt, flags, size);
    if (connection.sentCount == 0) connection.progress = tcp.stack.now;
    noteTrain(connection, connection.nxt, connection.nxt + size + (fin ? 1 : 0), tcp.stack.now);
    sent = true;
  }
  return sent;
}

/** Bytes that may go at once: a segment, or where the host takes it a train of segments as long as the congestion window allows. */
function most(tcp: Tcp, connection: Connection): u32 {
  const mss = connection.mss;
  if (!tcp.stack.offload || connection.cwnd < connection.flight + 2 * mss) return mss;
  const segments = min(min(connection.cwnd - connection.flight, TRAIN_MAX) / mss, sentLimit(connection) - connection.sentCount);
  return max<u32>(segments, 1) * mss;
}

/** Notes the segments from nxt to `end`, each by itself, for they may be lost one by one. */
function noteTrain(connection: Connection, start: u32, end: u32, now: u64): void {
  while (end - start > connection.mss + 1) {
    noteSent(connection, start, start + connection.mss, now);
    start += connection.mss;
  }
  noteSent(connection, start, end, now);
  connection.nxt = end;
}

/** Sets the retransmission timer to what it has to wait for. */
export function armRetransmit(tcp: Tcp, connection: Connection): void {
  const now = tcp.stack.now;
  if (connection.sentCount == 0) {
    const waits = (connection.end != connection.nxt || connection.finQueued) && !connection.finSent;
    const kind = waits ? TIMER_PERSIST : TIMER_ROOM;
    if (!waits && !connection.wantsRoom) connection.retransmitAt = NEVER;
    else if (connection.retransmitKind != kind || connection.retransmitAt == NEVER) {
      connection.retransmitKind = kind;
      connection.retransmitAt = now + (waits ? timeout(connection) : ROOM_DELAY);
    }
    return;
  }
  if (connection.retransmitKind == TIMER_REORDER && connection.retransmitAt != NEVER) return;
  const newest = sentAt(connection, connection.sentCount - 1);
  const oldest = sentAt(connection, 0);
  // After a probe the timer begins anew (RFC 8985, 7.3).
  const since = connection.probing ? newest.time : max(oldest.time, connection.progress);
  const due = since + timeout(connection);
  if (connection.sackOn && connection.congestion == OPEN && !connection.probing && connection.srtt != 0) {
    const wait = 2 * connection.srtt + (connection.sentCount == 1 ? PEER_DELAY : 2 * MILLISECOND);
    if (newest.time + wait < due) {
      connection.retransmitKind = TIMER_PROBE;
      connection.retransmitAt = newest.time + wait;
      return;
    }
  }
  connection.retransmitKind = TIMER_RTO;
  connection.retransmitAt = due;
}

/** Sees to it that segments are no larger than the path takes: what was sent too large is sent again in pieces, which is no sign of congestion. */
export function fitPath(tcp: Tcp, connection: Connection): void {
  const mss = pathMss(tcp, connection.remote) - (connection.timestampsOn ? options.TIMESTAMPS_SIZE : 0);
  if (mss >= connection.mss) return;
  connection.mss = mss;
  for (let i: u32 = 0; i < connection.sentCount; i++) {
    const record = sentAt(connection, i);
    if (record.size <= mss || record.flags & SACKED || (record.flags & (LOST | RESENT)) == LOST) continue;
    markLost(connection, record);
  }
}
