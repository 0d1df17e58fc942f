// TCP on one interface: its connections and listeners, its memory, its counters.
import { Stack } from '../../iface/stack';
import * as address from '../../wire/address';
import { NEVER } from '../../time/duration';
import { CLOSED, Connection, ENDED, STOPPING, TIME_WAIT } from './connection';
import { releaseSent } from './sent';
import { Wheel } from './wheel';

/** Is told what happened to a connection: `events` are bits of connection.ts. */
export type Handler = (tcp: Tcp, connection: Connection, events: u32) => void;

const BUCKETS: u32 = 1024;
const LISTENERS: u32 = 8;
/** Connections that are kept in TIME-WAIT; the oldest go first when there are more. */
const TIME_WAITS_MAX: u32 = 512;

@unmanaged
class Listener {
  port: u32;
  handler: u32;
}

@unmanaged
export class Tcp {
  stack: Stack;
  /** Connections there can be at once, and how many of them may be half open before SYN cookies take over. */
  connectionsMax: u32 = 1024;
  backlog: u32 = 128;
  /** Bytes that buffers may still take, and the most one buffer may. */
  memory: u32 = 1 << 24;
  bufferMax: u32 = 1 << 18;
  /** The shift of the windows we offer. */
  scale: u32 = 3;

  connections: u32 = 0;
  halfOpen: u32 = 0;
  /** Until then a cookie may come back: they are believed only after some were sent. */
  cookiesUntil: u64 = 0;
  timeWaits: u32 = 0;
  wheel: Wheel = new Wheel();

  /* Counters. */
  opened: u64 = 0;
  accepted: u64 = 0;
  segmentsIn: u64 = 0;
  segmentsOut: u64 = 0;
  resent: u64 = 0;
  timeouts: u64 = 0;
  resetsIn: u64 = 0;
  resetsOut: u64 = 0;
  cookiesSent: u64 = 0;
  cookiesTaken: u64 = 0;
  challenges: u64 = 0;
  refused: u64 = 0;

  private buckets: usize = heap.alloc(BUCKETS * sizeof<usize>());
  private listeners: usize = heap.alloc(LISTENERS * offsetof<Listener>());
  private dirtyFirst: Connection | null = null;
  private dirtyLast: Connection | null = null;
  private oldest: Connection | null = null;
  private newest: Connection | null = null;

  constructor(stack: Stack) {
    this.stack = stack;
    memory.fill(this.buckets, 0, BUCKETS * sizeof<usize>());
    memory.fill(this.listeners, 0, LISTENERS * offsetof<Listener>());
    this.wheel.start(stack.now);
  }

  /** Lets `handler`, the index of a Handler, have the connections that come to `port`; false if there are too many listeners. */
  listen(port: u32, handler: u32): bool {
    for (let i: u32 = 0; i < LISTENERS; i++) {
      const listener = changetype<Listener>(this.listeners + i * offsetof<Listener>());
      if (listener.handler != 0 && listener.port != port) continue;
      listener.port = port;
      listener.handler = handler;
      return true;
    }
    return false;
  }

  /** The index of the handler that listens at `port`, 0 without. */
  listener(port: u32): u32 {
    for (let i: u32 = 0; i < LISTENERS; i++) {
      const listener = changetype<Listener>(this.listeners + i * offsetof<Listener>());
      if (listener.handler != 0 && listener.port == port) return listener.handler;
    }
    return 0;
  }

  @inline
  private bucket(remote: usize, remotePort: u32, localPort: u32): usize {
    const seed = this.stack.secret1 ^ ((<u64>remotePort << 16) | localPort);
    return this.buckets + (<u32>address.hash(remote, seed) & (BUCKETS - 1)) * sizeof<usize>();
  }

  /** The connection between these addresses (16 bytes) and ports, null without. */
  find(local: usize, localPort: u32, remote: usize, remotePort: u32): Connection | null {
    let found = changetype<Connection | null>(load<usize>(this.bucket(remote, remotePort, localPort)));
    while (found != null) {
      if (
        found.remotePort == remotePort &&
        found.localPort == localPort &&
        address.same(found.remote, remote) &&
        address.same(found.local, local)
      ) {
        return found;
      }
      found = found.nextInBucket;
    }
    return null;
  }

  /** A new connection in the table; null if there is no room, even after the oldest in TIME-WAIT was given up. */
  add(local: usize, localPort: u32, remote: usize, remotePort: u32): Connection | null {
    if (this.connections >= this.connectionsMax) {
      let old = this.oldest;
      while (old != null && old.dirty) old = old.newer; // its user is just being told
      if (old == null) return null;
      this.remove(old);
    }
    const made = new Connection();
    address.copy(made.local, local);
    address.copy(made.remote, remote);
    made.localPort = localPort;
    made.remotePort = remotePort;
    const bucket = this.bucket(remote, remotePort, localPort);
    made.nextInBucket = changetype<Connection | null>(load<usize>(bucket));
    store<usize>(bucket, changetype<usize>(made));
    this.connections++;
    return made;
  }

  /** Takes the connection out of every list and gives its memory back; a user who does not know yet is told. */
  remove(connection: Connection): void {
    const handler = connection.handler;
    if (handler != 0) {
      connection.handler = 0;
      call_indirect<void>(handler, this, connection, connection.events | ENDED);
    }
    const bucket = this.bucket(connection.remote, connection.remotePort, connection.localPort);
    let at = changetype<Connection>(load<usize>(bucket));
    if (at == connection) store<usize>(bucket, changetype<usize>(connection.nextInBucket));
    else {
      while (at.nextInBucket != connection) at = at.nextInBucket!;
      at.nextInBucket = connection.nextInBucket;
    }
    this.wheel.remove(connection);
    if (connection.dirty) this.unmark(connection);
    if (connection.state == TIME_WAIT) this.leaveTimeWait(connection);
    this.opening(connection, false);
    this.releaseBuffers(connection);
    heap.free(connection.ranges);
    heap.free(changetype<usize>(connection.out));
    heap.free(changetype<usize>(connection.inbox));
    heap.free(changetype<usize>(connection));
    this.connections--;
  }

  /** The connection is over; its user is told, and its memory given back, at the end of this turn. */
  end(connection: Connection): void {
    connection.state = CLOSED;
    connection.events |= ENDED;
    connection.retransmitAt = NEVER;
    connection.ackAt = NEVER;
    connection.lingerAt = NEVER;
    connection.wakeAt = NEVER;
    if (connection.halfOpen) connection.handler = 0; // nobody knows of it yet
    this.mark(connection);
  }

  /** Ends all connections from the address `local`, 16 bytes, which is ours no more: their peers are told nothing. */
  abandon(local: usize): void {
    for (let i: u32 = 0; i < BUCKETS; i++) {
      let at = changetype<Connection | null>(load<usize>(this.buckets + i * sizeof<usize>()));
      while (at != null) {
        // What is in TIME-WAIT sends nothing by itself.
        if (at.state != TIME_WAIT && at.state != CLOSED && address.same(at.local, local)) this.end(at);
        at = at.nextInBucket;
      }
    }
  }

  /** Takes no more connections, and lets the users of those there are know that they are to end. */
  stop(): void {
    memory.fill(this.listeners, 0, LISTENERS * offsetof<Listener>());
    for (let i: u32 = 0; i < BUCKETS; i++) {
      let at = changetype<Connection | null>(load<usize>(this.buckets + i * sizeof<usize>()));
      while (at != null) {
        if (at.halfOpen) this.end(at);
        else if (at.state != TIME_WAIT && at.state != CLOSED) {
          at.events |= STOPPING;
          this.mark(at);
        }
        at = at.nextInBucket;
      }
    }
  }

  /** Whether all connections are over, but for those that only answer late segments. */
  get drained(): bool {
    return this.connections == this.timeWaits;
  }

  /** Counts the connection among the half open, or no more. */
  opening(connection: Connection, yes: bool): void {
    if (connection.halfOpen == yes) return;
    connection.halfOpen = yes;
    if (yes) this.halfOpen++;
    else this.halfOpen--;
  }

  releaseBuffers(connection: Connection): void {
    this.releaseOut(connection);
    if (connection.inbox.bytes != 0) {
      heap.free(connection.inbox.bytes);
      this.memory += connection.inbox.size;
      connection.inbox.bytes = 0;
      connection.inbox.size = 0;
    }
    releaseSent(connection);
    connection.sentCount = 0;
  }

  releaseOut(connection: Connection): void {
    if (connection.out.bytes == 0) return;
    heap.free(connection.out.bytes);
    this.memory += connection.out.size;
    connection.out.bytes = 0;
    connection.out.size = 0;
  }

  /** Gives the stream to send `size` bytes of buffer; false if there is no memory left. */
  growOut(connection: Connection, size: u32): bool {
    if (size - connection.out.size > this.memory) return false;
    this.memory -= size - connection.out.size;
    connection.out.move(heap.alloc(size), size, connection.una, connection.end - connection.una);
    return true;
  }

  /** Gives the stream that is received `size` bytes of buffer, with all that lies in it; false if there is no memory left. */
  growInbox(connection: Connection, size: u32): bool {
    if (size - connection.inbox.size > this.memory) return false;
    this.memory -= size - connection.inbox.size;
    // What came out of order lies anywhere up to the offered edge.
    connection.inbox.move(heap.alloc(size), size, connection.read, connection.inbox.size);
    return true;
  }

  /** Lets the connection be looked after at the end of this turn. */
  @inline
  mark(connection: Connection): void {
    if (connection.dirty) return;
    connection.dirty = true;
    connection.nextDirty = null;
    const last = this.dirtyLast;
    if (last == null) this.dirtyFirst = connection;
    else last.nextDirty = connection;
    this.dirtyLast = connection;
  }

  /** The next connection to be looked after; null when there is none. It stays `dirty`, so that it is not put in again meanwhile. */
  nextMarked(): Connection | null {
    const first = this.dirtyFirst;
    if (first == null) return null;
    this.dirtyFirst = first.nextDirty;
    if (this.dirtyFirst == null) this.dirtyLast = null;
    return first;
  }

  private unmark(connection: Connection): void {
    let before: Connection | null = null;
    let at = this.dirtyFirst;
    while (at != null && at != connection) {
      before = at;
      at = at.nextDirty;
    }
    if (at == null) return;
    if (before == null) this.dirtyFirst = at.nextDirty;
    else before.nextDirty = at.nextDirty;
    if (this.dirtyLast == at) this.dirtyLast = before;
    connection.dirty = false;
  }

  /** Keeps the connection only to answer late segments (RFC 9293, 3.3.2), and what its user has still to read. */
  enterTimeWait(connection: Connection): void {
    connection.state = TIME_WAIT;
    this.mark(connection);
    connection.older = this.newest;
    connection.newer = null;
    if (this.newest != null) this.newest!.newer = connection;
    else this.oldest = connection;
    this.newest = connection;
    if (++this.timeWaits > TIME_WAITS_MAX) this.remove(this.oldest!);
  }

  private leaveTimeWait(connection: Connection): void {
    const older = connection.older;
    const newer = connection.newer;
    if (older != null) older.newer = newer;
    else this.oldest = newer;
    if (newer != null) newer.older = older;
    else this.newest = older;
    this.timeWaits--;
  }
}

/** The TCP of this interface. */
@inline
export function tcpOf(stack: Stack): Tcp {
  return changetype<Tcp>(stack.tcpState);
}
