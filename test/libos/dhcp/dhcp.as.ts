// The DHCP client with handles for the tests. Several can exist; the tests hold them as numbers.
import * as client from '../../../runtime/libos/dhcp/client';
import * as events from '../../../runtime/libos/dhcp/events';
import * as leases from '../../../runtime/libos/dhcp/lease';
import { say } from '../../../runtime/libos/dhcp/report';
import * as logger from '../../../runtime/libos/log/logger';
import { sipHashWord } from '../../../runtime/libos/random/siphash';

export const message: usize = memory.data(2048);
export const out: usize = memory.data(2048);

/** The events since the tests looked last, a byte each; `told` is how many. */
export const log: usize = memory.data(256);
let count: u32 = 0;

const source = logger.source('dhcp');
logger.configure('debug');

function report(c: client.Client, event: u32): void {
  say(source, c, event);
  store<u8>(log + (count++ & 255), event);
}

export function told(): u32 {
  const events = count;
  count = 0;
  return events;
}

/** A client with MAC 02:00:00:00:00:02; its name is the `nameSize` bytes at `message`. */
export function open(nameSize: u32, seed: u64): client.Client {
  store<u32>(out, 2);
  store<u16>(out, 0x0200, 4);
  const made = client.open(out, message, nameSize, seed, ~seed);
  made.report = report.index;
  return made;
}

export function close(c: client.Client): void {
  client.close(c);
}

export function start(c: client.Client, now: u64): void {
  client.start(c, now);
}

export function input(c: client.Client, size: u32, now: u64): u32 {
  const before = c.dropped;
  client.input(c, message, size, now);
  return c.dropped == before ? 0 : c.ignored;
}

export function poll(c: client.Client, now: u64, room: u32): u32 {
  return client.poll(c, now, out, room);
}

export function release(c: client.Client, now: u64): void {
  client.release(c, now);
}

export function conflict(c: client.Client, now: u64): void {
  client.conflict(c, now);
}

export function state(c: client.Client): u32 {
  return c.state;
}

export function deadline(c: client.Client): u64 {
  return c.deadline;
}

export function from(c: client.Client): u32 {
  return c.source;
}

export function to(c: client.Client): u32 {
  return c.destination;
}

export function sent(c: client.Client): u64 {
  return c.sent;
}

export function dropped(c: client.Client): u64 {
  return c.dropped;
}

export function lease(c: client.Client): leases.Lease {
  return c.lease;
}

export function leaseWords(lease: leases.Lease): usize {
  store<u32>(out, lease.address);
  store<u32>(out, lease.prefix, 4);
  store<u32>(out, lease.server, 8);
  store<u32>(out, lease.mtu, 12);
  store<u32>(out, lease.routerCount, 16);
  store<u32>(out, lease.dnsCount, 20);
  store<u32>(out, lease.routeCount, 24);
  store<u32>(out, lease.routesLeftOut, 28);
  store<u32>(out, lease.domainSize, 32);
  memory.copy(out + 64, lease.routers, 12);
  memory.copy(out + 76, lease.dns, 12);
  memory.copy(out + 88, lease.routes, 96);
  memory.copy(out + 184, lease.domain, lease.domainSize);
  return out;
}

export function t1(lease: leases.Lease): u64 {
  return lease.t1;
}

export function t2(lease: leases.Lease): u64 {
  return lease.t2;
}

export function expiry(lease: leases.Lease): u64 {
  return lease.expiry;
}

export function words(event: u32): string {
  return events.words(event);
}

export function reason(ignored: u32): string {
  return events.reason(ignored);
}

export function hash(k0: u64, k1: u64, text: u64): u64 {
  return sipHashWord(k0, k1, text);
}

export function pages(): i32 {
  return memory.size();
}
