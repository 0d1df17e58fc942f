// What happens to a connection when time has passed.
import * as wire from '../../wire/tcp';
import { MILLISECOND, NEVER, SECOND } from '../../time/duration';
import {
  Connection,
  FIN_WAIT_2,
  SYN_RECEIVED,
  SYN_SENT,
  TIME_WAIT,
  TIMED_OUT,
  TIMER_PERSIST,
  TIMER_PROBE,
  TIMER_REORDER,
  TIMER_ROOM,
  TIMER_RTO,
  WOKEN,
  WRITABLE,
} from './connection';
import { detect, enterRecovery, timedOut } from './loss';
import { armRetransmit, fitPath, resend, sendSyn } from './output';
import { timeout } from './rtt';
import { sendSegment } from './segment';
import { noteSent } from './sent';
import { Tcp } from './state';

/** Retransmissions, and how long they went on, after which a peer is given up (RFC 9293, 3.8.3: R2 is at least 100 s). */
const TRIES: u32 = 10;
const PATIENCE: u64 = 100 * SECOND;
/** How long a peer that took our FIN may be silent before it closes, too: longer than it may wait to send something again. */
const FIN_WAIT_2_LENGTH: u64 = 120 * SECOND;
/** The same for our SYN (127 s), and for the answer to a SYN, of which the peer sends another. */
const SYN_TRIES: u32 = 6;
const SYN_ANSWER_TRIES: u32 = 4;
/** Between keep-alives that are not answered, and how many of them (RFC 9293, 3.8.4). */
const KEEP_INTERVAL: u64 = 10 * SECOND;
const KEEP_TRIES: u32 = 6;
/** How long an acknowledgment may wait for company (RFC 9293, 3.8.6.3: less than 0.5 s). */
export const ACK_DELAY: u64 = 40 * MILLISECOND;

/** Does what is due for the connection. Its output is sent afterwards. */
export function expire(tcp: Tcp, connection: Connection): void {
  const now = tcp.stack.now;
  if (connection.ackAt <= now) {
    connection.ackAt = NEVER;
    connection.ackNow = true;
    tcp.mark(connection);
  }
  if (connection.wakeAt <= now) {
    connection.wakeAt = NEVER;
    connection.events |= WOKEN;
    tcp.mark(connection);
  }
  if (connection.lingerAt <= now) return linger(tcp, connection);
  if (connection.retransmitAt > now) return;
  connection.retransmitAt = NEVER;
  tcp.mark(connection);
  if (connection.state == SYN_SENT || connection.state == SYN_RECEIVED) return resendSyn(tcp, connection);
  if (connection.retransmitKind == TIMER_RTO || connection.retransmitKind == TIMER_PROBE) {
    armRetransmit(tcp, connection); // an acknowledgment of this very turn may have put it off
    if (connection.retransmitAt > now) return;
    connection.retransmitAt = NEVER;
  }
  switch (connection.retransmitKind) {
    case TIMER_REORDER:
      connection.retransmitKind = TIMER_RTO;
      if (detect(connection, now, false)) enterRecovery(connection);
      return;
    case TIMER_PROBE:
      return probeTail(tcp, connection);
    case TIMER_PERSIST:
      return probeWindow(tcp, connection);
    case TIMER_ROOM:
      connection.wantsRoom = false;
      connection.events |= WRITABLE;
      return;
    default:
      if (connection.sentCount == 0) return;
      if (connection.backoff < TRIES) connection.backoff++;
      else if (now - connection.progress > PATIENCE) return giveUp(tcp, connection);
      tcp.timeouts++;
      timedOut(connection, now);
      fitPath(tcp, connection); // another connection may have learned that it takes less
  }
}

/** The peer does not answer. */
function giveUp(tcp: Tcp, connection: Connection): void {
  connection.events |= TIMED_OUT;
  tcp.end(connection);
}

function resendSyn(tcp: Tcp, connection: Connection): void {
  const tries = connection.state == SYN_SENT ? SYN_TRIES : SYN_ANSWER_TRIES;
  if (connection.backoff++ >= tries) return giveUp(tcp, connection);
  tcp.resent++;
  sendSyn(tcp, connection);
}

/** Nothing was heard of the last segments for two round trips: one more of them, or a new one, brings an answer (RFC 8985, 7.3). */
function probeTail(tcp: Tcp, connection: Connection): void {
  if (connection.sentCount == 0) return; // all was acknowledged in this very turn, and the timer is not yet set anew
  connection.probing = true;
  const left = connection.end - connection.nxt;
  const room = connection.una + connection.window - connection.nxt;
  connection.probeResent = left == 0 || <i32>room < <i32>min(left, connection.mss) || connection.finSent;
  if (connection.probeResent) resend(tcp, connection, connection.sentCount - 1);
  else sendPiece(tcp, connection, min(left, connection.mss));
  connection.probeEnd = connection.nxt;
}

/** The window stayed small: it is used as it is (3.8.6.2.1). It is shut: an old number makes the peer say how it is now (3.8.6.1). */
function probeWindow(tcp: Tcp, connection: Connection): void {
  const size = min(min(connection.end - connection.nxt, connection.window), connection.mss);
  if (size != 0) return sendPiece(tcp, connection, size);
  if (connection.backoff < TRIES) connection.backoff++;
  else if (tcp.stack.now - connection.heard > 3 * timeout(connection)) return giveUp(tcp, connection);
  sendSegment(tcp, connection, connection.una - 1, 0, 0);
  connection.retransmitAt = tcp.stack.now + timeout(connection);
}

/** Sends the next `size` bytes, whatever the rules for new segments say. */
function sendPiece(tcp: Tcp, connection: Connection, size: u32): void {
  sendSegment(tcp, connection, connection.nxt, wire.PSH, size);
  noteSent(connection, connection.nxt, connection.nxt + size, tcp.stack.now);
  connection.nxt += size;
}

/** When to look whether the peer is still there: for a keep-alive, or because only its FIN is missing. */
export function lingerEnd(connection: Connection): u64 {
  if (connection.keepAlive != 0) return connection.heard + connection.keepAlive;
  return connection.state == FIN_WAIT_2 ? connection.heard + FIN_WAIT_2_LENGTH : NEVER;
}

/** TIME-WAIT is over, or nothing may have been heard for long. */
function linger(tcp: Tcp, connection: Connection): void {
  const now = tcp.stack.now;
  if (connection.state == TIME_WAIT) return tcp.remove(connection);
  tcp.mark(connection);
  connection.lingerAt = lingerEnd(connection);
  if (connection.lingerAt > now) {
    connection.keepProbes = 0;
    return;
  }
  if (connection.keepAlive == 0) return giveUp(tcp, connection);
  connection.lingerAt = now + KEEP_INTERVAL;
  // While data is on its way, or the connection opens, that is probe enough (RFC 9293, 3.8.4).
  if (connection.sentCount != 0 || !connection.synchronized) return;
  if (connection.keepProbes++ >= KEEP_TRIES) return giveUp(tcp, connection);
  sendSegment(tcp, connection, connection.una - 1, 0, 0);
}
