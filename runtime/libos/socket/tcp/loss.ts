// Which segments are lost, and what follows from it: RACK (RFC 8985) where the peer acknowledges selectively, else three duplicate
// acknowledgments and NewReno (RFC 5681, RFC 6582).
import { Connection, LOSS, OPEN, RECOVERY, TIMER_REORDER, TIMER_RTO } from './connection';
import * as cubic from './cubic';
import { timestampAt } from './isn';
import { LOST, AGAIN, RESENT, SACKED, Sent, SENT_MAX, sentAt, uncount } from './sent';
import { after, before } from './sequence';
import * as options from '../../wire/tcp-options';
import { NEVER } from '../../time/duration';

/** Segments behind a hole, or duplicate acknowledgments, that make a loss certain (RFC 5681, 3.2; RFC 8985, 3.3). */
const DUPLICATES: u32 = 3;

/** The segment arrived: remember the youngest that did (RFC 8985, 6.2, steps 1 and 2). */
export function noteArrived(connection: Connection, record: Sent, now: u64): void {
  const rtt = now - record.time;
  if (record.flags & AGAIN) {
    // Is it the first sending that was acknowledged, or the last?
    const sentAtStamp = timestampAt(record.time, connection.timestampOffset);
    if (options.hasTimestamps && before(options.timestampEcho, sentAtStamp)) return;
    if (rtt < connection.minRtt) return;
  } else if (before(record.end, connection.rackForward)) connection.reordered = true;
  connection.rackForward = after(record.end, connection.rackForward) ? record.end : connection.rackForward;
  if (record.time > connection.rackTime || (record.time == connection.rackTime && after(record.end, connection.rackEnd))) {
    connection.rackTime = record.time;
    connection.rackEnd = record.end;
    connection.rackRtt = rtt;
  }
}

/** Notes what the SACK blocks of the segment acknowledge. Returns the bytes that are new among them. */
export function takeSack(connection: Connection, ack: u32, now: u64): u32 {
  let fresh: u32 = 0;
  for (let block: u32 = 0; block < options.sackBlocks; block++) {
    const start = options.sackStart(block);
    const end = options.sackEnd(block);
    // Nothing that was never sent, nothing empty; what is below the acknowledgment only tells of a duplicate (RFC 2883).
    if (!before(start, end) || after(end, connection.nxt) || !after(start, ack)) continue;
    for (let i: u32 = 0; i < connection.sentCount; i++) {
      const record = sentAt(connection, i);
      if (after(record.end, end)) break;
      if (before(record.start, start) || record.flags & SACKED) continue;
      noteArrived(connection, record, now);
      uncount(connection, record);
      record.flags = SACKED | (record.flags & AGAIN);
      connection.sackedBytes += record.size;
      fresh += record.size;
    }
  }
  return fresh;
}

/** Counts the segment as lost, again if need be. */
export function markLost(connection: Connection, record: Sent): void {
  if (record.flags & RESENT) {
    connection.resentBytes -= record.size;
    record.flags &= ~RESENT;
  } else {
    connection.lostBytes += record.size;
    record.flags |= LOST;
  }
}

/** Marks what must be lost by now (RFC 8985, 6.2, steps 3 to 5); `advanced`: something was acknowledged in order. Returns whether anything is. */
export function detect(connection: Connection, now: u64, advanced: bool): bool {
  if (!connection.sackOn) return detectByDuplicates(connection, advanced);
  let window: u64 = 0;
  if (connection.reordered || (connection.congestion == OPEN && connection.sackedBytes < DUPLICATES * connection.mss)) {
    window = min(connection.minRtt == NEVER ? 0 : connection.minRtt / 4, connection.srtt);
  }
  let found = false;
  let next: u64 = 0;
  for (let i: u32 = 0; i < connection.sentCount; i++) {
    const record = sentAt(connection, i);
    // What follows was sent later still.
    if (record.time > connection.rackTime && !(record.flags & AGAIN)) break;
    if (record.flags & SACKED || (record.flags & (LOST | RESENT)) == LOST) continue;
    if (record.time > connection.rackTime || (record.time == connection.rackTime && !before(record.end, connection.rackEnd))) continue;
    const due = record.time + connection.rackRtt + window;
    if (due <= now) {
      markLost(connection, record);
      found = true;
    } else if (due > next) next = due;
  }
  if (next != 0) {
    connection.retransmitKind = TIMER_REORDER;
    connection.retransmitAt = next;
  } else if (connection.retransmitKind == TIMER_REORDER) {
    connection.retransmitKind = TIMER_RTO;
    connection.retransmitAt = NEVER;
  }
  return found;
}

/**
 * Without SACK: three duplicates, and a partial acknowledgment in recovery, mean that the first segment is lost. Each duplicate tells that
 * some segment behind it arrived; after a timeout they tell of what we send twice (RFC 6582, 4).
 */
function detectByDuplicates(connection: Connection, advanced: bool): bool {
  connection.sackedBytes = 0;
  if (connection.sentCount == 0 || connection.congestion == LOSS) return false;
  const first = sentAt(connection, 0);
  const behind = connection.nxt - connection.una - first.size;
  connection.sackedBytes = min(min(connection.duplicateAcks, SENT_MAX) * connection.mss, behind);
  if (first.flags & LOST) return false;
  const partial = connection.congestion == RECOVERY && advanced;
  if (connection.duplicateAcks < DUPLICATES && !partial) return false;
  markLost(connection, first);
  if (partial) connection.resendFirst = true;
  return true;
}

/** Something is lost: the window shrinks once for all that is on its way (RFC 6675, 5; RFC 9438, 4.6). */
export function enterRecovery(connection: Connection): void {
  if (connection.congestion != OPEN) return;
  connection.ssthresh = cubic.reduced(connection);
  connection.cwnd = connection.ssthresh;
  connection.congestion = RECOVERY;
  connection.resendFirst = true;
  connection.recover = connection.nxt;
  connection.probing = false;
}

/** The timer fired: all that is not selectively acknowledged counts as lost, and the window begins anew (RFC 5681, 3.1; RFC 6298, 5). */
export function timedOut(connection: Connection, now: u64): void {
  if (connection.congestion == OPEN) {
    connection.undoCwnd = connection.cwnd;
    connection.undoSsthresh = connection.ssthresh;
    connection.undoTime = now;
  }
  if (connection.congestion != LOSS || !before(connection.una, connection.recover)) {
    connection.ssthresh = cubic.reduced(connection);
  }
  connection.recover = connection.nxt;
  connection.congestion = LOSS;
  connection.resendFirst = false;
  connection.cwnd = connection.mss;
  connection.probing = false;
  connection.duplicateAcks = 0;
  // A peer that takes back what it selectively acknowledged lacks the oldest segment, too (RFC 2018, 8).
  const reneged = connection.sentCount != 0 && (sentAt(connection, 0).flags & SACKED) != 0;
  connection.sackedBytes = 0;
  connection.lostBytes = 0;
  connection.resentBytes = 0;
  for (let i: u32 = 0; i < connection.sentCount; i++) {
    const record = sentAt(connection, i);
    if (record.flags & SACKED && !reneged) connection.sackedBytes += record.size;
    else {
      record.flags = LOST | (record.flags & AGAIN);
      connection.lostBytes += record.size;
    }
  }
}

/**
 * The first acknowledgment after a timeout: if it echoes a timestamp from before, nothing was lost, but the path had become slower, and all is
 * as it was (Eifel: RFC 3522, RFC 4015). The timeout stays long until a round trip is measured.
 */
export function undoEarly(connection: Connection): void {
  const early =
    connection.congestion == LOSS &&
    connection.timestampsOn &&
    before(options.timestampEcho, timestampAt(connection.undoTime, connection.timestampOffset));
  const cwnd = connection.undoCwnd;
  connection.undoCwnd = 0;
  if (!early) return;
  connection.cwnd = cwnd;
  connection.ssthresh = connection.undoSsthresh;
  connection.congestion = OPEN;
  connection.lostBytes = 0;
  connection.resentBytes = 0;
  for (let i: u32 = 0; i < connection.sentCount; i++) sentAt(connection, i).flags &= SACKED | AGAIN;
}
