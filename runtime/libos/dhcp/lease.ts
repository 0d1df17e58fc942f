// A lease: what a server's OFFER or ACK gives, checked. Addresses are in host order, 0 where there is none.
import { get16, get32 } from '../wire/bytes';
import * as dhcp from '../wire/dhcp';
import { NEVER, SECOND } from '../time/duration';
import * as events from './events';

/** Servers and routers kept of each list. */
export const LIST: u32 = 3;
/** Classless routes kept; further ones are counted in `routesLeftOut`. */
export const ROUTES: u32 = 8;
/** Bytes of a domain name in text (RFC 1035, 2.3.4). */
const DOMAIN: u32 = 253;
/** Leases shorter than this, in seconds, would make more traffic than sense. */
const SHORTEST: u32 = 10;
/** The lease time that means forever (RFC 2131, 3.3). */
const INFINITE: u32 = 0xffffffff;
/** The smallest MTU every IPv4 host must take (RFC 791); less would only slow us down. */
const SMALLEST_MTU: u32 = 576;

/** For the value of an option; a longer one counts as none. */
const ROOM: u32 = 1024;
const value: usize = memory.data(1024);

@unmanaged
export class Lease {
  address: u32;
  prefix: u32;
  server: u32;
  /** LIST addresses of 4 bytes each, in the machine's byte order, and how many count. */
  routers: usize;
  routerCount: u32;
  dns: usize;
  dnsCount: u32;
  /** The domain's name, ASCII. */
  domain: usize;
  domainSize: u32;
  /** 0 if the server did not say, or said nonsense. */
  mtu: u32;
  /** ROUTES records of 12 bytes: network, prefix length, gateway (0: on this link); RFC 3442. */
  routes: usize;
  routeCount: u32;
  routesLeftOut: u32;
  /** Seconds: the lease, and when to renew and to rebind; 0 for the last two where the server leaves them to us. */
  seconds: u32;
  renewal: u32;
  rebinding: u32;
  /** The same as moments, set by bind(). */
  t1: u64;
  t2: u64;
  expiry: u64;
}

export function create(): Lease {
  const lease = new Lease();
  lease.routers = heap.alloc(LIST * 4);
  lease.dns = heap.alloc(LIST * 4);
  lease.domain = heap.alloc(DOMAIN);
  lease.routes = heap.alloc(ROUTES * 12);
  return lease;
}

export function free(lease: Lease): void {
  heap.free(lease.routers);
  heap.free(lease.dns);
  heap.free(lease.domain);
  heap.free(lease.routes);
  heap.free(changetype<usize>(lease));
}

/** Whether a host can have the address (RFC 1122, 3.2.1.3). */
function isHost(address: u32): bool {
  const first = address >> 24;
  return first != 0 && first != 127 && first < 224;
}

/** Whether the address is neither the network's own nor its broadcast address; both are hosts with /31 and /32 (RFC 3021). */
function isHostIn(address: u32, prefix: u32): bool {
  if (prefix >= 31) return true;
  const host = address & (0xffffffff >> prefix);
  return host != 0 && host != 0xffffffff >> prefix;
}

/** The prefix length of a mask, 0 if its bits are not in one piece. */
function prefixOf(mask: u32): u32 {
  const ones = clz(~mask);
  return ones == 32 || mask << ones == 0 ? ones : 0;
}

/** The prefix of the address's class (RFC 791), for a server that says no mask. */
function classOf(address: u32): u32 {
  return address >> 31 == 0 ? 8 : address >> 30 == 2 ? 16 : 24;
}

/** Reads at most LIST host addresses of option `code` to `to`; how many there are. A list of a wrong length counts as none. */
function readList(message: usize, size: u32, code: u32, to: usize): u32 {
  const bytes = dhcp.option(message, size, code, value, ROOM);
  if (bytes <= 0 || bytes % 4 != 0 || <u32>bytes > ROOM) return 0;
  let count: u32 = 0;
  for (let at: usize = 0; at < <usize>bytes && count < LIST; at += 4) {
    const address = get32(value + at);
    if (!isHost(address)) continue;
    store<u32>(to + count * 4, address);
    count++;
  }
  return count;
}

/** Seconds of option `code`, 0 without. */
function readSeconds(message: usize, size: u32, code: u32): u32 {
  return dhcp.option(message, size, code, value, ROOM) == 4 ? get32(value) : 0;
}

/** Reads the domain name. One that is no host name is left out: it would go into names we ask for, and into the log. */
function readDomain(lease: Lease, message: usize, size: u32): void {
  lease.domainSize = 0;
  let bytes = dhcp.option(message, size, dhcp.DOMAIN, value, ROOM);
  if (bytes <= 0 || <u32>bytes > DOMAIN + 1) return;
  // Some servers count the zero that ends a C string.
  if (load<u8>(value + bytes - 1) == 0) bytes--;
  if (<u32>bytes > DOMAIN) return;
  for (let i = 0; i < bytes; i++) {
    const c = <u32>load<u8>(value + i);
    const letter = (c | 0x20) - 0x61 < 26;
    if (!letter && c - 0x30 > 9 && c != 0x2d && c != 0x2e) return;
  }
  memory.copy(lease.domain, value, bytes);
  lease.domainSize = <u32>bytes;
}

/** Reads classless routes (RFC 3442); if there are any, the routers do not count. A malformed list counts as none. */
function readRoutes(lease: Lease, message: usize, size: u32): void {
  lease.routeCount = 0;
  lease.routesLeftOut = 0;
  const bytes = dhcp.option(message, size, dhcp.ROUTES, value, ROOM);
  if (bytes <= 0 || <u32>bytes > ROOM) return;
  const end = value + bytes;
  let at = value;
  let router: u32 = 0;
  while (at < end) {
    const prefix = <u32>load<u8>(at);
    const octets: usize = (prefix + 7) >> 3;
    if (prefix > 32 || at + 1 + octets + 4 > end) {
      lease.routeCount = 0;
      lease.routesLeftOut = 0;
      return;
    }
    let network: u32 = 0;
    for (let i: usize = 0; i < octets; i++) network |= <u32>load<u8>(at + 1 + i) << (24 - ((<u32>i) << 3));
    const gateway = get32(at + 1 + octets);
    at += 5 + octets;
    if (gateway != 0 && !isHost(gateway)) continue;
    if (prefix == 0) {
      if (router == 0) router = gateway;
    } else if (lease.routeCount == ROUTES) {
      lease.routesLeftOut++;
    } else {
      const to = lease.routes + lease.routeCount++ * 12;
      store<u32>(to, network & ~(prefix == 32 ? 0 : 0xffffffff >> prefix));
      store<u32>(to, prefix, 4);
      store<u32>(to, gateway, 8);
    }
  }
  lease.routerCount = router == 0 ? 0 : 1;
  store<u32>(lease.routers, router);
}

/** Reads an OFFER or an ACK that isReply(); 0, or why it cannot be used. `lease` then holds nothing to rely on. */
export function read(lease: Lease, message: usize, size: u32): u32 {
  if (dhcp.option(message, size, dhcp.SERVER, value, ROOM) != 4) return events.NO_SERVER;
  lease.server = get32(value);
  if (!isHost(lease.server)) return events.NO_SERVER;

  lease.address = dhcp.yourAddress(message);
  if (!isHost(lease.address)) return events.BAD_ADDRESS;
  const mask = dhcp.option(message, size, dhcp.MASK, value, ROOM);
  lease.prefix = mask == 4 ? prefixOf(get32(value)) : mask == dhcp.ABSENT ? classOf(lease.address) : 0;
  if (lease.prefix == 0) return events.BAD_MASK;
  if (!isHostIn(lease.address, lease.prefix)) return events.BAD_ADDRESS;

  lease.seconds = readSeconds(message, size, dhcp.LEASE_TIME);
  if (lease.seconds < SHORTEST) return events.BAD_TIME;
  lease.renewal = readSeconds(message, size, dhcp.RENEWAL);
  lease.rebinding = readSeconds(message, size, dhcp.REBINDING);

  lease.routerCount = readList(message, size, dhcp.ROUTER, lease.routers);
  readRoutes(lease, message, size);
  lease.dnsCount = readList(message, size, dhcp.DNS, lease.dns);
  readDomain(lease, message, size);
  lease.mtu = dhcp.option(message, size, dhcp.MTU, value, ROOM) == 2 ? get16(value) : 0;
  if (lease.mtu < SMALLEST_MTU) lease.mtu = 0;
  return 0;
}

/** Sets the moments of a lease that was asked for at `asked`; `fuzz` (any number) keeps many hosts from renewing in step. */
export function bind(lease: Lease, asked: u64, fuzz: u64): void {
  if (lease.seconds == INFINITE) {
    lease.t1 = NEVER;
    lease.t2 = NEVER;
    lease.expiry = NEVER;
    return;
  }
  const whole = <u64>lease.seconds * SECOND;
  let t1 = <u64>lease.renewal * SECOND;
  let t2 = <u64>lease.rebinding * SECOND;
  // The server's times count if they are in order; else the usual halves and seven eighths (RFC 2131, 4.4.5), less up to a 32nd.
  if (t1 == 0 || t2 == 0 || t1 >= t2 || t2 >= whole) {
    t1 = whole / 2 - (fuzz % (whole / 32));
    t2 = (whole * 7) / 8 - (fuzz % (whole / 32));
  }
  lease.t1 = asked + t1;
  lease.t2 = asked + t2;
  lease.expiry = asked + whole;
}
