// A stub resolver (RFC 1035, section 7; RFC 1123, 6.1.3) as a pure state machine: it asks recursive servers for addresses. What makes answers
// hard to forge is RFC 5452: each try has its own random port and id, the case of the letters is random (unless the server spoils
// it), and an answer counts only from the server that was asked, to that port, with that id and question.
//
// Not here: DNS over TCP (an answer that is too large is reported), search lists, DNSSEC, other types than A and AAAA.
import * as address from '../wire/address';
import * as dns from '../wire/dns';
import * as generator from '../random/generator';
import { NEVER } from '../time/duration';
import * as answers from './answer';
import * as cache from './cache';
import { at, QUERIES, Query, Resolver, schedule, SERVERS } from './resolver-state';
import * as status from './status';

export { poll, ROOM } from './resolver-ask';
export { input } from './resolver-input';
export { isAwaited, Query, Resolver } from './resolver-state';

export const PORT: u32 = 53;
/** Answers that are remembered. */
const CACHED: u32 = 64;

const name: usize = memory.data(255);

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
