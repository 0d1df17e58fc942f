// What a stub resolver is answered, and whether it is an answer at all (RFC 5452, 9).
import * as address from '../wire/address';
import * as dns from '../wire/dns';
import { SECOND } from '../time/duration';
import * as answers from './answer';
import * as cache from './cache';
import { at, finish, isOpen, QUERIES, Query, Resolver } from './resolver-state';
import * as status from './status';

const name: usize = memory.data(255);

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
