// Addresses of names: carries the questions of the stub resolver. Its servers are the given one, else those of the DHCP lease, else those that
// routers announce.
import * as resolvers from '../dns/resolver';
import * as status from '../dns/status';
import * as guest from '../guest';
import * as ip from '../iface/ip';
import * as ipv6 from '../iface/ipv6';
import { NAME_SERVERS } from '../iface/ipv6-state';
import { Stack } from '../iface/stack';
import * as udp from '../socket/udp';
import { MILLISECOND } from '../time/duration';
import * as address from '../wire/address';
import { A, AAAA } from '../wire/dns';
import * as dhcp from './dhcp';

let stack!: Stack;
let resolver!: resolvers.Resolver;
/** The server that was given, 16 bytes; 0 without. */
let given: usize = 0;

/** Of what goes to a station that is not known yet, only the last packet waits: so long the next question does, too. */
const HOLD: u64 = 100 * MILLISECOND;
let held: u64 = 0;

const message: usize = memory.data(300);
const from: usize = memory.data(16);

/** Begins; `server`, 16 bytes or 0, is asked instead of those the network tells of. */
export function start(on: Stack, server: usize): void {
  stack = on;
  given = server;
  guest.random(message, 16);
  resolver = resolvers.open(load<u64>(message), load<u64>(message, 8));
  udp.offer(receive.index);
}

function receive(on: Stack, port: u32, data: usize, size: u32, fromPort: u32): bool {
  if (fromPort != resolvers.PORT || !resolvers.isAwaited(resolver, port)) return false;
  resolvers.input(resolver, data, size, on.from, port, on.now);
  return true;
}

/** Learns the servers there are a way to at this moment; false if there is none. */
function refresh(): bool {
  resolver.serverCount = 0;
  if (given != 0) return add(given);
  const client = dhcp.asked;
  if (client != null && stack.address != 0) {
    for (let i: u32 = 0; i < client.lease.dnsCount; i++) {
      address.setIpv4(from, load<u32>(client.lease.dns + i * 4));
      add(from);
    }
  }
  for (let i: u32 = 0; i < NAME_SERVERS; i++) {
    const server = ipv6.nameServer(stack, i);
    if (server != 0) add(server);
  }
  return resolver.serverCount != 0;
}

function add(server: usize): bool {
  return ip.isReachable(stack, server) && resolvers.addServer(resolver, server);
}

/** A host name's addresses of both families. */
@unmanaged
export class Lookup {
  constructor(
    public ipv6: resolvers.Query,
    public ipv4: resolvers.Query,
  ) {}

  get pending(): bool {
    return this.ipv6.status == status.PENDING || this.ipv4.status == status.PENDING;
  }

  /** Why there is no address at all. */
  get reason(): string {
    return status.words(this.ipv4.status == status.NO_DATA ? this.ipv6.status : this.ipv4.status);
  }
}

/**
 * Asks for the host name of `size` bytes at `text`; turn() and what arrives work on it until it is not pending. release() it in the end.
 * @returns null while there is no server in reach, or too much is asked
 */
export function lookUp(text: usize, size: u32): Lookup | null {
  if (!refresh()) return null;
  const six = resolvers.resolve(resolver, text, size, AAAA, stack.now);
  if (six == null) return null;
  const four = resolvers.resolve(resolver, text, size, A, stack.now);
  if (four != null) return new Lookup(six, four);
  resolvers.release(resolver, six);
  return null;
}

export function release(lookup: Lookup): void {
  resolvers.release(resolver, lookup.ipv4);
  resolvers.release(resolver, lookup.ipv6);
  heap.free(changetype<usize>(lookup));
}

/** Does what is due; the moment at which it wants to be called again. */
export function turn(): u64 {
  while (true) {
    if (stack.now < held && !ip.isKnown(stack, resolver.destination)) return held;
    const size = resolvers.poll(resolver, stack.now, message, resolvers.ROOM);
    if (size == 0) return resolver.deadline;
    const server = resolver.destination;
    if (!ip.sourceFor(stack, server, from)) continue; // as if it were lost
    memory.copy(udp.data(stack, server), message, size);
    udp.send(stack, from, resolver.port, server, resolvers.PORT, size);
    if (!ip.isKnown(stack, server)) held = stack.now + HOLD;
  }
}
