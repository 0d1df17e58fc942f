// The resolver with handles for the tests.
import '../../../runtime/libos/guest';
import * as resolver from '../../../runtime/libos/dns/resolver';
import * as status from '../../../runtime/libos/dns/status';
import * as dns from '../../../runtime/libos/wire/dns';

export const message: usize = memory.data(65536);
export const out: usize = memory.data(2048);
export const address: usize = memory.data(16);
let finished: u32 = 0;

function report(_r: resolver.Resolver, _query: resolver.Query): void {
  finished++;
}

export function open(seed: u64): resolver.Resolver {
  const made = resolver.open(seed, ~seed);
  made.report = report.index;
  return made;
}

export function close(r: resolver.Resolver): void {
  resolver.close(r);
}

/** Adds the server at `address`. */
export function addServer(r: resolver.Resolver): bool {
  return resolver.addServer(r, address);
}

/** Asks for the name of `size` bytes at `message`. */
export function resolve(r: resolver.Resolver, size: u32, type: u32, now: u64): resolver.Query | null {
  return resolver.resolve(r, message, size, type, now);
}

export function release(r: resolver.Resolver, query: resolver.Query): void {
  resolver.release(r, query);
}

export function poll(r: resolver.Resolver, now: u64, room: u32): u32 {
  const size = resolver.poll(r, now, out, room);
  if (size > 0) memory.copy(address, r.destination, 16);
  return size;
}

/** A datagram from the server at `address`. */
export function input(r: resolver.Resolver, size: u32, port: u32, now: u64): void {
  resolver.input(r, message, size, address, port, now);
}

export function port(r: resolver.Resolver): u32 {
  return r.port;
}

export function deadline(r: resolver.Resolver): u64 {
  return r.deadline;
}

export function isAwaited(r: resolver.Resolver, port: u32): bool {
  return resolver.isAwaited(r, port);
}

export function counter(r: resolver.Resolver, which: u32): u64 {
  switch (which) {
    case 0:
      return r.sent;
    case 1:
      return r.received;
    case 2:
      return r.ignored;
    case 3:
      return r.refused;
    case 4:
      return r.cache.hits;
    default:
      return r.cache.evicted;
  }
}

export function reports(): u32 {
  return finished;
}

export function outcome(query: resolver.Query): string {
  return status.words(query.status);
}

export function count(query: resolver.Query): u32 {
  return query.count;
}

export function addresses(query: resolver.Query): usize {
  return query.addresses;
}

export function rcode(query: resolver.Query): u32 {
  return query.rcode;
}

export function readName(size: u32, at: u32): u32 {
  return dns.readName(message, size, at, out);
}

export function writeName(size: u32): u32 {
  return dns.writeName(message, size, out);
}

export function pages(): i32 {
  return memory.size();
}
