// A multicast DNS responder for one host name (RFC 6762) as a pure state machine: it probes for NAME.local, announces it, answers questions
// about it, gives way to who has it already (then it is NAME-2.local), and says goodbye. It asks nothing for others and offers no services.
//
// The caller has UDP port 5353 on 224.0.0.251 and ff02::fb, sends with a hop limit of 255, and lets in what comes from the link (section 11).
// A multicast message goes out by each family the host has.
import * as address from '../wire/address';
import * as dns from '../wire/dns';
import * as generator from '../random/generator';
import { MILLISECOND, NEVER, SECOND } from '../time/duration';
import * as hosts from './host';
import * as write from './mdns-write';
import { decide } from './tiebreak';

export const PORT: u32 = 5353;
export const ROOM: u32 = write.ROOM;

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

const PROBES: u32 = 3;
const PROBE_PAUSE: u64 = 250 * MILLISECOND;
const ANNOUNCEMENTS: u32 = 2;
/** After so many conflicts each further try waits (8.1). */
const CONFLICTS: u32 = 15;
const CONFLICT_PAUSE: u64 = 5 * SECOND;
/** A quarter of the TTL: who asks for a unicast answer gets one if the records were multicast since (5.4). */
const RECENT: u64 = 30 * SECOND;
/** Half of the TTL, in seconds: whoever knows a record for longer need not hear it (7.1). */
const KNOWN: u32 = 60;
/** Top bit of a class, see mdns-write.ts. */
const FLAG: u32 = 0x8000;

const record = new dns.Record();
const name: usize = memory.data(255);

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

function probe(responder: Responder, when: u64): void {
  responder.state = PROBING;
  responder.steps = 0;
  responder.due = when;
  responder.pending = 0;
  responder.pendingAt = NEVER;
  responder.set = 0;
  responder.last = 0;
  schedule(responder);
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

function schedule(responder: Responder): void {
  responder.deadline = responder.set != 0 ? 0 : min(responder.due, responder.pending != 0 ? responder.pendingAt : NEVER);
}

function tell(responder: Responder, event: u32): void {
  if (responder.report != 0) call_indirect<void>(responder.report, responder, event);
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

/** Takes a datagram to port 5353 that came from `port` of the 16 bytes at `from`. */
export function input(
  responder: Responder,
  message: usize,
  size: u32,
  from: usize,
  port: u32,
  now: u64,
): void {
  if (responder.state == STOPPED || responder.state == LEAVING) return;
  // Other operations and codes are to be ignored in silence (18.3, 18.11).
  if (size < dns.HEADER || dns.flags(message) & (dns.OPCODE | dns.RCODE)) responder.malformed++;
  else if (dns.flags(message) & dns.RESPONSE) {
    // Only from the port of multicast DNS (11): others could not hear what we reply.
    if (port != PORT || !takeResponse(responder, message, size, now)) responder.malformed++;
  } else if (!takeQuery(responder, message, size, from, port, now)) responder.malformed++;
}

/** Whether the name of `record` is ours. */
function isOurs(responder: Responder, message: usize, size: u32): bool {
  dns.readName(message, size, record.name, name);
  return dns.sameName(name, responder.host.name);
}

/** Looks for records of our name that we do not have; false if the message is malformed. */
function takeResponse(responder: Responder, message: usize, size: u32, now: u64): bool {
  let at = dns.HEADER;
  for (let left = dns.questions(message); left > 0; left--) {
    at = dns.readQuestion(message, size, at, record);
    if (at == 0) return false;
  }
  let conflict = false;
  for (let left = dns.answers(message) + dns.authorities(message) + dns.additionals(message); left > 0; left--) {
    at = dns.readRecord(message, size, at, record);
    if (at == 0) return false;
    // A goodbye makes the name free.
    if ((record.type != dns.A && record.type != dns.AAAA) || record.ttl == 0) continue;
    if ((record.class & ~FLAG) != dns.INTERNET || !isOurs(responder, message, size)) continue;
    const data = message + record.data;
    if (hosts.bitOf(responder.host, record.type, data, record.dataSize) == 0) conflict = true;
  }
  if (conflict) giveWay(responder, now);
  return true;
}

/** Another host has our name. While probing it keeps it; later both find out by probing (9). */
function giveWay(responder: Responder, now: u64): void {
  if (responder.state == PROBING) {
    // Before the first probe nobody has answered one: this is old news, and the probes will tell.
    if (responder.steps == 0) return;
    hosts.rename(responder.host);
    tell(responder, RENAMED);
  }
  responder.conflicts++;
  const pause = responder.conflicts < CONFLICTS ? generator.below(responder.random, PROBE_PAUSE) : CONFLICT_PAUSE;
  probe(responder, now + pause);
}

/** Answers what asks for our name; false if the message is malformed. */
function takeQuery(responder: Responder, message: usize, size: u32, from: usize, port: u32, now: u64): bool {
  const host = responder.host;
  let at = dns.HEADER;
  let set: u32 = 0;
  let type: u32 = 0;
  let wantsUnicast = true;
  for (let left = dns.questions(message); left > 0; left--) {
    at = dns.readQuestion(message, size, at, record);
    if (at == 0) return false;
    const klass = record.class & ~FLAG;
    if ((klass != dns.INTERNET && klass != dns.ANY) || !isOurs(responder, message, size)) continue;
    const found = hosts.ofType(host, record.type);
    set |= found == 0 ? write.NSEC : found;
    type = record.type;
    if (!(record.class & FLAG)) wantsUnicast = false;
  }
  if (responder.state == PROBING) {
    // It is not ours yet: no answers, but perhaps somebody else wants it too.
    at = skipAnswers(message, size, at);
    if (at == 0) return false;
    if (set != 0 && responder.steps > 0 && decide(host, message, size, at) < 0) probe(responder, now + SECOND);
    return true;
  }
  const known = readKnown(responder, message, size, at);
  if (known == MALFORMED) return false;
  // More known answers of who asked before, in a message of their own (7.2).
  if (dns.questions(message) == 0 && address.same(from, responder.asker)) responder.pending &= ~known;
  if (set != 0) responder.asked++;
  set &= ~known;
  if (set != 0) answer(responder, message, set, type, wantsUnicast, from, port, now);
  schedule(responder);
  return true;
}

function skipAnswers(message: usize, size: u32, at: u32): u32 {
  for (let left = dns.answers(message); left > 0 && at != 0; left--) at = dns.readRecord(message, size, at, record);
  return at;
}

/** No set of records has all bits. */
const MALFORMED: u32 = 0xffffffff;

/** Which of our records the asker knows for long enough. */
function readKnown(responder: Responder, message: usize, size: u32, at: u32): u32 {
  let known: u32 = 0;
  for (let left = dns.answers(message); left > 0; left--) {
    at = dns.readRecord(message, size, at, record);
    if (at == 0) return MALFORMED;
    if (record.ttl < KNOWN || !isOurs(responder, message, size)) continue;
    known |= hosts.bitOf(responder.host, record.type, message + record.data, record.dataSize);
  }
  return known;
}

/** Plans the answer: unicast at once, or multicast, each record at most once a second (6). */
function answer(
  responder: Responder,
  message: usize,
  set: u32,
  type: u32,
  wantsUnicast: bool,
  from: usize,
  port: u32,
  now: u64,
): void {
  const isProbe = dns.authorities(message) > 0;
  const legacy = port != PORT;
  const recent = responder.last != 0 && now - responder.last < RECENT;
  if (legacy || (wantsUnicast && (recent || isProbe))) {
    if (responder.set == 0) {
      responder.set = set;
      responder.id = dns.id(message);
      responder.type = type;
      responder.legacy = legacy;
      responder.port = port;
      address.copy(responder.to, from);
      return;
    }
    // One waits already. An ordinary resolver will ask again; for others multicast is as good.
    responder.crowded++;
    if (legacy) return;
  }
  // A probe is answered faster, for it waits only 250 ms (6). Whoever has more known answers gets time to tell them (7.2).
  const pause = isProbe ? PROBE_PAUSE : SECOND;
  let when = responder.last == 0 ? now : max(now, responder.last + pause);
  if (dns.flags(message) & dns.TRUNCATED) {
    address.copy(responder.asker, from);
    when = max(when, now + 400 * MILLISECOND + generator.below(responder.random, 100 * MILLISECOND));
  }
  responder.pendingAt = responder.pending == 0 ? when : min(responder.pendingAt, when);
  responder.pending |= set;
}
