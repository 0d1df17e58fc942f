// Frames by the million at a host that speaks everything: made and spoiled here, in the module, since from outside each would cost more
// than to take it. The host's answers help: what it sends in a handshake is answered, so that there are connections to be attacked.
import '../../runtime/libos/guest'; // declares what an assertion that fails calls
import * as iface from '../../runtime/libos/iface/input';
import * as ipv6 from '../../runtime/libos/iface/ipv6';
import { Stack } from '../../runtime/libos/iface/stack';
import * as tcp from '../../runtime/libos/socket/tcp';
import * as udp from '../../runtime/libos/socket/udp';
import * as address from '../../runtime/libos/wire/address';
import { get16, get32, put16, put32 } from '../../runtime/libos/wire/bytes';
import { finish, pseudoSum, sumBytes } from '../../runtime/libos/wire/checksum';
import * as segment from '../../runtime/libos/wire/tcp';

const ROOM: u32 = 2048;
const SEEDS: u32 = 64;
/** Where the test puts frames to begin with: SEEDS places of ROOM bytes, and their sizes. */
export const seeds: usize = memory.data(131072);
const sizes: usize = memory.data(256);
let seedCount: u32 = 0;

const frame: usize = memory.data(4096);
const from: usize = memory.data(16);
const to: usize = memory.data(16);
/** The last SYN-ACKs of the host: frames of ROOM bytes. */
const ANSWERS: u32 = 8;
const answers: usize = memory.data(16384);
const answerSizes: usize = memory.data(32);
let answered: u32 = 0;

let stack!: Stack;
let sockets!: tcp.Tcp;
let now: u64 = 1_000_000_000;
let state: u64 = 1;
/** Frames the host sent, and connections that were opened. */
export let sent: u64 = 0;
export let opened: u64 = 0;
export let largest: u32 = 0;

function random(): u32 {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return <u32>(state >> 16);
}

function below(bound: u32): u32 {
  return random() % bound;
}

function transmit(out: usize, size: u32): void {
  sent++;
  if (size > largest) largest = size;
  if (size < 54 || size > ROOM || get16(out + 12) != 0x0800 || load<u8>(out, 23) != 6) return;
  if ((segment.flags(out + 34) & (segment.SYN | segment.ACK)) != (segment.SYN | segment.ACK)) return;
  const place = answered++ % ANSWERS;
  memory.copy(answers + place * ROOM, out, size);
  store<u32>(answerSizes + place * 4, size);
}

function serve(on: tcp.Tcp, connection: tcp.Connection, events: u32): void {
  if (events & tcp.ENDED) return;
  if (events & tcp.CONNECTED) {
    opened++;
    tcp.keepAlive(on, connection, 60_000_000_000); // peers that fall silent are given up
  }
  // An echo that closes when the peer does, and now and then by itself.
  while (true) {
    const size = min(tcp.readRun(connection), tcp.room(on, connection));
    if (size == 0) break;
    tcp.write(on, connection, tcp.readAt(connection), size);
    tcp.consume(on, connection, size);
  }
  if (connection.peerFin || below(64) == 0) tcp.close(on, connection);
  else if (below(256) == 0) tcp.abort(on, connection);
}

function echo(on: Stack, data: usize, size: u32, port: u32): void {
  if (size > udp.room(on, on.from)) return;
  memory.copy(udp.data(on, on.from), data, size);
  udp.send(on, on.to, 7, on.from, port, size);
}

export function open(seed: u64): void {
  state = seed | 1;
  const mac: usize = memory.data<u8>([2, 0, 0, 0, 0, 2]);
  const secret: usize = memory.data<u8>([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
  ]);
  stack = new Stack(mac, 1500, transmit.index, secret);
  stack.now = now;
  stack.setIpv4(0x0a000002, 0xffffff00, 0x0a000001);
  udp.start(stack);
  udp.bind(7, echo.index, true);
  sockets = tcp.start(stack);
  sockets.memory = 1 << 20;
  sockets.connectionsMax = 256;
  sockets.backlog = 32;
  sockets.listen(80, serve.index);
  ipv6.start(stack);
}

/** Takes the `size` bytes at the next place of `seeds` as a frame to begin with. */
export function addSeed(size: u32): void {
  store<u32>(sizes + 4 * seedCount++, size);
}

/** Makes the checksums of the frame right, as far as it looks like one that has any. */
function mend(size: u32): void {
  const type = get16(frame + 12);
  const packet = frame + 14;
  if (type == 0x0800 && size >= 34) {
    store<u16>(packet, 0, 10);
    store<u16>(packet, finish(sumBytes(0, packet, 20)), 10);
    address.setIpv4(from, get32(packet + 12));
    address.setIpv4(to, get32(packet + 16));
    mendTransport(load<u8>(packet, 9), packet + 20, size - 34);
  } else if (type == 0x86dd && size >= 54) {
    address.copy(from, packet + 8);
    address.copy(to, packet + 24);
    mendTransport(load<u8>(packet, 6), packet + 40, size - 54);
  }
}

function mendTransport(protocol: u32, at: usize, size: u32): void {
  const field: u32 = protocol == 6 ? 16 : protocol == 17 ? 6 : protocol == 1 || protocol == 58 ? 2 : 0;
  if (field == 0 || size < field + 2) return;
  store<u16>(at + field, 0);
  const pseudo = protocol == 1 ? 0 : pseudoSum(from, to, protocol, size);
  store<u16>(at + field, finish(sumBytes(pseudo, at, size)));
}

/** A segment of the connection that a SYN-ACK of the host began: its ACK, data, FIN, RST, or numbers that are a little off. */
function attack(): u32 {
  const place = below(min(answered, ANSWERS));
  const answer = answers + place * ROOM;
  const theirs = answer + 34;
  memory.copy(frame, answer + 6, 6);
  memory.copy(frame + 6, answer, 6);
  put16(frame + 12, 0x0800);
  const packet = frame + 14;
  const data = below(3) == 0 ? below(1400) : 0;
  store<u16>(packet, 0x0045);
  put16(packet + 2, 40 + data);
  put32(packet + 4, 0);
  store<u16>(packet, 0x0640, 8);
  put32(packet + 12, get32(answer + 30));
  put32(packet + 16, get32(answer + 26));
  const kinds: u32 = below(16);
  let flags = segment.ACK;
  if (kinds == 0) flags |= segment.FIN;
  else if (kinds == 1) flags = segment.RST;
  else if (kinds == 2) flags |= segment.SYN;
  const off = below(4) == 0 ? below(100000) - 50000 : 0;
  const acked = below(4) == 0 ? below(100000) - 50000 : below(2);
  segment.write(
    packet + 20,
    segment.destinationPort(theirs),
    segment.sourcePort(theirs),
    segment.acknowledgment(theirs) + off,
    segment.sequence(theirs) + 1 + acked,
    20,
    flags,
    below(65536),
  );
  mend(54 + data);
  return 54 + data;
}

function spoiled(): u32 {
  const place = below(seedCount);
  let size = load<u32>(sizes + place * 4);
  memory.copy(frame, seeds + place * ROOM, size);
  // Other ports and sources, so that tables fill.
  if (below(2) == 0) store<u8>(frame, <u8>random(), 29);
  if (below(2) == 0) put16(frame + 34, random() & 0xffff);
  for (let changes = below(4); changes > 0; changes--) store<u8>(frame + below(size), <u8>random());
  if (below(4) != 0) mend(size);
  if (below(8) == 0) size = below(size + 1);
  return size;
}

/** Hands `count` frames in, and lets time pass. */
export function run(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const size = answered != 0 && below(2) == 0 ? attack() : spoiled();
    iface.input(stack, frame, size, now);
    if (below(4) == 0) tcp.flush(sockets);
    now += below(20000);
    if (below(1000) == 0) now += <u64>below(1000) * 1000000;
    if (now >= iface.deadline(stack)) iface.tick(stack, now);
    if (now >= tcp.deadline(sockets)) {
      stack.now = now;
      tcp.tick(sockets);
    }
  }
}

/** Lets so much time pass that every connection is over. */
export function drain(): void {
  for (let i: u32 = 0; i < 4000; i++) {
    now += 250_000_000;
    iface.tick(stack, now);
    tcp.tick(sockets);
  }
}

export function connections(): u32 {
  return sockets.connections;
}

export function memoryLeft(): u32 {
  return sockets.memory;
}

export function pages(): u32 {
  return memory.size();
}
