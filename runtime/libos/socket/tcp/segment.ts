// Builds segments and sends them.
import * as ip from '../../iface/ip';
import { finish, pseudoSum, sumBytes } from '../../wire/checksum';
import { copyAndSum } from '../../wire/copy';
import * as wire from '../../wire/tcp';
import * as options from '../../wire/tcp-options';
import { NEVER } from '../../time/duration';
import { Connection, SYN_RECEIVED, SYN_SENT } from './connection';
import { timestampAt } from './isn';
import { Tcp } from './state';
import { after, latest } from './sequence';

export const PROTOCOL: u32 = 6;

/** Bytes of a segment's data on this path, without options. */
export function pathMss(tcp: Tcp, remote: usize): u32 {
  return ip.pathMtu(tcp.stack, remote) - ip.headerSize(remote) - wire.HEADER;
}

/**
 * The right edge of the window to offer: never moved back, and moved on only by a good piece, to spare us tiny segments (RFC 9293, 3.8.6.2.2).
 * A unit of the scale is held back, so that rounding up stays within the buffer.
 */
export function windowEdge(connection: Connection): u32 {
  const room = connection.inboxRoom;
  let edge = connection.read + room - (1 << connection.scaleIn);
  const most = connection.next + (0xffff << connection.scaleIn); // what the field can say
  if (after(edge, most)) edge = most;
  // Half of what can be offered, where a segment may be as large as all of it.
  const step = min(min(room, 0xffff << connection.scaleIn) / 2, connection.mss);
  return after(edge, connection.offered + step - 1) ? edge : connection.offered;
}

/** The window field, and notes what was offered by it. Rounded up, lest the edge move back, unless the buffer ends there (RFC 7323, 2.4). */
function takeWindow(connection: Connection, syn: bool): u32 {
  const edge = windowEdge(connection);
  const next = connection.next;
  const open = after(edge, next) ? edge - next : 0;
  const scale = syn ? 0 : connection.scaleIn;
  let field = min((open + (1 << scale) - 1) >> scale, 0xffff);
  if (field != 0 && after(next + (field << scale), connection.read + connection.inboxRoom)) field--;
  connection.offered = latest(connection.offered, next + (field << scale));
  return field;
}

function writeSack(connection: Connection, at: usize): u32 {
  const duplicate = connection.duplicateStart != connection.duplicateEnd;
  const most: u32 = connection.timestampsOn ? 3 : 4;
  const blocks = min(connection.rangeCount + (duplicate ? 1 : 0), most);
  let size = options.writeSackHead(at, blocks);
  let left = blocks;
  if (duplicate) {
    size += options.writeSackBlock(at + size, connection.duplicateStart, connection.duplicateEnd);
    connection.duplicateEnd = connection.duplicateStart;
    left--;
  }
  // The range that grew last comes first, then the others (RFC 2018, 4).
  let first: u32 = 0;
  for (let i: u32 = 0; i < connection.rangeCount; i++) {
    const range = connection.ranges + (i << 3);
    if (connection.lastRange - load<u32>(range) < load<u32>(range, 4) - load<u32>(range)) first = i;
  }
  for (let i: u32 = 0; left > 0; i++) {
    const range = connection.ranges + (((first + i) % connection.rangeCount) << 3);
    size += options.writeSackBlock(at + size, load<u32>(range), load<u32>(range, 4));
    left--;
  }
  return size;
}

function writeSynOptions(tcp: Tcp, connection: Connection, at: usize, stamp: u32): u32 {
  const answer = connection.state == SYN_RECEIVED;
  let size = options.writeMss(at, ip.linkMtu(tcp.stack, connection.remote) - ip.headerSize(connection.remote) - wire.HEADER);
  if (!answer || connection.sackOn) size += options.writeSackPermitted(at + size);
  if (!answer || connection.timestampsOn) {
    size += options.writeTimestamps(at + size, stamp, connection.timestampRecent);
  }
  if (!answer || connection.scaleIn != 0) size += options.writeScale(at + size, tcp.scale);
  return size;
}

/**
 * Sends one segment with `size` bytes of the stream from `sequence` on; a train of them where the host takes that and it is more than one.
 * `flags` are those besides ACK, which all have as soon as there is something to acknowledge.
 */
export function sendSegment(tcp: Tcp, connection: Connection, sequence: u32, flags: u32, size: u32): void {
  const stack = tcp.stack;
  const segment = ip.payload(stack, connection.remote);
  let header = wire.HEADER;
  const syn = (flags & wire.SYN) != 0;
  if (syn) {
    header += writeSynOptions(tcp, connection, segment + header, timestampAt(stack.now, connection.timestampOffset));
  } else {
    if (connection.timestampsOn) {
      const stamp = timestampAt(stack.now, connection.timestampOffset);
      header += options.writeTimestamps(segment + header, stamp, connection.timestampRecent);
    }
    if (size == 0 && connection.hasSack) {
      header += writeSack(connection, segment + header);
    }
  }
  const acknowledges = connection.state != SYN_SENT;
  const acknowledgment = acknowledges ? connection.next : 0;
  wire.write(
    segment,
    connection.localPort,
    connection.remotePort,
    sequence,
    acknowledgment,
    header,
    acknowledges ? flags | wire.ACK : flags,
    takeWindow(connection, syn),
  );
  const pseudo = pseudoSum(connection.local, connection.remote, PROTOCOL, header + size);
  if (stack.offload && size != 0) {
    connection.out.read(sequence, segment + header, size);
    store<u16>(segment, ~finish(pseudo), 16);
    stack.partial = header;
    stack.train = size > connection.mss ? connection.mss : 0;
  } else store<u16>(segment, checksum(connection, segment, header, sequence, size, pseudo), 16);
  if (acknowledges) {
    connection.lastAckSent = acknowledgment;
    connection.ackNow = false;
    connection.unacked = 0;
    connection.ackAt = NEVER;
  }
  tcp.segmentsOut++;
  ip.send(stack, connection.local, connection.remote, PROTOCOL, header + size);
  stack.partial = 0;
  stack.train = 0;
}

/** Copies the data behind the header; the checksum of all. */
function checksum(
  connection: Connection,
  segment: usize,
  header: u32,
  sequence: u32,
  size: u32,
  pseudo: u64,
): u16 {
  let sum = sumBytes(pseudo, segment, header);
  if (size != 0) {
    const ring = connection.out;
    const first = ring.run(sequence, size);
    sum = copyAndSum(sum, segment + header, ring.at(sequence), first);
    if (first < size) sum = addAtOdd(sum, copyAndSum(0, segment + header + first, ring.bytes, size - first), first);
  }
  return finish(sum);
}

/** Adds the sum of a piece that begins `offset` bytes after an even place: at an odd one its bytes are swapped (RFC 1071, 2 (B)). */
function addAtOdd(sum: u64, piece: u64, offset: u32): u64 {
  if (!(offset & 1)) return sum + piece;
  return sum + bswap<u16>(~finish(piece));
}

/** Sends a segment for which there is no connection: `flags` with these numbers, to where the one that arrived came from. */
export function sendBare(
  tcp: Tcp,
  local: usize,
  localPort: u32,
  remote: usize,
  remotePort: u32,
  sequence: u32,
  acknowledgment: u32,
  flags: u32,
): void {
  const segment = ip.payload(tcp.stack, remote);
  wire.write(segment, localPort, remotePort, sequence, acknowledgment, wire.HEADER, flags, 0);
  if (flags & wire.RST) tcp.resetsOut++;
  sendHeader(tcp, local, remote, segment, wire.HEADER);
}

/** Sends the segment at `segment`, which is its header of `header` bytes and nothing else, with its checksum. */
export function sendHeader(tcp: Tcp, local: usize, remote: usize, segment: usize, header: u32): void {
  const sum = sumBytes(pseudoSum(local, remote, PROTOCOL, header), segment, header);
  store<u16>(segment, finish(sum), 16);
  tcp.segmentsOut++;
  ip.send(tcp.stack, local, remote, PROTOCOL, header);
}
