// What an interface knows of IPv6: its addresses, and what routers told it. Tables of fixed size; what finds no room is counted.
import * as address from '../wire/address';
import { NEVER, SECOND } from '../time/duration';

export const ADDRESSES: u32 = 8;
/** Of them, how many routers can make us have; the others stay free for the link-local and for fixed addresses. */
export const AUTOMATIC_ADDRESSES: u32 = 5;
export const ROUTERS: u32 = 4;
export const PREFIXES: u32 = 8;
export const REDIRECTS: u32 = 8;
export const NAME_SERVERS: u32 = 3;

/** States of an address (RFC 4862, 2). */
export const FREE: u8 = 0;
/** Perhaps another host has it: only neighbour discovery knows it. */
export const TENTATIVE: u8 = 1;
export const PREFERRED: u8 = 2;
/** Still ours, but new conversations take another one. */
export const DEPRECATED: u8 = 3;
/** Another host has it: it is not used. */
export const DUPLICATE: u8 = 4;

/** Where an address comes from. */
export const LINK_LOCAL: u8 = 0;
export const FIXED: u8 = 1;
export const AUTOMATIC: u8 = 2;

/** An address of ours. */
@unmanaged
export class Address {
  high: u64;
  low: u64;
  /** Until when new conversations use it, and until when it is ours at all. */
  preferredUntil: u64;
  validUntil: u64;
  /** TENTATIVE: when to ask once more, or to believe that nobody has it. */
  due: u64;
  /** Bits of its network's prefix. */
  prefix: u32;
  state: u8;
  origin: u8;
  /** How often nobody answered yet. */
  probes: u8;

  @inline
  get bytes(): usize {
    return changetype<usize>(this);
  }

  /** Whether packets can be sent from it and to it. */
  @inline
  get usable(): bool {
    return this.state == PREFERRED || this.state == DEPRECATED;
  }
}

/** The preference of the router the operator named. */
export const OPERATORS: i32 = 2;

/** A default router, while `until` is not over. */
@unmanaged
export class Router {
  high: u64;
  low: u64;
  until: u64;
  /** -1, 0, 1 as it says (RFC 4191), or OPERATORS. */
  preference: i32;
}

/** A prefix whose hosts are on the link, while `until` is not over. */
@unmanaged
export class Prefix {
  high: u64;
  low: u64;
  until: u64;
  length: u32;
}

/** Who takes the packets for one destination, as a router told us, while `until` is not over. */
@unmanaged
export class Redirect {
  high: u64;
  low: u64;
  /** 16 bytes, too. */
  viaHigh: u64;
  viaLow: u64;
  until: u64;

  @inline
  get via(): usize {
    return changetype<usize>(this) + offsetof<Redirect>('viaHigh');
  }
}

/** A name server, while `until` is not over (RFC 8106). */
@unmanaged
export class NameServer {
  high: u64;
  low: u64;
  until: u64;
}

@unmanaged
export class Ipv6 {
  /** The earliest moment at which ipv6.tick() has to be called. */
  deadline: u64 = NEVER;
  started: bool = false;
  /** Another host has our link-local address, so IPv6 is not used at all (RFC 4862, 5.4.5). */
  disabled: bool = false;
  /** Whether routers may give us addresses and routes. */
  autoconfigured: bool = true;
  /** Whether packets to the group of multicast DNS are for us. */
  mdns: bool = false;
  /** How often to ask whether an address is taken; 0 is for those who know (RFC 4862, 5.1). */
  probes: u8 = 1;

  /** As routers told us (RFC 4861, 6.3.2): hops, bytes (0: the link's), nanoseconds. */
  hopLimit: u32 = 64;
  mtu: u32 = 0;
  retransmitTime: u64 = SECOND;
  /** The reachable time they said last, in milliseconds and before it was spread. */
  reachable: u32 = 0;
  /** Routers say that addresses are to be had by DHCPv6, which we do not speak. */
  managed: bool = false;

  /** Router solicitations: how many were sent, the last interval and the next moment (RFC 7559). */
  solicitations: u32 = 0;
  solicitInterval: u64 = 0;
  solicitAt: u64 = NEVER;
  /** In our duplicate address detection, to know it again (RFC 7527); 48 bits, 0 until the start. */
  nonce: u64 = 0;
  /** Reports of our groups: how many are to be sent, and when (RFC 3810). */
  reports: u32 = 0;
  reportAt: u64 = NEVER;

  /** Counters: addresses that others have, router advertisements taken, things they said for which there was no room. */
  duplicates: u64 = 0;
  advertisements: u64 = 0;
  refused: u64 = 0;

  /** The packet being received: the station it came from, its last next-header field, and whether it came in pieces. */
  station: usize = 0;
  field: u32 = 0;
  inPieces: bool = false;

  private addresses: usize = table(ADDRESSES * offsetof<Address>());
  private routers: usize = table(ROUTERS * offsetof<Router>());
  private prefixes: usize = table(PREFIXES * offsetof<Prefix>());
  private redirects: usize = table(REDIRECTS * offsetof<Redirect>());
  private nameServers: usize = table(NAME_SERVERS * offsetof<NameServer>());

  @inline
  address(index: u32): Address {
    return changetype<Address>(this.addresses + index * offsetof<Address>());
  }

  @inline
  router(index: u32): Router {
    return changetype<Router>(this.routers + index * offsetof<Router>());
  }

  @inline
  prefix(index: u32): Prefix {
    return changetype<Prefix>(this.prefixes + index * offsetof<Prefix>());
  }

  @inline
  redirect(index: u32): Redirect {
    return changetype<Redirect>(this.redirects + index * offsetof<Redirect>());
  }

  @inline
  nameServer(index: u32): NameServer {
    return changetype<NameServer>(this.nameServers + index * offsetof<NameServer>());
  }

  /** Gives its memory back. */
  free(): void {
    heap.free(this.addresses);
    heap.free(this.routers);
    heap.free(this.prefixes);
    heap.free(this.redirects);
    heap.free(this.nameServers);
    heap.free(changetype<usize>(this));
  }

  /** The address `bytes` in whatever state, null if we never had it. */
  find(bytes: usize): Address | null {
    for (let i: u32 = 0; i < ADDRESSES; i++) {
      const own = this.address(i);
      if (own.state != FREE && address.same(own.bytes, bytes)) return own;
    }
    return null;
  }

  /** Has tick() called at `due` at the latest. */
  @inline
  wake(due: u64): void {
    if (due < this.deadline) this.deadline = due;
  }
}

function table(size: u32): usize {
  const made = heap.alloc(size);
  memory.fill(made, 0, size);
  return made;
}
