// The HTTP server with handles for the tests: the device is the test's own function, the access log goes to another.
import '../../../runtime/libos/guest';
import { setIpv4 } from '../../../runtime/libos/wire/address';
import * as content from '../../../runtime/libos/store/store';
import * as server from '../../../runtime/libos/http/server';
import * as rules from '../../../runtime/libos/http/rules';
import { label, REFUSALS, reason, status } from '../../../runtime/libos/http/refusal';

export { REFUSALS, label, reason, status };

declare function readDevice(offset: u64, to: usize, size: u32): bool;
declare function logLine(at: usize, size: u32): void;

/** Where tests put what clients send, and find what they get. */
export const sent: usize = heap.alloc(1 << 17);
export const received: usize = heap.alloc(1 << 17);
/** The address of the next client. */
export const peer: usize = heap.alloc(16);
setIpv4(peer, 0x0a000001);

function readSectors(offset: u64, to: usize, size: u32): bool {
  return readDevice(offset, to, size);
}

function log(at: usize, size: u32): void {
  logLine(at, size);
}

export function openSite(capacity: u64, budget: u32, logs: bool): server.Site | null {
  const archive = content.open(readSectors, capacity, 512, budget);
  if (archive.status != 0) return null;
  const site = server.openSite(archive, new server.Limits());
  site.log = logs ? log.index : 0;
  return site;
}

/** '' when they are in order. */
export function rulesProblem(site: server.Site): string {
  return site.rules.status == rules.OK ? '' : rules.words(site.rules);
}

export function setWall(site: server.Site, seconds: u64): void {
  site.wall = seconds * 1_000_000_000;
}

export function limits(site: server.Site): server.Limits {
  return site.limits;
}

export function setLimits(site: server.Site, clients: u32, fields: u32, heads: u32, body: u32): void {
  site.limits.clients = clients;
  site.limits.fields = fields;
  site.limits.heads = heads;
  site.limits.body = body;
}

export function open(site: server.Site, now: u64): server.Client | null {
  return server.open(site, now, peer);
}

export function input(site: server.Site, client: server.Client, at: u32, size: u32, now: u64): u32 {
  return server.input(site, client, sent + at, size, now);
}

export function output(site: server.Site, client: server.Client, room: u32, now: u64): u32 {
  return server.output(site, client, received, room, now);
}

export function expire(site: server.Site, client: server.Client, now: u64): void {
  server.expire(site, client, now);
}

export function end(site: server.Site, client: server.Client): void {
  server.end(site, client);
}

export function close(site: server.Site, client: server.Client): void {
  server.close(site, client);
}

export function finished(client: server.Client): bool {
  return client.finished;
}

export function failed(client: server.Client): bool {
  return client.failed;
}

export function deadline(client: server.Client): u64 {
  return client.deadline;
}

export function refused(site: server.Site, why: u32): u64 {
  return server.refused(site, why);
}

/** A counter by its place in this list. */
export function counter(site: server.Site, which: u32): u64 {
  switch (which) {
    case 0:
      return site.clients;
    case 1:
      return site.accepted;
    case 2:
      return site.requests;
    case 3:
      return site.informational;
    case 4:
      return site.successful;
    case 5:
      return site.redirections;
    case 6:
      return site.clientErrors;
    case 7:
      return site.serverErrors;
    case 8:
      return site.bytesIn;
    case 9:
      return site.bytesOut;
    case 10:
      return site.headHits;
    case 11:
      return site.headMisses;
    default:
      return site.partial;
  }
}

/** Serves the `size` bytes that were sent `times` over, to see how long it takes; the bytes of the last response. */
export function repeat(site: server.Site, client: server.Client, size: u32, times: u32): u32 {
  let got: u32 = 0;
  for (let i: u32 = 0; i < times; i++) {
    server.input(site, client, sent, size, 0);
    got = server.output(site, client, received, 1 << 16, 0);
  }
  return got;
}

export function pages(): i32 {
  return memory.size();
}
