// A host for tests: an interface with UDP and TCP whose frames and whose time come from the test.
import '../../runtime/libos/guest'; // declares what an assertion that fails calls
import { parseCidr } from '../../runtime/libos/args/parse';
import * as iface from '../../runtime/libos/iface/input';
import * as offload from '../../runtime/libos/iface/offload';
import { reason } from '../../runtime/libos/iface/drop';
import * as ipv6 from '../../runtime/libos/iface/ipv6';
import { Stack } from '../../runtime/libos/iface/stack';
import * as tcp from '../../runtime/libos/socket/tcp';
import { Sent } from '../../runtime/libos/socket/tcp/sent';
import * as udp from '../../runtime/libos/socket/udp';

/** A frame that leaves: `size` bytes at `frame`, to be copied at once. */
declare function transmitted(frame: usize, size: u32): void;

/** Something happened to the connection. */
declare function event(connection: usize, events: u32): void;

/** Where the test puts a frame, and data to write; where it finds data that was read. */
export const inbox: usize = memory.data(65536);
export const data: usize = memory.data(65536);

let stack: Stack | null = null;
let sockets: tcp.Tcp | null = null;

function transmit(frame: usize, size: u32): void {
  transmitted(frame, size);
}

function handle(on: tcp.Tcp, connection: tcp.Connection, events: u32): void {
  event(changetype<usize>(connection), events);
}

/** Makes the host: `mac` is the last byte of 02:00:00:00:00:xx, `ipv4` as 10.0.0.2/24. */
export function open(mac: u32, ipv4: string, mtu: u32, seed: u64, now: u64, offloads: bool): void {
  const cidr = parseCidr(ipv4)!;
  const bytes = heap.alloc(8);
  store<u64>(bytes, 2);
  store<u8>(bytes, <u8>mac, 5);
  const secret = heap.alloc(24);
  for (let i: u32 = 0; i < 3; i++) store<u64>(secret + (i << 3), (seed + i + 1) * 0x9e3779b97f4a7c15);
  const made = new Stack(bytes, mtu, transmit.index, secret, offloads);
  made.now = now;
  made.setIpv4(cidr.address, cidr.mask, 0);
  udp.start(made);
  sockets = tcp.start(made);
  stack = made;
}

/** Gives it the IPv6 address of 16 bytes at `data` too, which it holds to be its own without asking, and asks no routers. */
export function addIpv6(): void {
  const on = stack!;
  on.ipv6.probes = 0;
  on.ipv6.autoconfigured = false;
  ipv6.start(on);
  ipv6.addStatic(on, data, 64);
  iface.tick(on, on.now);
}

/** Takes the frame of `size` bytes in the inbox, which has a header if checksums and trains of segments are left to the host. What it causes is sent by flush(). */
export function receive(size: u32, now: u64): void {
  const on = stack!;
  const header = on.offload ? offload.HEADER : 0;
  on.verified = on.offload && offload.isVerified(inbox);
  iface.input(on, inbox + header, size - header, now);
}

export function flush(): void {
  tcp.flush(sockets!);
}

/** Does what is due at `now`. */
export function tick(now: u64): void {
  iface.tick(stack!, now);
  tcp.tick(sockets!);
}

export function deadline(): u64 {
  return min(iface.deadline(stack!), tcp.deadline(sockets!));
}

/** Why the last frame was dropped, '' if it was not. */
export function dropped(): string {
  return stack!.dropped == 0 ? '' : reason(stack!.dropped);
}

/** How many frames were dropped for the reason number `code`. */
export function drops(code: u32): u64 {
  return load<u64>(stack!.drops + (code << 3));
}

export function setMtu(mtu: u32): void {
  stack!.mtu = mtu;
  stack!.ipv4Mtu = mtu;
}

/** Bounds: connections, half-open ones before cookies, bytes of buffers, the most for one buffer. 0 leaves a bound as it is. */
export function limit(connections: u32, backlog: u32, memory: u32, buffer: u32): void {
  const on = sockets!;
  if (connections != 0) on.connectionsMax = connections;
  if (backlog != 0) on.backlog = backlog;
  if (memory != 0) on.memory = memory;
  if (buffer != 0) on.bufferMax = buffer;
}

export function listen(port: u32): bool {
  return sockets!.listen(port, handle.index);
}

/** Opens a connection to the address of 16 bytes at `data`; 0 if that cannot be. */
export function connect(port: u32): usize {
  return changetype<usize>(tcp.connect(sockets!, data, port, handle.index, 0));
}

/** Writes `size` bytes of `data`; how many there was room for. */
export function write(connection: usize, size: u32): u32 {
  return tcp.write(sockets!, changetype<tcp.Connection>(connection), data, size);
}

/** Reads up to `most` bytes to `data`; how many. */
export function read(connection: usize, most: u32): u32 {
  const from = changetype<tcp.Connection>(connection);
  let done: u32 = 0;
  while (done < most) {
    const run = min(tcp.readRun(from), most - done);
    if (run == 0) break;
    memory.copy(data + done, tcp.readAt(from), run);
    tcp.consume(sockets!, from, run);
    done += run;
  }
  return done;
}

export function close(connection: usize): void {
  tcp.close(sockets!, changetype<tcp.Connection>(connection));
}

export function abort(connection: usize): void {
  tcp.abort(sockets!, changetype<tcp.Connection>(connection));
}

export function setNoDelay(connection: usize, on: bool): void {
  changetype<tcp.Connection>(connection).noDelay = on;
}

export function setKeepAlive(connection: usize, idle: u64): void {
  tcp.keepAlive(sockets!, changetype<tcp.Connection>(connection), idle);
}

/* What the tests look at. */

export function state(connection: usize): u32 {
  return changetype<tcp.Connection>(connection).state;
}

export function cwnd(connection: usize): u32 {
  return changetype<tcp.Connection>(connection).cwnd;
}

export function ssthresh(connection: usize): u32 {
  return changetype<tcp.Connection>(connection).ssthresh;
}

export function srtt(connection: usize): u64 {
  return changetype<tcp.Connection>(connection).srtt;
}

export function rto(connection: usize): u64 {
  return changetype<tcp.Connection>(connection).rto;
}

export function mss(connection: usize): u32 {
  return changetype<tcp.Connection>(connection).mss;
}

/** Bytes of the records of what was sent, and of the buffer they are bounded by. */
export function recordBytes(connection: usize): u32 {
  return changetype<tcp.Connection>(connection).sentRoom * offsetof<Sent>();
}

export function outBytes(connection: usize): u32 {
  return changetype<tcp.Connection>(connection).out.size;
}

/** Connections there are, those that are half open, in TIME-WAIT; bytes of buffers that are left; cookies sent; resent segments. */
export function count(what: u32): u64 {
  const on = sockets!;
  switch (what) {
    case 0:
      return on.connections;
    case 1:
      return on.halfOpen;
    case 2:
      return on.timeWaits;
    case 3:
      return on.memory;
    case 4:
      return on.cookiesSent;
    case 5:
      return on.cookiesTaken;
    case 6:
      return on.resent;
    case 7:
      return on.timeouts;
    default:
      return on.challenges;
  }
}

/** Pages of memory, of 64 KiB. */
export function pages(): u32 {
  return memory.size();
}
