// What a DHCP client's messages are made of.
import * as dhcp from '../wire/dhcp';
import * as leases from './lease';
import { Client } from './state';

const value: usize = memory.data(8);
/** Of an Ethernet without jumbo frames, less the headers of IP and UDP. */
const LARGEST: u32 = 1472;

/** Header, type and client identifier; where the next option goes. */
export function header(client: Client, to: usize, type: u32, flags: u32, address: u32): usize {
  dhcp.writeRequest(to, client.xid, client.seconds, flags, address, client.mac);
  const at = dhcp.writeOption8(to + dhcp.HEADER, dhcp.TYPE, type);
  store<u8>(value, 1); // Ethernet
  memory.copy(value + 1, client.mac, 6);
  return dhcp.writeOption(at, dhcp.CLIENT, value, 7);
}

/** Which address of which server. */
export function writeChoice(lease: leases.Lease, at: usize): usize {
  return dhcp.writeOption32(
    dhcp.writeOption32(at, dhcp.REQUESTED, lease.address),
    dhcp.SERVER,
    lease.server,
  );
}

/** What we would like to know, how much we take, and our name. */
export function writeWishes(client: Client, at: usize): usize {
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
export function finish(client: Client, to: usize, at: usize): u32 {
  const end = dhcp.writeEnd(at);
  const size = max<u32>(<u32>(end - to), 300);
  memory.fill(end, 0, to + size - end);
  client.sent++;
  return size;
}
