// A stub resolver (RFC 1035, section 7; RFC 1123, 6.1.3) as a pure state machine: it asks recursive servers for addresses. What makes answers
// hard to forge is RFC 5452: each try has its own random port and id, the case of the letters is random (unless the server spoils
// it), and an answer counts only from the server that was asked, to that port, with that id and question.
//
// Not here: DNS over TCP (an answer that is too large is reported), search lists, DNSSEC, other types than A and AAAA.
import * as address from '../wire/address';
import * as dns from '../wire/dns';
import * as generator from '../random/generator';
import { NEVER, SECOND } from '../time/duration';
import * as answers from './answer';
import * as cache from './cache';
import * as status from './status';

export const PORT: u32 = 53;
/** Servers that are asked in turn. */
export const SERVERS: u32 = 3;
/** Questions that can be open at once. */
export const QUERIES: u32 = 16;
/** The room poll() needs: header, name, type and class, and the OPT record. */
export const ROOM: u32 = 300;

/** Times every server is asked, with 2, 4 and 8 seconds of patience. */
const ROUNDS: u32 = 3;
const FIRST_PORT: u32 = 49152;
const PORTS: u32 = 16384;
const CACHED: u32 = 64;
/** The datagrams we say we take: they arrive everywhere without fragments (RFC 6891, 6.2.5; DNS flag day 2020). */
const PAYLOAD: u32 = 1232;

const name: usize = memory.data(255);

/** A question and, once its status is not PENDING, the answer. */
@unmanaged
export class Query {
  status: u32;
  /** What the last server said, for FAILED; SERVER_FAILURE if that made no sense. */
  rcode: u32;
  type: u32;
  count: u32;
  /** Who waits for it; 0: the place is free. */
  users: u32;
  /** When the next server is asked. */
  deadline: u64;
  tries: u32;
  id: u32;
  port: u32;
  /** Without the OPT record, for a server that does not know it. */
  plain: bool;
  mixed: bool;
  /** The name as it was asked for, and as it was sent, with its letters mixed. */
  name: usize;
  sent: usize;

  /** The `count` addresses, of 16 bytes each. */
  constructor(public addresses: usize) {}
}

@unmanaged
export class Resolver {
  /** Where the message poll() just wrote goes: to port 53 of the 16 bytes at `destination`, from port `port`. */
  destination: usize;
  port: u32;
  /** When poll() has something to do next. */
  deadline: u64;
  servers: usize;
  serverCount: u32;
  /** Index of (resolver: Resolver, query: Query) => void, called once for each query that stops being PENDING after resolve(); 0: none. */
  report: u32;
  queries: usize;
  /** Datagrams sent; answers taken; datagrams ignored because they answer nothing we asked, or are malformed; queries refused: all in use. */
  sent: u64;
  received: u64;
  ignored: u64;
  refused: u64;

  constructor(
    public cache: cache.Cache,
    public random: generator.Generator,
    public answer: answers.Answer,
  ) {}
}

/** A resolver; k0 and k1 are its secret randomness. */
export function open(k0: u64, k1: u64): Resolver {
  const answer = new answers.Answer(heap.alloc(cache.ADDRESSES * address.SIZE));
  const resolver = new Resolver(cache.open(CACHED), generator.open(k0, k1), answer);
  resolver.servers = heap.alloc(SERVERS * address.SIZE);
  resolver.queries = heap.alloc(QUERIES * offsetof<Query>());
  memory.fill(resolver.queries, 0, QUERIES * offsetof<Query>());
  for (let i: u32 = 0; i < QUERIES; i++) {
    const query = at(resolver, i);
    query.name = heap.alloc(dns.NAME);
    query.sent = heap.alloc(dns.NAME);
    query.addresses = heap.alloc(cache.ADDRESSES * address.SIZE);
  }
  resolver.deadline = NEVER;
  return resolver;
}

/** Gives all memory back; queries are then gone. */
export function close(resolver: Resolver): void {
  for (let i: u32 = 0; i < QUERIES; i++) {
    heap.free(at(resolver, i).name);
    heap.free(at(resolver, i).sent);
    heap.free(at(resolver, i).addresses);
  }
  heap.free(resolver.queries);
  heap.free(resolver.servers);
  heap.free(resolver.answer.addresses);
  heap.free(changetype<usize>(resolver.answer));
  heap.free(changetype<usize>(resolver.random));
  cache.close(resolver.cache);
  heap.free(changetype<usize>(resolver));
}

@inline
function at(resolver: Resolver, i: u32): Query {
  return changetype<Query>(resolver.queries + i * offsetof<Query>());
}

/** Asks the server with the 16 bytes at `server` too; those beyond SERVERS are left out (false). */
export function addServer(resolver: Resolver, server: usize): bool {
  if (resolver.serverCount == SERVERS) return false;
  address.copy(resolver.servers + resolver.serverCount++ * address.SIZE, server);
  return true;
}

/**
 * The addresses of type A or AAAA of the host name of `size` bytes at `text`. The query may be finished when it is returned, else poll() and
 * input() work on it; release() it in the end. null: QUERIES are open already.
 */
export function resolve(resolver: Resolver, text: usize, size: u32, type: u32, now: u64): Query | null {
  let query: Query | null = null;
  const valid = dns.writeName(text, size, name) != 0;
  for (let i: u32 = 0; i < QUERIES; i++) {
    const other = at(resolver, i);
    if (other.users == 0) query = other;
    else if (valid && other.status == status.PENDING && other.type == type && dns.sameName(other.name, name)) {
      // Asking twice at the same time would only help whoever guesses ids (RFC 5452, 5).
      other.users++;
      return other;
    }
  }
  if (query == null) {
    resolver.refused++;
    return null;
  }
  const made: Query = query;
  made.users = 1;
  made.type = type;
  made.count = 0;
  made.rcode = 0;
  made.tries = 0;
  made.plain = false;
  made.deadline = NEVER;
  made.status = valid ? status.PENDING : status.BAD_NAME;
  if (!valid) return made;
  memory.copy(made.name, name, dns.nameSize(name));
  const known = cache.find(resolver.cache, name, type, now);
  if (known != null) {
    made.status = known.status;
    made.count = known.count;
    memory.copy(made.addresses, known.addresses, known.count * address.SIZE);
  } else if (resolver.serverCount == 0) made.status = status.NO_SERVER;
  else {
    made.deadline = now;
    resolver.deadline = min(resolver.deadline, now);
  }
  return made;
}

/** The caller is done with the query; what is still to come for it is not waited for. */
export function release(resolver: Resolver, query: Query): void {
  if (--query.users == 0) query.deadline = NEVER;
  schedule(resolver);
}

/** Whether a datagram to `port` may be an answer. */
export function isAwaited(resolver: Resolver, port: u32): bool {
  for (let i: u32 = 0; i < QUERIES; i++) if (isOpen(at(resolver, i)) && at(resolver, i).port == port) return true;
  return false;
}

/** Whether the query has been sent and waits for its answer. */
@inline
function isOpen(query: Query): bool {
  return query.users > 0 && query.status == status.PENDING && query.tries > 0;
}

function schedule(resolver: Resolver): void {
  let next = NEVER;
  for (let i: u32 = 0; i < QUERIES; i++) if (at(resolver, i).users > 0) next = min(next, at(resolver, i).deadline);
  resolver.deadline = next;
}

function finish(resolver: Resolver, query: Query, outcome: u32): void {
  query.status = outcome;
  query.deadline = NEVER;
  schedule(resolver);
  if (resolver.report != 0) call_indirect<void>(resolver.report, resolver, query);
}

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

/** Takes a datagram from port 53 of the 16 bytes at `from`, that came to our `port`. What is no answer to an open query changes nothing. */
export function input(
  resolver: Resolver,
  message: usize,
  size: u32,
  from: usize,
  port: u32,
  now: u64,
): void {
  const query = match(resolver, message, size, from, port);
  if (query == null) {
    resolver.ignored++;
    return;
  }
  resolver.received++;
  const behind = dns.HEADER + dns.nameSize(query.sent) + 4;
  const flags = dns.flags(message);
  const rcode = flags & dns.RCODE;
  if (rcode != dns.NO_ERROR && rcode != dns.NAME_ERROR) {
    // An old server does not know the OPT record (RFC 6891, 7): it is asked once more, without.
    if ((rcode == dns.FORMAT_ERROR || rcode == dns.NOT_IMPLEMENTED) && !query.plain) {
      query.plain = true;
      query.tries--;
    }
    query.rcode = rcode;
    again(resolver, query, now);
    return;
  }
  if (flags & dns.TRUNCATED) {
    finish(resolver, query, status.TOO_LARGE);
    return;
  }
  const answer = resolver.answer;
  answers.read(answer, message, size, behind, query.name, query.type);
  if (answer.status == status.PENDING) {
    query.rcode = dns.SERVER_FAILURE;
    again(resolver, query, now);
    return;
  }
  query.count = answer.count;
  memory.copy(query.addresses, answer.addresses, answer.count * address.SIZE);
  if (answer.ttl > 0 && answer.status != status.CHAIN) {
    const expiry = now + <u64>answer.ttl * SECOND;
    cache.keep(
      resolver.cache,
      query.name,
      query.type,
      answer.status,
      answer.addresses,
      answer.count,
      now,
      expiry,
    );
  }
  finish(resolver, query, answer.status);
}

/** The next server, at once. What the last try's server says from now on no longer counts. */
function again(resolver: Resolver, query: Query, now: u64): void {
  query.deadline = now;
  query.port = 0;
  resolver.deadline = min(resolver.deadline, now);
}

/** The open query a datagram answers, null if there is none: RFC 5452, section 9. */
function match(resolver: Resolver, message: usize, size: u32, from: usize, port: u32): Query | null {
  if (size < dns.HEADER || (dns.flags(message) & (dns.RESPONSE | dns.OPCODE)) != dns.RESPONSE) return null;
  for (let i: u32 = 0; i < QUERIES; i++) {
    const query = at(resolver, i);
    if (!isOpen(query) || query.port != port || query.id != dns.id(message)) continue;
    const asked = resolver.servers + ((query.tries - 1) % max(resolver.serverCount, 1)) * address.SIZE;
    if (!address.same(asked, from) || dns.questions(message) != 1) return null;
    // The question as it was sent, letter for letter, unless it was sent without mixing them.
    const named = dns.nameSize(query.sent);
    if (dns.readName(message, size, dns.HEADER, name) != dns.HEADER + named) return null;
    const same = query.mixed ? memory.compare(name, query.sent, named) == 0 : dns.sameName(name, query.sent);
    const end = message + dns.HEADER + named;
    if (!same || dns.HEADER + named + 4 > size) return null;
    return bswap<u16>(load<u16>(end)) == query.type && bswap<u16>(load<u16>(end, 2)) == dns.INTERNET ? query : null;
  }
  return null;
}
