// What a multicast DNS responder hears: questions, which it plans to answer, and others that have its name (RFC 6762, 6 to 9).
import * as address from '../wire/address';
import * as dns from '../wire/dns';
import * as generator from '../random/generator';
import { MILLISECOND, SECOND } from '../time/duration';
import * as hosts from './host';
import { LEAVING, PORT, probe, PROBE_PAUSE, PROBING, RENAMED, Responder, schedule, STOPPED, tell } from './mdns-state';
import * as write from './mdns-write';
import { decide } from './tiebreak';

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
