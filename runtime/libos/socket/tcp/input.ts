// A segment arrives (RFC 9293, 3.10.7, with RFC 5961 and RFC 7323).
import * as drop from '../../iface/drop';
import { Stack } from '../../iface/stack';
import { finish, pseudoSum, sumBytes } from '../../wire/checksum';
import * as wire from '../../wire/tcp';
import * as options from '../../wire/tcp-options';
import { MILLISECOND, SECOND } from '../../time/duration';
import { takeAck } from './ack';
import { finAcknowledged, TIME_WAIT_LENGTH } from './close';
import { CLOSED, Connection, RESET, SYN_RECEIVED, SYN_SENT, TIME_WAIT } from './connection';
import { beginReceiving, establish, listenSegment, takeSynOptions } from './open';
import { takePayload } from './receive';
import { measured } from './rtt';
import { PROTOCOL, sendBare } from './segment';
import { after, before } from './sequence';
import { Tcp, tcpOf } from './state';

/** A peer is challenged, or told of a segment outside the window, at most this often (RFC 5961, 7). */
const CHALLENGE_INTERVAL: u64 = 500 * MILLISECOND;
/** A timestamp older than this says nothing any more (RFC 7323, 5.5). */
const TIMESTAMP_LIFE: u64 = 24 * 24 * 3600 * SECOND;

/** Takes the `size` bytes at `segment`; the addresses are stack.from and stack.to. */
export function receive(stack: Stack, segment: usize, size: u32): void {
  const tcp = tcpOf(stack);
  tcp.segmentsIn++;
  if (
    !wire.isValid(segment, size) ||
    (!stack.verified && finish(sumBytes(pseudoSum(stack.from, stack.to, PROTOCOL, size), segment, size)) != 0)
  ) {
    return stack.drop(drop.TCP_MALFORMED);
  }
  const localPort = wire.destinationPort(segment);
  const remotePort = wire.sourcePort(segment);
  if (remotePort == 0) return stack.drop(drop.SENDER);
  options.read(segment, wire.headerSize(segment));
  const connection = tcp.find(stack.to, localPort, stack.from, remotePort);
  if (connection == null) return takeUnknown(tcp, segment, size);
  if (connection.state == CLOSED || (connection.state == TIME_WAIT && startsAnew(connection, segment))) {
    tcp.remove(connection);
    return takeUnknown(tcp, segment, size);
  }
  if (connection.state == SYN_SENT) takeSynSent(tcp, connection, segment, size);
  else takeSynchronized(tcp, connection, segment, size);
}

/** Bytes the segment takes in the sequence. */
@inline
function length(segment: usize, size: u32): u32 {
  const flags = wire.flags(segment);
  return size - wire.headerSize(segment) + (flags & wire.SYN ? 1 : 0) + (flags & wire.FIN ? 1 : 0);
}

/** No connection wants it: a listener may, else it is refused (3.10.7.1). */
function takeUnknown(tcp: Tcp, segment: usize, size: u32): void {
  const stack = tcp.stack;
  const handler = tcp.listener(wire.destinationPort(segment));
  if (handler != 0 && listenSegment(tcp, segment, handler)) {
    if (!(wire.flags(segment) & wire.ACK)) return;
    // A cookie came back, perhaps with the first data.
    const opened = tcp.find(stack.to, wire.destinationPort(segment), stack.from, wire.sourcePort(segment));
    if (opened != null) takeSynchronized(tcp, opened, segment, size);
    return;
  }
  if (stack.outcome != 0) stack.drop(drop.TCP_PORT);
  refuse(tcp, segment, size);
}

/** Answers with a reset, unless the segment is one. */
function refuse(tcp: Tcp, segment: usize, size: u32): void {
  const stack = tcp.stack;
  const flags = wire.flags(segment);
  if (flags & wire.RST) return;
  const acknowledges = (flags & wire.ACK) != 0;
  sendBare(
    tcp,
    stack.to,
    wire.destinationPort(segment),
    stack.from,
    wire.sourcePort(segment),
    acknowledges ? wire.acknowledgment(segment) : 0,
    acknowledges ? 0 : wire.sequence(segment) + length(segment, size),
    acknowledges ? wire.RST : wire.RST | wire.ACK,
  );
}

/** Whether a SYN may begin a new connection between the same ends as one in TIME-WAIT (RFC 9293, 3.10.7.4; RFC 6191). */
function startsAnew(connection: Connection, segment: usize): bool {
  if ((wire.flags(segment) & (wire.SYN | wire.ACK | wire.RST)) != wire.SYN) return false;
  if (connection.timestampsOn && options.hasTimestamps && after(options.timestamp, connection.timestampRecent)) return true;
  return after(wire.sequence(segment), connection.next);
}

/** 3.10.7.3. */
function takeSynSent(tcp: Tcp, connection: Connection, segment: usize, size: u32): void {
  const flags = wire.flags(segment);
  const ack = wire.acknowledgment(segment);
  if (flags & wire.ACK && ack != connection.nxt) {
    tcp.stack.drop(drop.TCP_ACK);
    return refuse(tcp, segment, size);
  }
  if (flags & wire.RST) {
    if (!(flags & wire.ACK)) return tcp.stack.drop(drop.TCP_CHALLENGED);
    tcp.resetsIn++;
    connection.events |= RESET;
    return tcp.end(connection);
  }
  if (!(flags & wire.SYN)) return tcp.stack.drop(drop.TCP_ACK);
  connection.irs = wire.sequence(segment);
  beginReceiving(connection);
  connection.heard = tcp.stack.now;
  takeSynOptions(tcp, connection);
  connection.windowSequence = connection.irs;
  connection.window = wire.window(segment);
  connection.windowMax = connection.window;
  tcp.mark(connection);
  connection.ackNow = true;
  if (!(flags & wire.ACK)) {
    connection.state = SYN_RECEIVED; // both opened at once (3.5, figure 8)
    return;
  }
  connection.windowAck = ack;
  if (connection.backoff == 0) measured(connection, tcp.stack.now - connection.progress);
  establish(tcp, connection, ack);
  const header = wire.headerSize(segment);
  if (length(segment, size) == 1) return; // the SYN alone
  takePayload(tcp, connection, connection.received, segment + header, size - header, (flags & wire.FIN) != 0);
}

/** 3.10.7.4. */
function takeSynchronized(tcp: Tcp, connection: Connection, segment: usize, size: u32): void {
  const stack = tcp.stack;
  let flags = wire.flags(segment);
  let sequence = wire.sequence(segment);
  let total = length(segment, size);
  const window = wire.window(segment) << (flags & wire.SYN ? 0 : connection.scaleOut);
  if (flags & wire.SYN && connection.state == SYN_RECEIVED && sequence == connection.irs) {
    // The peer's SYN again, which has not heard our answer, or its answer to ours, as both opened at once: all but the SYN counts.
    if (!(flags & wire.ACK)) {
      connection.ackNow = true;
      return tcp.mark(connection);
    }
    flags &= ~wire.SYN;
    sequence++;
    total--;
  }
  if (connection.timestampsOn && !(flags & wire.RST)) {
    if (!options.hasTimestamps) return stack.drop(drop.TCP_PAWS); // RFC 7323, 3.2
    if (
      before(options.timestamp, connection.timestampRecent) &&
      stack.now - connection.timestampRecentAt < TIMESTAMP_LIFE
    ) {
      stack.drop(drop.TCP_PAWS);
      return challenge(tcp, connection);
    }
  }
  if (!acceptable(connection, sequence, total)) {
    stack.drop(drop.TCP_WINDOW);
    if (flags & wire.RST) return;
    if (flags & wire.SYN) return challenge(tcp, connection); // RFC 5961, 4.2
    if (connection.state == TIME_WAIT && flags & wire.FIN) connection.lingerAt = stack.now + TIME_WAIT_LENGTH;
    return answerOutside(tcp, connection, sequence, total);
  }
  connection.heard = stack.now;
  if (flags & wire.RST) return takeReset(tcp, connection, sequence);
  if (flags & wire.SYN) {
    stack.drop(drop.TCP_CHALLENGED);
    return challenge(tcp, connection);
  }
  if (!(flags & wire.ACK)) return stack.drop(drop.TCP_ACK);
  const ack = wire.acknowledgment(segment);
  if (connection.state == SYN_RECEIVED) {
    if (!after(ack, connection.una) || after(ack, connection.nxt)) {
      stack.drop(drop.TCP_ACK);
      return refuse(tcp, segment, size);
    }
    connection.windowSequence = sequence;
    connection.windowAck = ack;
    connection.window = window;
    connection.windowMax = connection.window;
    if (connection.backoff == 0) measured(connection, stack.now - connection.progress);
    establish(tcp, connection, ack);
  }
  // An acknowledgment of the future, or of a distant past, was made up (RFC 5961, 5.2).
  if (after(ack, connection.nxt) || before(ack, connection.una - connection.windowMax)) {
    stack.drop(drop.TCP_ACK);
    return challenge(tcp, connection);
  }
  if (connection.timestampsOn && !after(sequence, connection.lastAckSent)) {
    connection.timestampRecent = options.timestamp;
    connection.timestampRecentAt = stack.now;
  }
  const header = wire.headerSize(segment);
  const data = size - header;
  if (!before(ack, connection.una)) {
    takeAck(tcp, connection, sequence, ack, window, total);
    tcp.mark(connection);
    if (connection.finSent && connection.una == connection.nxt) finAcknowledged(tcp, connection);
  }
  if (total != 0) takePayload(tcp, connection, sequence, segment + header, data, (flags & wire.FIN) != 0);
}

/**
 * Whether any of the segment's `total` numbers lies in the window (3.10.7.4, table 6). The very next one is taken even if the window is
 * shut: what the segment acknowledges, and a FIN, need no room.
 */
function acceptable(connection: Connection, sequence: u32, total: u32): bool {
  const next = connection.next;
  if (sequence == next) return true;
  const window = after(connection.offered, next) ? connection.offered - next : 0;
  return sequence - next < window || (total != 0 && sequence + total - 1 - next < window);
}

/** Says what we expect to who sends something else; of data that we had, also that (RFC 2883). */
function answerOutside(tcp: Tcp, connection: Connection, sequence: u32, total: u32): void {
  if (total == 0 || connection.state == TIME_WAIT) return challenge(tcp, connection);
  if (before(sequence, connection.received)) {
    connection.duplicateStart = sequence;
    connection.duplicateEnd = before(sequence + total, connection.received) ? sequence + total : connection.received;
  }
  connection.ackNow = true;
  tcp.mark(connection);
}

/** Says where we are, at most so often: who is the real peer answers rightly (RFC 5961). */
function challenge(tcp: Tcp, connection: Connection): void {
  const now = tcp.stack.now;
  if (connection.challenged != 0 && now - connection.challenged < CHALLENGE_INTERVAL) return;
  connection.challenged = now;
  tcp.challenges++;
  connection.ackNow = true;
  tcp.mark(connection);
}

/** RFC 5961, 3.2: only a reset with exactly the number we expect is believed. */
function takeReset(tcp: Tcp, connection: Connection, sequence: u32): void {
  if (sequence != connection.next) {
    tcp.stack.drop(drop.TCP_CHALLENGED);
    return challenge(tcp, connection);
  }
  tcp.resetsIn++;
  if (connection.state == TIME_WAIT) return tcp.stack.drop(drop.TCP_CHALLENGED); // RFC 1337
  connection.events |= RESET;
  tcp.end(connection);
}
