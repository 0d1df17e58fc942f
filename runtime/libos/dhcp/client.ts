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
import {
  BOUND,
  Client,
  DECLINING,
  INIT,
  REBINDING,
  RELEASING,
  RENEWING,
  REQUESTING,
  search,
  SELECTING,
  STOPPED,
  tell,
} from './state';
import { finish, header, writeChoice, writeWishes } from './write';

export { input } from './answer';
export { Client } from './state';

/** The room poll() needs for any message: RFC 2131 wants requests that fit the 576 bytes every host takes. */
export const ROOM: u32 = 548;
/** Bytes of a label of a host name (RFC 1035, 2.3.4). */
const NAME: u32 = 63;
/** Where messages go that are not for one server. */
export const EVERYONE: u32 = 0xffffffff;

/** Tries of a REQUEST for an offer: 4 + 8 + 16 + 32 seconds, then the search begins again. */
const REQUEST_TRIES: u32 = 4;
/** The tries without an answer that are worth a line, which is after some twelve seconds, and then each further eight. */
const SILENCE: u32 = 2;
/** Least time between requests to renew (RFC 2131, 4.4.5). */
const RENEW_PAUSE: u64 = 60 * SECOND;
/** Wait after a DECLINE (RFC 2131, 3.1); after ten conflicts in a row, a minute (RFC 5227, 2.1.1). */
const DECLINE_PAUSE: u64 = 10 * SECOND;
const CONFLICT_PAUSE: u64 = 60 * SECOND;
const CONFLICTS: u32 = 10;

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

/** Begins to ask for an address at once, whatever was before. */
export function start(client: Client, now: u64): void {
  search(client, now);
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

