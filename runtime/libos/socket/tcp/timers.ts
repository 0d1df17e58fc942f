// What happens to a connection when time has passed.
import { MILLISECOND, NEVER, SECOND } from '../../iface/stack';
import * as wire from '../../wire/tcp';
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
  TIMER_RTO,
  WOKEN,
} from './connection';
import { detect, enterRecovery, timedOut } from './loss';
import { resend, sendSyn } from './output';
import { timeout } from './rtt';
import { sendSegment } from './segment';
import { noteSent } from './sent';
import { Tcp } from './state';

/** Retransmissions after which a peer is given up: more than 100 s altogether (RFC 9293, 3.8.3, R2). */
const TRIES: u32 = 10;
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
  switch (connection.retransmitKind) {
    case TIMER_REORDER:
      connection.retransmitKind = TIMER_RTO;
      if (detect(connection, now)) enterRecovery(connection);
      return;
    case TIMER_PROBE:
      return probeTail(tcp, connection);
    case TIMER_PERSIST:
      return probeWindow(tcp, connection);
    default:
      if (connection.sentCount == 0) return;
      if (connection.backoff++ >= TRIES) return giveUp(tcp, connection);
      tcp.timeouts++;
      timedOut(connection);
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
  connection.probing = true;
  const left = connection.end - connection.nxt;
  const room = connection.una + connection.window - connection.nxt;
  connection.probeResent = left == 0 || <i32>room < <i32>min(left, connection.mss) || connection.finSent;
  if (connection.probeResent) resend(tcp, connection, connection.sentCount - 1);
  else {
    const size = min(left, connection.mss);
    sendSegment(tcp, connection, connection.nxt, wire.ACK | wire.PSH, size);
    noteSent(connection, connection.nxt, connection.nxt + size, tcp.stack.now);
    connection.nxt += size;
  }
  connection.probeEnd = connection.nxt;
}

/** The window is shut, or too small: an old sequence number makes the peer say how it is now (RFC 9293, 3.8.6.1). */
function probeWindow(tcp: Tcp, connection: Connection): void {
  if (connection.backoff < TRIES) connection.backoff++;
  else if (tcp.stack.now - connection.heard > 3 * timeout(connection)) return giveUp(tcp, connection);
  sendSegment(tcp, connection, connection.una - 1, wire.ACK, 0);
  connection.retransmitAt = tcp.stack.now + timeout(connection);
}

/** TIME-WAIT or FIN-WAIT-2 is over, or nothing was heard for long. */
function linger(tcp: Tcp, connection: Connection): void {
  const now = tcp.stack.now;
  connection.lingerAt = NEVER;
  if (connection.state == TIME_WAIT) return tcp.remove(connection);
  if (connection.state == FIN_WAIT_2 && connection.keepAlive == 0) return giveUp(tcp, connection);
  const idle = now - connection.heard;
  if (connection.keepAlive == 0) return;
  if (idle < connection.keepAlive) {
    connection.keepProbes = 0;
    connection.lingerAt = connection.heard + connection.keepAlive;
    return tcp.wheel.schedule(connection);
  }
  if (connection.keepProbes++ >= KEEP_TRIES) return giveUp(tcp, connection);
  sendSegment(tcp, connection, connection.una - 1, wire.ACK, 0);
  connection.lingerAt = now + KEEP_INTERVAL;
  tcp.wheel.schedule(connection);
}
