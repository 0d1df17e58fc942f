// A multicast DNS responder for one host name (RFC 6762) as a pure state machine: it probes for NAME.local, announces it, answers questions
// about it, gives way to who has it already (then it is NAME-2.local), and says goodbye. It asks nothing for others and offers no services.
//
// The caller has UDP port 5353 on 224.0.0.251 and ff02::fb, sends with a hop limit of 255, and lets in what comes from the link (section 11).
// A multicast message goes out by each family the host has.
import * as address from '../wire/address';
import * as dns from '../wire/dns';
import * as generator from '../random/generator';
import { NEVER, SECOND } from '../time/duration';
import * as hosts from './host';
import { ANNOUNCING, LEAVING, NAMED, probe, PROBE_PAUSE, PROBING, Responder, RUNNING, schedule, STOPPED, tell } from './mdns-state';
import * as write from './mdns-write';

export { input } from './mdns-input';
export { NAMED, PORT, RENAMED, Responder } from './mdns-state';

export const ROOM: u32 = write.ROOM;

const PROBES: u32 = 3;
const ANNOUNCEMENTS: u32 = 2;

/** A responder for `host`, which is closed with it. k0 and k1 are its secret randomness. */
export function open(host: hosts.Host, k0: u64, k1: u64): Responder {
  const responder = new Responder(host, generator.open(k0, k1));
  responder.to = heap.alloc(address.SIZE);
  responder.asker = heap.alloc(address.SIZE);
  responder.deadline = NEVER;
  return responder;
}

export function close(responder: Responder): void {
  hosts.close(responder.host);
  heap.free(responder.to);
  heap.free(responder.asker);
  heap.free(changetype<usize>(responder.random));
  heap.free(changetype<usize>(responder));
}

/** Begins with the addresses the host has now: at first, and whenever they change. Without any there is nothing to say. */
export function start(responder: Responder, now: u64): void {
  if (responder.host.count == 0) {
    stop(responder);
    return;
  }
  // Whose name it is already need not ask again: it announces the addresses it has now (8.4).
  if (responder.state == ANNOUNCING || responder.state == RUNNING) {
    responder.state = ANNOUNCING;
    responder.steps = 0;
    responder.due = now;
    schedule(responder);
    return;
  }
  // All hosts that were switched on together shall not ask together (8.1).
  probe(responder, now + generator.below(responder.random, PROBE_PAUSE));
}

function stop(responder: Responder): void {
  responder.state = STOPPED;
  responder.deadline = NEVER;
}

/** The addresses will be gone; poll() then writes the goodbye, if the name was ours. */
export function leave(responder: Responder, now: u64): void {
  if (responder.state < ANNOUNCING) {
    stop(responder);
    return;
  }
  responder.state = LEAVING;
  responder.deadline = now;
}

/**
 * What there is to send at `now`, written to `to`, which has `room` (at least ROOM) bytes; its size, or 0. Call it when `deadline` comes and
 * after input(), until it returns 0.
 */
export function poll(responder: Responder, now: u64, to: usize, room: u32): u32 {
  if (now < responder.deadline || room < ROOM) return 0;
  const size = next(responder, now, to);
  if (size > 0) responder.sent++;
  if (responder.state != STOPPED) schedule(responder);
  return size;
}

function next(responder: Responder, now: u64, to: usize): u32 {
  const host = responder.host;
  responder.unicast = responder.set != 0 && responder.state != LEAVING;
  if (responder.unicast) {
    const set = responder.set;
    responder.set = 0;
    return responder.legacy
      ? write.legacy(host, to, set, responder.id, responder.type)
      : write.response(host, to, set, false);
  }
  if (responder.state == LEAVING) {
    stop(responder);
    return write.response(host, to, hosts.ofType(host, dns.ANY), true);
  }
  if (responder.state == PROBING && now >= responder.due) {
    if (responder.steps < PROBES) {
      responder.steps++;
      responder.due = now + PROBE_PAUSE;
      return write.probe(host, to);
    }
    responder.state = ANNOUNCING;
    responder.steps = 0;
    responder.conflicts = 0;
    tell(responder, NAMED);
  }
  if (responder.state == ANNOUNCING && now >= responder.due) {
    responder.steps++;
    responder.due = now + SECOND;
    if (responder.steps == ANNOUNCEMENTS) {
      responder.state = RUNNING;
      responder.due = NEVER;
    }
    responder.pending = 0;
    responder.last = now;
    return write.response(host, to, hosts.ofType(host, dns.ANY), false);
  }
  if (responder.pending != 0 && now >= responder.pendingAt) {
    const set = responder.pending;
    responder.pending = 0;
    responder.last = now;
    return write.response(host, to, set, false);
  }
  return 0;
}
