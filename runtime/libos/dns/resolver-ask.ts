// What a stub resolver sends: each try of a query has its own port, id and mix of letters (RFC 5452).
import * as address from '../wire/address';
import * as dns from '../wire/dns';
import * as generator from '../random/generator';
import { SECOND } from '../time/duration';
import { at, finish, isAwaited, QUERIES, Query, Resolver, schedule } from './resolver-state';
import * as status from './status';

/** The room poll() needs: header, name, type and class, and the OPT record. */
export const ROOM: u32 = 300;

/** Times every server is asked, with 2, 4 and 8 seconds of patience. */
const ROUNDS: u32 = 3;
const FIRST_PORT: u32 = 49152;
const PORTS: u32 = 16384;
/** The datagrams we say we take: they arrive everywhere without fragments (RFC 6891, 6.2.5; DNS flag day 2020). */
const PAYLOAD: u32 = 1232;

/**
 * What there is to send at `now`, written to `to`, which has `room` (at least ROOM) bytes; its size, or 0. Call it when `deadline` comes and
 * after resolve() and input(), until it returns 0.
 */
export function poll(resolver: Resolver, now: u64, to: usize, room: u32): u32 {
  if (now < resolver.deadline || room < ROOM) return 0;
  for (let i: u32 = 0; i < QUERIES; i++) {
    const query = at(resolver, i);
    if (query.users == 0 || query.deadline > now) continue;
    if (query.tries >= ROUNDS * resolver.serverCount) {
      finish(resolver, query, query.rcode != 0 ? status.FAILED : status.TIMED_OUT);
      continue;
    }
    const size = ask(resolver, query, now, to);
    schedule(resolver);
    return size;
  }
  schedule(resolver);
  return 0;
}

/** A port of no other open query. */
function drawPort(resolver: Resolver): u32 {
  let port: u32;
  do port = FIRST_PORT + <u32>generator.below(resolver.random, PORTS);
  while (isAwaited(resolver, port));
  return port;
}

/** Writes the next try of the query, to the next server. */
function ask(resolver: Resolver, query: Query, now: u64, to: usize): u32 {
  const round = query.tries / resolver.serverCount;
  query.port = drawPort(resolver);
  query.id = <u32>generator.below(resolver.random, 0x10000);
  resolver.port = query.port;
  resolver.destination = resolver.servers + (query.tries % resolver.serverCount) * address.SIZE;
  query.tries++;
  query.deadline = now + (SECOND << <u64>(round + 1));
  // Servers that do not give the letters back as they were get them unmixed the second time.
  query.mixed = round == 0;
  mix(resolver, query);
  dns.writeHeader(to, query.id, dns.RECURSION_DESIRED, 1, 0, 0, query.plain ? 0 : 1);
  const size = dns.nameSize(query.sent);
  memory.copy(to + dns.HEADER, query.sent, size);
  let end = dns.writeType(to + dns.HEADER + size, query.type, dns.INTERNET);
  if (!query.plain) {
    store<u8>(end, 0);
    end = dns.writeRecord(end + 1, dns.OPT, PAYLOAD, 0, 0);
  }
  resolver.sent++;
  return <u32>(end - to);
}

/** The name with each letter in a random case. */
function mix(resolver: Resolver, query: Query): void {
  const size = dns.nameSize(query.name);
  let bits: u64 = 0;
  for (let i: u32 = 0; i < size; i++) {
    if (i % 64 == 0) bits = generator.next(resolver.random);
    const c = <u32>load<u8>(query.name + i);
    const letter = (c | 0x20) - 0x61 < 26;
    store<u8>(query.sent + i, letter ? (c | 0x20) ^ (query.mixed ? (<u32>bits & 1) << 5 : 0) : c);
    bits >>= 1;
  }
}
