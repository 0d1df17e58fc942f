// What a multicast DNS responder knows, and the changes that both time and messages cause.
import * as generator from '../random/generator';
import { MILLISECOND, NEVER } from '../time/duration';
import * as hosts from './host';

export const PORT: u32 = 5353;
/** Between probes (8.1), which are answered as fast (6). */
export const PROBE_PAUSE: u64 = 250 * MILLISECOND;

// States.
export const STOPPED: u32 = 0;
export const PROBING: u32 = 1;
export const ANNOUNCING: u32 = 2;
export const RUNNING: u32 = 3;
export const LEAVING: u32 = 4;

// Events, for the log.
/** The name is ours: host.name. */
export const NAMED: u32 = 1;
/** Another host has the name; from now on another one is tried. */
export const RENAMED: u32 = 2;

@unmanaged
export class Responder {
  state: u32;
  /** When poll() has something to do next. */
  deadline: u64;
  /** Where the message poll() just wrote goes: to this address and port, or, if `unicast` is false, to the groups. */
  unicast: bool;
  port: u32;
  to: usize;
  /** Index of (responder: Responder, event: u32) => void; 0 for none. */
  report: u32;
  /** Messages sent; questions about us; messages that are malformed or come from where they must not; unicast answers that became multicast. */
  sent: u64;
  asked: u64;
  malformed: u64;
  crowded: u64;
  conflicts: u32;
  /** Probes or announcements sent in this state, and when the next is due. */
  steps: u32;
  due: u64;
  /** Records to multicast, and when; who asked, if he has more known answers to tell; when all were multicast last. */
  pending: u32;
  pendingAt: u64;
  asker: usize;
  last: u64;
  /** A unicast answer: the records, the question's id and type, and whether the asker is an ordinary resolver. */
  set: u32;
  id: u32;
  type: u32;
  legacy: bool;

  constructor(
    public host: hosts.Host,
    public random: generator.Generator,
  ) {}
}

/** Begins to ask at `when` whether anybody has the name. */
export function probe(responder: Responder, when: u64): void {
  responder.state = PROBING;
  responder.steps = 0;
  responder.due = when;
  responder.pending = 0;
  responder.pendingAt = NEVER;
  responder.set = 0;
  responder.last = 0;
  schedule(responder);
}

/** Says when poll() has something to do next. */
export function schedule(responder: Responder): void {
  responder.deadline = responder.set != 0 ? 0 : min(responder.due, responder.pending != 0 ? responder.pendingAt : NEVER);
}

/** Tells the caller what happened. */
export function tell(responder: Responder, event: u32): void {
  if (responder.report != 0) call_indirect<void>(responder.report, responder, event);
}
