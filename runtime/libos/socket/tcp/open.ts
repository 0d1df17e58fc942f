// Connections begin: from a SYN to a listener, by a SYN cookie, by ourselves (RFC 9293, 3.5 and 3.10.7.2; RFC 4987).
import * as drop from '../../iface/drop';
import * as ip from '../../iface/ip';
import * as wire from '../../wire/tcp';
import * as options from '../../wire/tcp-options';
import { NEVER } from '../../time/duration';
import { Connection, CONNECTED, ESTABLISHED, FIN_WAIT_1, INBOX_FIRST, SYN_RECEIVED } from './connection';
import * as cubic from './cubic';
import * as isn from './isn';
import { RTO_AFTER_LOSS, RTO_FIRST } from './rtt';
import { sendHeader } from './segment';
import { Tcp } from './state';

/** What a peer takes that does not say so (RFC 9293, 3.7.1). */
const MSS_DEFAULT4: u32 = 536;
const MSS_DEFAULT6: u32 = 1220;
/** Smaller segments than this would only be an attack (RFC 791's smallest packet of 68 is nobody's). */
const MSS_MIN: u32 = 88;
/** Segments at the start that are acknowledged at once, so that the peer's window opens fast. */
const QUICK_ACKS: u32 = 8;

/** The numbers a connection of ours begins with. */
export function prepare(tcp: Tcp, connection: Connection, iss: u32): void {
  const stack = tcp.stack;
  connection.iss = iss;
  connection.una = iss;
  connection.nxt = iss;
  connection.end = iss + 1;
  connection.rto = RTO_FIRST;
  connection.progress = stack.now;
  connection.heard = stack.now;
  connection.timestampOffset = isn.timestampOffset(
    stack,
    connection.local,
    connection.localPort,
    connection.remote,
    connection.remotePort,
  );
}

/** Takes what the peer's SYN offers. */
export function takeSynOptions(tcp: Tcp, connection: Connection): void {
  takeOffer(tcp, connection, options.mss, options.scale, options.sackPermitted, options.hasTimestamps);
  connection.timestampRecent = options.timestamp;
  connection.timestampRecentAt = tcp.stack.now;
}

function takeOffer(tcp: Tcp, connection: Connection, mss: u32, scale: u32, sack: bool, timestamps: bool): void {
  const stack = tcp.stack;
  const header = ip.headerSize(connection.remote);
  if (mss == 0) mss = header == 20 ? MSS_DEFAULT4 : MSS_DEFAULT6;
  const path = ip.pathMtu(stack, connection.remote) - header - wire.HEADER;
  connection.timestampsOn = timestamps;
  connection.sackOn = sack;
  connection.mss = min(max(mss, MSS_MIN), path) - (timestamps ? options.TIMESTAMPS_SIZE : 0);
  const scales = scale != options.NO_SCALE;
  connection.scaleOut = scales ? scale : 0;
  connection.scaleIn = scales ? tcp.scale : 0;
}

/** A segment for a listener. False if it is to be refused. */
export function listenSegment(tcp: Tcp, segment: usize, handler: u32): bool {
  const flags = wire.flags(segment);
  if (flags & wire.RST) {
    tcp.stack.drop(drop.TCP_PORT);
    return true;
  }
  if (flags & wire.ACK) return takeCookie(tcp, segment, handler);
  if (!(flags & wire.SYN)) {
    tcp.stack.drop(drop.TCP_PORT);
    return true; // neither SYN nor ACK nor RST: dropped in silence (3.10.7.2)
  }
  if (tcp.halfOpen >= tcp.backlog) {
    sendCookie(tcp, segment);
    return true;
  }
  const connection = accept(tcp, segment, handler);
  if (connection == null) return true;
  const stack = tcp.stack;
  prepare(tcp, connection, isn.initialSequence(stack, stack.to, connection.localPort, stack.from, connection.remotePort));
  connection.irs = wire.sequence(segment);
  takeSynOptions(tcp, connection);
  connection.state = SYN_RECEIVED;
  tcp.opening(connection, true);
  beginReceiving(connection);
  connection.ackNow = true; // the answer to the SYN
  tcp.mark(connection);
  return true;
}

function accept(tcp: Tcp, segment: usize, handler: u32): Connection | null {
  const stack = tcp.stack;
  const connection = tcp.add(stack.to, wire.destinationPort(segment), stack.from, wire.sourcePort(segment));
  if (connection == null) {
    tcp.refused++;
    stack.drop(drop.TCP_FULL);
    return null;
  }
  connection.handler = handler;
  return connection;
}

/** The numbers we expect after the peer's SYN. */
export function beginReceiving(connection: Connection): void {
  connection.read = connection.irs + 1;
  connection.received = connection.read;
  connection.offered = connection.read;
  connection.lastAckSent = connection.read;
}

/** Our SYN was acknowledged. */
export function establish(tcp: Tcp, connection: Connection, ack: u32): void {
  tcp.opening(connection, false);
  connection.state = connection.finQueued ? FIN_WAIT_1 : ESTABLISHED;
  connection.una = ack;
  connection.nxt = ack;
  connection.rackForward = ack;
  connection.cwnd = cubic.initialWindow(connection.mss);
  if (connection.backoff != 0) connection.rto = RTO_AFTER_LOSS; // our SYN was lost, or the path is slow (RFC 6298, 5.7)
  if (connection.backoff > 1) connection.cwnd = connection.mss; // RFC 6928, 2
  connection.quickAcks = QUICK_ACKS;
  connection.backoff = 0;
  connection.retransmitAt = NEVER;
  connection.progress = tcp.stack.now;
  connection.events |= CONNECTED;
  tcp.accepted++;
  tcp.mark(connection);
}

/** Too many openings are half done: answer with a number that remembers what matters, and keep nothing. */
function sendCookie(tcp: Tcp, segment: usize): void {
  const stack = tcp.stack;
  const localPort = wire.destinationPort(segment);
  const remotePort = wire.sourcePort(segment);
  const irs = wire.sequence(segment);
  const header4 = ip.headerSize(stack.from);
  const mss = options.mss != 0 ? options.mss : header4 == 20 ? MSS_DEFAULT4 : MSS_DEFAULT6;
  const cookie = isn.cookie(stack, stack.to, localPort, stack.from, remotePort, irs, mss);
  const answer = ip.payload(stack, stack.from);
  let header = wire.HEADER;
  header += options.writeMss(answer + header, ip.linkMtu(stack, stack.from) - header4 - wire.HEADER);
  if (options.hasTimestamps) {
    const offset = isn.timestampOffset(stack, stack.to, localPort, stack.from, remotePort);
    const stamp = isn.cookieTimestamp(stack.now, offset, options.scale, options.sackPermitted);
    if (options.sackPermitted) header += options.writeSackPermitted(answer + header);
    header += options.writeTimestamps(answer + header, stamp, options.timestamp);
    if (options.scale != options.NO_SCALE) header += options.writeScale(answer + header, tcp.scale);
  }
  wire.write(answer, localPort, remotePort, cookie, irs + 1, header, wire.SYN | wire.ACK, INBOX_FIRST);
  tcp.cookiesSent++;
  tcp.cookiesUntil = stack.now + isn.COOKIE_LIFE;
  sendHeader(tcp, stack.to, stack.from, answer, header);
}

/** An acknowledgment that may bring a cookie of ours back: then it opens the connection. */
function takeCookie(tcp: Tcp, segment: usize, handler: u32): bool {
  const stack = tcp.stack;
  const localPort = wire.destinationPort(segment);
  const remotePort = wire.sourcePort(segment);
  const irs = wire.sequence(segment) - 1;
  const iss = wire.acknowledgment(segment) - 1;
  if (wire.flags(segment) & wire.SYN || stack.now > tcp.cookiesUntil) return false;
  const mss = isn.checkCookie(stack, stack.to, localPort, stack.from, remotePort, irs, iss);
  if (mss == 0) {
    stack.drop(drop.TCP_COOKIE);
    return false;
  }
  const connection = accept(tcp, segment, handler);
  if (connection == null) return true;
  tcp.cookiesTaken++;
  prepare(tcp, connection, iss);
  connection.irs = irs;
  const echo = options.timestampEcho;
  const stamped = options.hasTimestamps;
  takeOffer(tcp, connection, mss, stamped ? isn.cookieScale(echo) : options.NO_SCALE, stamped && isn.cookieSack(echo), stamped);
  connection.timestampRecent = options.timestamp;
  connection.timestampRecentAt = stack.now;
  beginReceiving(connection);
  connection.offered = connection.read + INBOX_FIRST;
  connection.window = wire.window(segment) << connection.scaleOut;
  connection.windowMax = connection.window;
  connection.windowSequence = wire.sequence(segment);
  connection.windowAck = iss + 1;
  establish(tcp, connection, iss + 1);
  return true;
}
