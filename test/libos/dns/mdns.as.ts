// The multicast DNS responder with handles for the tests.
import '../../../runtime/libos/guest';
import * as hosts from '../../../runtime/libos/dns/host';
import * as mdns from '../../../runtime/libos/dns/mdns';

export const message: usize = memory.data(65536);
export const out: usize = memory.data(2048);
export const address: usize = memory.data(16);
export let named: u32 = 0;
export let renamed: u32 = 0;

function report(_r: mdns.Responder, event: u32): void {
  if (event == mdns.NAMED) named++;
  else renamed++;
}

/** A responder called by the `size` bytes at `message`; null if they are no name. */
export function open(size: u32, seed: u64): mdns.Responder | null {
  const host = hosts.open(message, size);
  if (host == null) return null;
  const made = mdns.open(host, seed, ~seed);
  made.report = report.index;
  return made;
}

export function close(r: mdns.Responder): void {
  mdns.close(r);
}

/** Adds the address at `address`. */
export function addAddress(r: mdns.Responder): bool {
  return hosts.addAddress(r.host, address);
}

export function start(r: mdns.Responder, now: u64): void {
  mdns.start(r, now);
}

export function leave(r: mdns.Responder, now: u64): void {
  mdns.leave(r, now);
}

export function poll(r: mdns.Responder, now: u64, room: u32): u32 {
  return mdns.poll(r, now, out, room);
}

/** A datagram of `size` bytes at `message` from `port` of the address at `address`. */
export function input(r: mdns.Responder, size: u32, port: u32, now: u64): void {
  mdns.input(r, message, size, address, port, now);
}

/** The port the last message goes to, 0 for the groups; the address is then at `address`. */
export function destination(r: mdns.Responder): u32 {
  if (!r.unicast) return 0;
  memory.copy(address, r.to, 16);
  return r.port;
}

export function state(r: mdns.Responder): u32 {
  return r.state;
}

export function deadline(r: mdns.Responder): u64 {
  return r.deadline;
}

export function malformed(r: mdns.Responder): u64 {
  return r.malformed;
}

export function crowded(r: mdns.Responder): u64 {
  return r.crowded;
}

export function pages(): i32 {
  return memory.size();
}
