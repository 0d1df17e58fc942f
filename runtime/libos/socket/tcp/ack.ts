// An acknowledgment arrives (RFC 9293, 3.10.7.4, step 5).
import * as ip from '../../iface/ip';
import * as options from '../../wire/tcp-options';
import { NEVER } from '../../time/duration';
import { Connection, LOSS, OPEN, OUT_FIRST, RECOVERY, TIMER_PERSIST, WRITABLE } from './connection';
import * as cubic from './cubic';
import { timestampAt } from './isn';
import { detect, enterRecovery, noteArrived, takeSack, undoEarly } from './loss';
import { measured } from './rtt';
import { AGAIN, dropOldest, FIRST_ROOM, releaseSent, SACKED, sentAt, uncount } from './sent';
import { after, before } from './sequence';
import { Tcp } from './state';

/** Whether the first SACK block tells of data that came twice (RFC 2883, 4). */
function tellsDuplicate(ack: u32): bool {
  if (options.sackBlocks == 0) return false;
  const start = options.sackStart(0);
  const end = options.sackEnd(0);
  if (before(start, ack)) return true;
  if (options.sackBlocks < 2) return false;
  return !before(start, options.sackStart(1)) && !after(end, options.sackEnd(1));
}

/**
 * Takes the acknowledgment `ack`, which is not beyond what was sent.
 * @param window bytes the peer takes, scaled
 * @param data bytes the segment carries
 */
export function takeAck(tcp: Tcp, connection: Connection, sequence: u32, ack: u32, window: u32, data: u32): void {
  const now = tcp.stack.now;
  const advanced = after(ack, connection.una);
  const repairing = connection.congestion == RECOVERY;
  const acked = advanced ? ack - connection.una : 0;
  if (advanced) {
    takeNew(tcp, connection, ack);
    if (connection.undoCwnd != 0) undoEarly(connection);
  } else if (
    data == 0 &&
    ack == connection.una &&
    window == connection.window &&
    connection.sentCount != 0 &&
    !connection.sackOn
  ) {
    connection.duplicateAcks++;
  }
  let fresh: u32 = 0;
  if (connection.sackOn && options.sackBlocks != 0) fresh = takeSack(connection, ack, now);
  takeWindow(connection, sequence, ack, window);

  if (connection.probing && !before(ack, connection.probeEnd)) endProbe(connection, ack, advanced || data != 0);
  if (connection.congestion != OPEN && !before(connection.una, connection.recover)) {
    // All that was on its way when the loss was seen is acknowledged (RFC 6582, 3.2, step 3; RFC 6675, 5).
    if (connection.congestion == RECOVERY) connection.cwnd = connection.ssthresh;
    connection.congestion = OPEN;
    connection.duplicateAcks = 0;
  }
  if ((advanced || fresh != 0 || connection.duplicateAcks != 0) && detect(connection, now, advanced)) enterRecovery(connection);
  if (acked != 0 && !repairing && connection.congestion != RECOVERY && (connection.limited || connection.congestion == LOSS)) {
    cubic.grow(connection, acked, now);
  }
}

/** Something new was acknowledged. */
function takeNew(tcp: Tcp, connection: Connection, ack: u32): void {
  const now = tcp.stack.now;
  let rtt: u64 = 0;
  let known = true;
  let whole: u32 = 0;
  while (connection.sentCount != 0) {
    const record = sentAt(connection, 0);
    if (after(record.end, ack)) {
      if (before(record.start, ack)) {
        // A part of a segment: what remains of it is still on its way.
        uncount(connection, record);
        record.start = ack;
        if (record.flags & SACKED) connection.sackedBytes += record.size;
        else record.flags &= AGAIN;
      }
      break;
    }
    if (!(record.flags & SACKED)) {
      noteArrived(connection, record, now);
      rtt = now - record.time;
      if (record.flags & AGAIN && !echoes(connection, record.time)) known = false;
    }
    whole++;
    uncount(connection, record);
    dropOldest(connection);
  }
  connection.una = ack;
  // What filled the gap leaves one duplicate for each segment that was behind it and is not acknowledged yet (RFC 6582, 3.2, step 3).
  if (connection.congestion != RECOVERY || whole > connection.duplicateAcks) connection.duplicateAcks = 0;
  else if (whole != 0) connection.duplicateAcks -= whole - 1;
  connection.progress = now;
  // Without a measure the timeout stays as long as it was made (RFC 6298, 3 and 5.7).
  if (known && rtt != 0) measured(connection, rtt);
  ip.confirm(tcp.stack, connection.remote);
  const empty = connection.una == connection.end || connection.finSent && connection.una == connection.nxt;
  if (empty && !connection.wantsRoom) {
    if (connection.out.size > OUT_FIRST) tcp.releaseOut(connection);
    if (connection.sentCount == 0 && connection.sentRoom > FIRST_ROOM) releaseSent(connection);
  }
  if (connection.wantsRoom) {
    connection.wantsRoom = false;
    connection.events |= WRITABLE;
  }
}

/** Whether the timestamp that comes back shows that it was the sending at `time`, or a later one, that arrived (RFC 7323, 4.1). */
function echoes(connection: Connection, time: u64): bool {
  return connection.timestampsOn && !before(options.timestampEcho, timestampAt(time, connection.timestampOffset));
}

/** Takes the window of the segment, unless an older one overtook it (RFC 9293, 3.10.7.4). */
function takeWindow(connection: Connection, sequence: u32, ack: u32, window: u32): void {
  const newer =
    before(connection.windowSequence, sequence) ||
    (connection.windowSequence == sequence && !after(connection.windowAck, ack));
  if (!newer) return;
  if (connection.window == 0 && window != 0 && connection.retransmitKind == TIMER_PERSIST) {
    connection.retransmitAt = NEVER;
    connection.backoff = 0;
  }
  connection.window = window;
  connection.windowSequence = sequence;
  connection.windowAck = ack;
  if (window > connection.windowMax) connection.windowMax = window;
}

/**
 * The tail loss probe was acknowledged: if it repaired a loss, the window has to shrink (RFC 8985, 7.4). An acknowledgment of just the
 * probe does not tell yet; a duplicate, or one of more, does.
 */
function endProbe(connection: Connection, ack: u32, plain: bool): void {
  const duplicate = tellsDuplicate(ack) || (!plain && options.sackBlocks == 0);
  if (connection.probeResent && !duplicate && ack == connection.probeEnd) return;
  connection.probing = false;
  if (connection.probeResent && !duplicate && connection.congestion == OPEN) {
    connection.ssthresh = cubic.reduced(connection);
    connection.cwnd = connection.ssthresh;
  }
}
