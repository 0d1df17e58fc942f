// The client side of DHCPv4 (RFC 2131, section 4.4) as a pure state machine: messages and the time in, messages out. UDP, ports 68 and 67,
// is the caller's; so is asking by ARP whether another host has the address (RFC 5227) after BOUND, and telling conflict() if so.
//
// Not here: INIT-REBOOT (an image remembers nothing), INFORM, authentication (RFC 3118). The wait of up to ten seconds before the first
// message (4.4.1) is left out: a unikernel is up in milliseconds, and who starts a thousand at once can stagger them.
import * as generator from '../random/generator';
import * as dhcp from '../wire/dhcp';
import { NEVER, SECOND } from '../time/duration';
import * as events from './events';
import * as leases from './lease';

// States (RFC 2131, figure 5).
/** Before start(), and after release(). */
export const STOPPED: u32 = 0;
/** Waits until `deadline` to begin the search. */
export const INIT: u32 = 1;
export const SELECTING: u32 = 2;
export const REQUESTING: u32 = 3;
export const BOUND: u32 = 4;
export const RENEWING: u32 = 5;
export const REBINDING: u32 = 6;
/** A DECLINE is to be sent. */
export const DECLINING: u32 = 7;
/** A RELEASE is to be sent. */
export const RELEASING: u32 = 8;

/** The room poll() needs for any message: RFC 2131 wants requests that fit the 576 bytes every host takes. */
export const ROOM: u32 = 548;
/** Bytes of a label of a host name (RFC 1035, 2.3.4). */
const NAME: u32 = 63;
/** Where messages go that are not for one server. */
export const EVERYONE: u32 = 0xffffffff;

/** Tries of a REQUEST for an offer: 4 + 8 + 16 + 32 seconds, then the search begins again. */
const REQUEST_TRIES: u32 = 4;
/** The first silence that is worth a line, and then each further eight tries. */
const SILENCE: u32 = 3;
/** Least time between requests to renew (RFC 2131, 4.4.5). */
const RENEW_PAUSE: u64 = 60 * SECOND;
/** Wait after a DECLINE (RFC 2131, 3.1); after ten conflicts in a row, a minute (RFC 5227, 2.1.1). */
const DECLINE_PAUSE: u64 = 10 * SECOND;
const CONFLICT_PAUSE: u64 = 60 * SECOND;
const CONFLICTS: u32 = 10;

const value: usize = memory.data(8);
/** Of an Ethernet without jumbo frames, less the headers of IP and UDP. */
const LARGEST: u32 = 1472;

@unmanaged
export class Client {
  state: u32;
  /** When poll() has something to do next; NEVER: not at all. */
  deadline: u64;
  /** Where the message poll() just wrote goes: from, 0.0.0.0 or our address; to, a server or EVERYONE. In host order. */
  source: u32;
  destination: u32;
  /** Index of (client: Client, event: u32) => void, see events.ts; 0 for none. */
  report: u32;
  /** Why the last IGNORED message was ignored. */
  ignored: u32;
  /** Messages sent in this state without an answer. */
  tries: u32;
  /** Messages sent, taken, and ignored, since the beginning. */
  sent: u64;
  received: u64;
  dropped: u64;
  mac: usize;
  name: usize;
  nameSize: u32;
  xid: u32;
  /** When this exchange began, and seconds since then for the header. */
  began: u64;
  seconds: u32;
  /** When the REQUEST that is unanswered was sent first: a lease counts from there (RFC 2131, 4.4.1). */
  asked: u64;
  /** NAKs in a row, and conflicts in a row. */
  refusals: u32;
  conflicts: u32;

  constructor(
    /** The lease; its address is 0 while there is none. */
    public lease: leases.Lease,
    /** What is being asked for: the offer, or the answer that is just read. */
    public offer: leases.Lease,
    public random: generator.Generator,
  ) {}
}

/**
 * A client for the interface with the 6 bytes at `mac`. It calls itself the `nameSize` (at most 63, 0 for none) bytes of ASCII at `name`.
 * k0 and k1 are its secret randomness. Both texts are copied.
 */
export function open(mac: usize, name: usize, nameSize: u32, k0: u64, k1: u64): Client {
  const client = new Client(leases.create(), leases.create(), generator.open(k0, k1));
  client.state = STOPPED;
  client.deadline = NEVER;
  client.mac = heap.alloc(6);
  memory.copy(client.mac, mac, 6);
  client.nameSize = min(nameSize, NAME);
  client.name = heap.alloc(NAME);
  memory.copy(client.name, name, client.nameSize);
  return client;
}

/** Gives the client's memory back. */
export function close(client: Client): void {
  leases.free(client.lease);
  leases.free(client.offer);
  heap.free(changetype<usize>(client.random));
  heap.free(client.mac);
  heap.free(client.name);
  heap.free(changetype<usize>(client));
}

function tell(client: Client, event: u32): void {
  if (client.report != 0) call_indirect<void>(client.report, client, event);
}

/** Begins to ask for an address at once, whatever was before. */
export function start(client: Client, now: u64): void {
  search(client, now);
}

/** Without a lease, begins the search at `when`. */
function search(client: Client, when: u64): void {
  client.lease.address = 0;
  client.state = INIT;
  client.deadline = when;
}

/** Gives the address back; poll() then writes the message, once. Without a lease the client only stops. */
export function release(client: Client, now: u64): void {
  client.state = client.lease.address == 0 ? STOPPED : RELEASING;
  client.deadline = client.lease.address == 0 ? NEVER : now;
}

/** The caller found another host with the leased address. The lease is gone at once; poll() then writes a DECLINE. */
export function conflict(client: Client, now: u64): void {
  if (client.lease.address == 0) return;
  client.conflicts++;
  client.state = DECLINING;
  client.deadline = now;
  const declined = client.lease;
  client.lease = client.offer;
  client.offer = declined;
  client.lease.address = 0;
  tell(client, events.DECLINED);
}

/** 4, 8, 16, 32, 64 seconds and so on, more or less up to a second (RFC 2131, 4.1). */
function backoff(client: Client): u64 {
  const whole = SECOND << <u64>min(2 + client.tries, 6);
  return whole - SECOND + generator.below(client.random, 2 * SECOND);
}

/** A new exchange. */
function begin(client: Client, now: u64): void {
  client.xid = <u32>generator.next(client.random);
  client.began = now;
  client.seconds = 0;
  client.tries = 0;
}

/**
 * What there is to send at `now`, written to `to`, which has `room` (at least ROOM) bytes; its size, or 0. Call it when `deadline` comes and
 * after input(), until it returns 0.
 */
export function poll(client: Client, now: u64, to: usize, room: u32): u32 {
  if (now < client.deadline || room < ROOM) return 0;
  advance(client, now);
  client.source = 0;
  client.destination = EVERYONE;
  switch (client.state) {
    case SELECTING:
      return discover(client, now, to);
    case REQUESTING:
      return request(client, now, to);
    case RENEWING:
    case REBINDING:
      return renew(client, now, to);
    case DECLINING: {
      search(client, now + (client.conflicts < CONFLICTS ? DECLINE_PAUSE : CONFLICT_PAUSE));
      begin(client, now);
      const at = header(client, to, dhcp.DECLINE, 0, 0);
      return finish(client, to, writeChoice(client.offer, at));
    }
    case RELEASING: {
      begin(client, now);
      const lease = client.lease;
      client.source = lease.address;
      client.destination = lease.server;
      const at = header(client, to, dhcp.RELEASE, 0, lease.address);
      const size = finish(client, to, dhcp.writeOption32(at, dhcp.SERVER, lease.server));
      client.state = STOPPED;
      client.deadline = NEVER;
      tell(client, events.RELEASED);
      lease.address = 0;
      return size;
    }
    default:
      return 0;
  }
}

/** Changes the state where its time is over. */
function advance(client: Client, now: u64): void {
  const lease = client.lease;
  if (client.state == REQUESTING && client.tries == REQUEST_TRIES) {
    tell(client, events.ABANDONED);
    search(client, now);
  }
  if (client.state == BOUND && now >= lease.t1) {
    client.state = RENEWING;
    begin(client, now);
  }
  if (client.state == RENEWING && now >= lease.t2) {
    client.state = REBINDING;
    begin(client, now);
    tell(client, events.REBINDING);
  }
  if (client.state == REBINDING && now >= lease.expiry) {
    tell(client, events.EXPIRED);
    search(client, now);
  }
  if (client.state == INIT) {
    client.state = SELECTING;
    begin(client, now);
    tell(client, events.SEARCHING);
  }
}

/** Tells that nobody answers, when that is news. */
function tellSilence(client: Client): void {
  if (client.tries >= SILENCE && (client.tries - SILENCE) % 8 == 0) tell(client, events.NO_ANSWER);
}

function discover(client: Client, now: u64, to: usize): u32 {
  tellSilence(client);
  client.deadline = now + backoff(client);
  client.tries++;
  client.seconds = secondsSince(client, now);
  return finish(client, to, writeWishes(client, header(client, to, dhcp.DISCOVER, dhcp.BROADCAST, 0)));
}

/** Takes the offer. `secs` stays that of the DISCOVER (RFC 2131, 4.4.1). */
function request(client: Client, now: u64, to: usize): u32 {
  if (client.tries == 0) client.asked = now;
  client.deadline = now + backoff(client);
  client.tries++;
  const at = writeChoice(client.offer, header(client, to, dhcp.REQUEST, dhcp.BROADCAST, 0));
  return finish(client, to, writeWishes(client, at));
}

/** Asks for more time: the server, or in REBINDING everyone. Neither names server or address in options (RFC 2131, table 4). */
function renew(client: Client, now: u64, to: usize): u32 {
  const lease = client.lease;
  tellSilence(client);
  if (client.tries == 0) client.asked = now;
  client.tries++;
  const end = client.state == RENEWING ? lease.t2 : lease.expiry;
  client.deadline = min(end, now + max((end - now) / 2, RENEW_PAUSE));
  client.seconds = secondsSince(client, now);
  client.source = lease.address;
  if (client.state == RENEWING) client.destination = lease.server;
  return finish(client, to, writeWishes(client, header(client, to, dhcp.REQUEST, 0, lease.address)));
}

function secondsSince(client: Client, now: u64): u32 {
  return <u32>min((now - client.began) / SECOND, 0xffff);
}

/** Header, type and client identifier; where the next option goes. */
function header(client: Client, to: usize, type: u32, flags: u32, address: u32): usize {
  dhcp.writeRequest(to, client.xid, client.seconds, flags, address, client.mac);
  const at = dhcp.writeOption8(to + dhcp.HEADER, dhcp.TYPE, type);
  store<u8>(value, 1); // Ethernet
  memory.copy(value + 1, client.mac, 6);
  return dhcp.writeOption(at, dhcp.CLIENT, value, 7);
}

/** Which address of which server. */
function writeChoice(lease: leases.Lease, at: usize): usize {
  return dhcp.writeOption32(
    dhcp.writeOption32(at, dhcp.REQUESTED, lease.address),
    dhcp.SERVER,
    lease.server,
  );
}

/** What we would like to know, how much we take, and our name. */
function writeWishes(client: Client, at: usize): usize {
  at = dhcp.writeOption16(at, dhcp.MAXIMUM_SIZE, LARGEST);
  // Classless routes before routers (RFC 3442).
  store<u8>(value, dhcp.MASK);
  store<u8>(value, dhcp.ROUTES, 1);
  store<u8>(value, dhcp.ROUTER, 2);
  store<u8>(value, dhcp.DNS, 3);
  store<u8>(value, dhcp.DOMAIN, 4);
  store<u8>(value, dhcp.MTU, 5);
  store<u8>(value, dhcp.RENEWAL, 6);
  store<u8>(value, dhcp.REBINDING, 7);
  at = dhcp.writeOption(at, dhcp.PARAMETERS, value, 8);
  if (client.nameSize > 0) at = dhcp.writeOption(at, dhcp.HOST_NAME, client.name, client.nameSize);
  return at;
}

/** Ends the message and fills it up to the 300 bytes of BOOTP, which old relays insist on (RFC 1542, 2.1). */
function finish(client: Client, to: usize, at: usize): u32 {
  const end = dhcp.writeEnd(at);
  const size = max<u32>(<u32>(end - to), 300);
  memory.fill(end, 0, to + size - end);
  client.sent++;
  return size;
}

/** Takes a datagram that came from port 67. Whatever is not the awaited answer changes nothing. */
export function input(client: Client, message: usize, size: u32, now: u64): void {
  const why = take(client, message, size, now);
  if (why == 0) {
    client.received++;
    return;
  }
  client.ignored = why;
  client.dropped++;
  tell(client, events.IGNORED);
}

/** 0, or why the message is ignored. */
function take(client: Client, message: usize, size: u32, now: u64): u32 {
  if (!dhcp.isReply(message, size)) return events.MALFORMED;
  if (dhcp.transaction(message) != client.xid) return events.OTHER_CLIENT;
  if (memory.compare(dhcp.clientMac(message), client.mac, 6) != 0) return events.OTHER_CLIENT;
  // A server that speaks of the client identifier must mean ours (RFC 6842).
  const id = dhcp.option(message, size, dhcp.CLIENT, value, 8);
  if (id != dhcp.ABSENT) {
    if (id != 7 || load<u8>(value) != 1) return events.OTHER_CLIENT;
    if (memory.compare(value + 1, client.mac, 6) != 0) return events.OTHER_CLIENT;
  }
  if (dhcp.option(message, size, dhcp.TYPE, value, 1) != 1) return events.MALFORMED;
  const type = <u32>load<u8>(value);
  if (client.state == SELECTING && type == dhcp.OFFER) return takeOffer(client, message, size, now);
  const awaits = client.state == REQUESTING || client.state == RENEWING || client.state == REBINDING;
  // No answer can be to a REQUEST that was not sent yet.
  if (!awaits || client.tries == 0) return events.NOT_EXPECTED;
  if (type == dhcp.ACK) return takeAck(client, message, size, now);
  if (type == dhcp.NAK) return takeNak(client, message, size, now);
  return events.NOT_EXPECTED;
}

/** The first offer that can be used is taken. */
function takeOffer(client: Client, message: usize, size: u32, now: u64): u32 {
  const why = leases.read(client.offer, message, size);
  if (why != 0) return why;
  client.state = REQUESTING;
  client.tries = 0;
  client.deadline = now;
  tell(client, events.OFFERED);
  return 0;
}

function takeAck(client: Client, message: usize, size: u32, now: u64): u32 {
  const fresh = client.state == REQUESTING;
  const asked = fresh ? client.offer : client.lease;
  const address = asked.address;
  const server = asked.server;
  // The offer is read over only once it is known that this answers it: a bad answer must not spoil it.
  if (dhcp.yourAddress(message) != address) return events.BAD_ADDRESS;
  if (client.state != REBINDING && !isFrom(message, size, server)) return events.OTHER_SERVER;
  const spare = fresh ? client.lease : client.offer;
  const why = leases.read(spare, message, size);
  if (why != 0) {
    if (fresh) spare.address = 0;
    return why;
  }
  client.offer = asked;
  client.lease = spare;
  leases.bind(spare, client.asked, generator.next(client.random));
  client.state = BOUND;
  client.deadline = spare.t1;
  client.refusals = 0;
  if (!fresh) client.conflicts = 0;
  tell(client, fresh ? events.BOUND : events.RENEWED);
  return 0;
}

/** Whether the message names `server` as its sender. */
function isFrom(message: usize, size: u32, server: u32): bool {
  return dhcp.option(message, size, dhcp.SERVER, value, 4) == 4 && bswap(load<u32>(value)) == server;
}

/** The address is refused: begin again, but ever slower, so that a confused server and we do not keep each other busy. */
function takeNak(client: Client, message: usize, size: u32, now: u64): u32 {
  if (dhcp.option(message, size, dhcp.SERVER, value, 4) != 4) return events.NO_SERVER;
  const server = client.state == REQUESTING ? client.offer.server : client.lease.server;
  if (client.state != REBINDING && !isFrom(message, size, server)) return events.OTHER_SERVER;
  tell(client, events.REFUSED);
  const pause = client.refusals == 0 ? 0 : SECOND << <u64>min(client.refusals, 6);
  client.refusals++;
  search(client, now + pause);
  return 0;
}
