// TCP for its users: servers and clients of the library OS. Events come to a Handler at the end of a turn, after all frames that were
// there have been taken; what a handler writes is sent right after it, with the acknowledgment that was due.
import * as errors from '../iface/errors';
import * as ip from '../iface/ip';
import { Stack } from '../iface/stack';
import { before } from './tcp/sequence';
import {
  CLOSE_WAIT,
  CLOSED,
  Connection,
  ESTABLISHED,
  FIN_WAIT_1,
  ENDED,
  LAST_ACK,
  OUT_FIRST,
  RESET,
  SYN_RECEIVED,
  SYN_SENT,
  TIME_WAIT,
} from './tcp/connection';
import { receive } from './tcp/input';
import * as isn from './tcp/isn';
import { prepare } from './tcp/open';
import { fitPath, output } from './tcp/output';
import { growIfBusy } from './tcp/receive';
import { pathMss, PROTOCOL, sendBare } from './tcp/segment';
import { Tcp, tcpOf } from './tcp/state';
import { expire, lingerEnd } from './tcp/timers';
import * as wire from '../wire/tcp';
import * as options from '../wire/tcp-options';

export { Tcp, tcpOf } from './tcp/state';
export {
  CONNECTED,
  Connection,
  ENDED,
  PEER_CLOSED,
  READABLE,
  RESET,
  STOPPING,
  TIMED_OUT,
  WOKEN,
  WRITABLE,
} from './tcp/connection';

/** Ports for our side of connections we open (RFC 6335, 6). */
const EPHEMERAL_FIRST: u32 = 49152;
const EPHEMERAL_COUNT: u32 = 16384;
/** Ports that are tried before there is said to be none. */
const PORT_TRIES: u32 = 64;

const from: usize = memory.data(16);

/** Lets TCP be spoken on this interface. */
export function start(stack: Stack): Tcp {
  const tcp = new Tcp(stack);
  stack.tcpState = changetype<usize>(tcp);
  stack.tcp = receive.index;
  stack.notify = notified.index;
  return tcp;
}

/** Tells users what happened, and sends what there is to send. To be called when all frames that were there have been taken. */
export function flush(tcp: Tcp): void {
  while (true) {
    const connection = tcp.nextMarked();
    if (connection == null) return;
    if (connection.state == CLOSED) {
      connection.dirty = false;
      tcp.remove(connection);
      continue;
    }
    tell(tcp, connection);
    if (connection.state == TIME_WAIT && connection.readable == 0 && connection.handler != 0) {
      connection.events |= ENDED;
      tell(tcp, connection);
      connection.handler = 0;
      tcp.releaseBuffers(connection);
    }
    connection.dirty = false;
    if (connection.state == CLOSED) {
      tcp.remove(connection);
      continue;
    }
    output(tcp, connection);
    tcp.wheel.schedule(connection);
  }
}

/** Tells the user what happened since the last time. */
function tell(tcp: Tcp, connection: Connection): void {
  const events = connection.events;
  if (events == 0 || connection.handler == 0) return;
  connection.events = 0;
  call_indirect<void>(connection.handler, tcp, connection, events);
}

/** Does what is due. To be called when the time is deadline() or later. */
export function tick(tcp: Tcp): void {
  while (true) {
    const connection = tcp.wheel.expired(tcp.stack.now);
    if (connection == null) break;
    if (connection.due <= tcp.stack.now) expire(tcp, connection);
    else tcp.wheel.schedule(connection);
  }
  flush(tcp);
}

/** The earliest moment at which tick() has to be called. */
export function deadline(tcp: Tcp): u64 {
  return tcp.wheel.deadline();
}

/** Opens a connection to `remote`, 16 bytes; CONNECTED or ENDED follow. Null if there is no route, no port or no room. */
export function connect(tcp: Tcp, remote: usize, port: u32, handler: u32, user: usize): Connection | null {
  const stack = tcp.stack;
  if (!ip.sourceFor(stack, remote, from)) return null;
  for (let tries: u32 = 0; tries < PORT_TRIES; tries++) {
    const local = EPHEMERAL_FIRST + (stack.nextRandom() % EPHEMERAL_COUNT);
    if (tcp.find(from, local, remote, port) != null) continue;
    const connection = tcp.add(from, local, remote, port);
    if (connection == null) return null;
    prepare(tcp, connection, isn.initialSequence(stack, from, local, remote, port));
    connection.handler = handler;
    connection.user = user;
    connection.scaleIn = tcp.scale;
    connection.mss = pathMss(tcp, remote) - options.TIMESTAMPS_SIZE;
    connection.state = SYN_SENT;
    connection.ackNow = true;
    tcp.opened++;
    tcp.mark(connection);
    return connection;
  }
  return null;
}

/* ---- Reading ---- */

/** Where the bytes to be read begin; readRun() of them lie there in one piece. */
@inline
export function readAt(connection: Connection): usize {
  return connection.inbox.at(connection.read);
}

/** Bytes at readAt(), 0 if there are none; when they were consumed there may be more. */
@inline
export function readRun(connection: Connection): u32 {
  return connection.readable == 0 ? 0 : connection.inbox.run(connection.read, connection.readable);
}

/** Takes `size` bytes away from the front. */
export function consume(tcp: Tcp, connection: Connection, size: u32): void {
  connection.read += size;
  if (connection.readable == 0) growIfBusy(tcp, connection);
  tcp.mark(connection);
}

/* ---- Writing ---- */

/** Bytes that can be written now. When there are too few, WRITABLE comes as soon as some were acknowledged. */
export function room(tcp: Tcp, connection: Connection): u32 {
  if ((connection.state != ESTABLISHED && connection.state != CLOSE_WAIT) || connection.finQueued) return 0;
  const used = connection.end - connection.una;
  const size = connection.out.size;
  if (used == size && size < tcp.bufferMax && (size == 0 || size < 2 * min(connection.cwnd, connection.windowMax))) {
    tcp.growOut(connection, size == 0 ? OUT_FIRST : size * 2);
  }
  const free = connection.out.size - used;
  connection.wantsRoom = free == 0;
  if (free == 0) tcp.mark(connection); // a timer may have to wait for memory
  return free;
}

/** Where the next bytes are written; writeRun() of them in one piece. */
@inline
export function writeAt(connection: Connection): usize {
  return connection.out.at(connection.end);
}

/** Bytes that can be written at writeAt(), given what room() said. */
@inline
export function writeRun(connection: Connection, room: u32): u32 {
  return room == 0 ? 0 : connection.out.run(connection.end, room);
}

/** The `size` bytes at writeAt() are to be sent. */
@inline
export function written(tcp: Tcp, connection: Connection, size: u32): void {
  connection.end += size;
  tcp.mark(connection);
}

/** Copies as many of the `size` bytes at `data` as there is room for; returns how many. */
export function write(tcp: Tcp, connection: Connection, data: usize, size: u32): u32 {
  let done: u32 = 0;
  while (done < size) {
    const run = min(writeRun(connection, room(tcp, connection)), size - done);
    if (run == 0) break;
    memory.copy(writeAt(connection), data + done, run);
    written(tcp, connection, run);
    done += run;
  }
  return done;
}

/* ---- Ending ---- */

/** We send no more: what was written goes out, then a FIN. Reading goes on until the peer closes, too. */
export function close(tcp: Tcp, connection: Connection): void {
  switch (connection.state) {
    case SYN_SENT:
      return tcp.end(connection);
    case SYN_RECEIVED:
      break; // the FIN has to wait until the connection is open (RFC 9293, 3.10.4)
    case ESTABLISHED:
      connection.state = FIN_WAIT_1;
      break;
    case CLOSE_WAIT:
      connection.state = LAST_ACK;
      break;
    default:
      return;
  }
  connection.finQueued = true;
  tcp.mark(connection);
}

/** Ends the connection at once with a reset; ENDED follows. */
export function abort(tcp: Tcp, connection: Connection): void {
  if (connection.state == CLOSED) return;
  if (connection.state == TIME_WAIT) {
    connection.read = connection.received;
    return tcp.mark(connection);
  }
  if (connection.state != SYN_SENT) {
    const ack = connection.next;
    sendBare(
      tcp,
      connection.local,
      connection.localPort,
      connection.remote,
      connection.remotePort,
      connection.nxt,
      ack,
      wire.RST | wire.ACK,
    );
  }
  tcp.end(connection);
}

/** Asks for WOKEN at the moment `when`, or some milliseconds later, instead of what was asked before; NEVER for not at all. */
@inline
export function wakeAt(connection: Connection, when: u64): void {
  connection.wakeAt = when; // it is put on the wheel when this turn ends
}

/** Sends keep-alives when nothing was heard for `idle` nanoseconds; 0 for never (RFC 9293, 3.8.4: off unless asked for). */
export function keepAlive(tcp: Tcp, connection: Connection, idle: u64): void {
  connection.keepAlive = idle;
  if (connection.state == TIME_WAIT) return;
  connection.lingerAt = lingerEnd(connection);
  tcp.mark(connection);
}

/* ---- Errors of the network ---- */

/** An ICMP error quotes the `segment` of ours (RFC 5927: only one that can be ours and is on its way is believed). */
function notified(stack: Stack, protocol: u32, kind: u32, value: u32, segment: usize): void {
  if (protocol != PROTOCOL) return;
  const tcp = tcpOf(stack);
  const connection = tcp.find(stack.from, wire.sourcePort(segment), stack.to, wire.destinationPort(segment));
  if (connection == null) return;
  const sequence = wire.sequence(segment);
  if (before(sequence, connection.una) || !before(sequence, connection.nxt)) return;
  if (kind == errors.TOO_BIG) {
    stack.pathMtus.lower(stack.to, value, stack.now);
    fitPath(tcp, connection);
    tcp.mark(connection);
  } else if (kind == errors.REFUSED && connection.state == SYN_SENT) {
    connection.events |= RESET;
    tcp.end(connection);
  }
}
