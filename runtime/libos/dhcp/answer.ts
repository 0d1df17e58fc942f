// What a server answers a DHCP client (RFC 2131, 4.4.1 and 4.4.5).
import * as generator from '../random/generator';
import * as dhcp from '../wire/dhcp';
import { SECOND } from '../time/duration';
import * as events from './events';
import * as leases from './lease';
import { BOUND, Client, REBINDING, RENEWING, REQUESTING, search, SELECTING, tell } from './state';

const value: usize = memory.data(8);

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
