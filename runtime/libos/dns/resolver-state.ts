// What a stub resolver knows: its servers, its queries, and when which of them is due.
import * as generator from '../random/generator';
import { NEVER } from '../time/duration';
import * as answers from './answer';
import * as cache from './cache';
import * as status from './status';

/** Servers that are asked in turn. */
export const SERVERS: u32 = 3;
/** Questions that can be open at once. */
export const QUERIES: u32 = 16;

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

/** The place of query number `i`. */
@inline
export function at(resolver: Resolver, i: u32): Query {
  return changetype<Query>(resolver.queries + i * offsetof<Query>());
}

/** Whether a datagram to `port` may be an answer. */
export function isAwaited(resolver: Resolver, port: u32): bool {
  for (let i: u32 = 0; i < QUERIES; i++) if (isOpen(at(resolver, i)) && at(resolver, i).port == port) return true;
  return false;
}

/** Whether the query has been sent and waits for its answer. */
@inline
export function isOpen(query: Query): bool {
  return query.users > 0 && query.status == status.PENDING && query.tries > 0;
}

/** Says when poll() has something to do next. */
export function schedule(resolver: Resolver): void {
  let next = NEVER;
  for (let i: u32 = 0; i < QUERIES; i++) if (at(resolver, i).users > 0) next = min(next, at(resolver, i).deadline);
  resolver.deadline = next;
}

/** The query is over. */
export function finish(resolver: Resolver, query: Query, outcome: u32): void {
  query.status = outcome;
  query.deadline = NEVER;
  schedule(resolver);
  if (resolver.report != 0) call_indirect<void>(resolver.report, resolver, query);
}
