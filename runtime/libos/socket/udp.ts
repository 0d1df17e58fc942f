// UDP (RFC 768): services at ports, and datagrams out. One table for both versions of IP.
import * as ip from '../iface/ip';
import * as drop from '../iface/drop';
import { Stack } from '../iface/stack';
import * as udp from '../wire/udp';
import * as address from '../wire/address';

/** Takes the `size` bytes at `data`, sent from `fromPort`; the addresses are stack.from and stack.to. */
export type Service = (stack: Stack, data: usize, size: u32, fromPort: u32) => void;

/** Takes what was sent to our `port`, which is no service's; false if it did not ask for it. */
export type Client = (stack: Stack, port: u32, data: usize, size: u32, fromPort: u32) => bool;

/** Services there can be at once. */
const SERVICES: u32 = 16;

@unmanaged
class Binding {
  port: u32 = 0;
  service: u32 = 0;
  /** Whether it also takes what is sent to many. */
  many: bool = false;
}

const table: usize = memory.data(192);
/** Index of the Client, 0 without. */
let client: u32 = 0;

@inline
function at(index: u32): Binding {
  return changetype<Binding>(table + index * offsetof<Binding>());
}

/** Lets UDP be spoken on this interface. */
export function start(stack: Stack): void {
  stack.udp = receive.index;
}

/**
 * Lets `service`, the index of a Service, have what comes to `port`; 0 takes it away again.
 * @param many whether it also takes broadcasts and multicasts
 * @returns false if there are too many services
 */
export function bind(port: u32, service: u32, many: bool): bool {
  let free: Binding | null = null;
  for (let i: u32 = 0; i < SERVICES; i++) {
    const binding = at(i);
    if (binding.service != 0 && binding.port == port) {
      binding.service = service;
      binding.many = many;
      return true;
    }
    if (binding.service == 0 && free == null) free = binding;
  }
  if (free == null) return service == 0;
  free.port = port;
  free.service = service;
  free.many = many;
  return true;
}

/** Lets `index`, a Client, see what comes to ports of no service. */
export function offer(index: u32): void {
  client = index;
}

function receive(stack: Stack, segment: usize, size: u32): void {
  if (!udp.isValid(segment, size, stack.from, stack.to, address.isIpv4(stack.from), stack.verified)) return stack.drop(drop.UDP_MALFORMED);
  const port = udp.destinationPort(segment);
  for (let i: u32 = 0; i < SERVICES; i++) {
    const binding = at(i);
    if (binding.service == 0 || binding.port != port) continue;
    if (stack.toMany && !binding.many) return stack.drop(drop.LINK_BROADCAST);
    if (udp.sourcePort(segment) == 0) return stack.drop(drop.SENDER);
    const data = segment + udp.HEADER;
    return call_indirect<void>(binding.service, stack, data, udp.length(segment) - udp.HEADER, udp.sourcePort(segment));
  }
  if (client != 0 && !stack.toMany && take(stack, port, segment)) return;
  stack.drop(drop.PORT);
  if (!stack.toMany) ip.refusePort(stack);
}

function take(stack: Stack, port: u32, segment: usize): bool {
  const size = udp.length(segment) - udp.HEADER;
  return call_indirect<bool>(client, stack, port, segment + udp.HEADER, size, udp.sourcePort(segment));
}

/** Where the data of a datagram to `to` is written before send(). */
@inline
export function data(stack: Stack, to: usize): usize {
  return ip.payload(stack, to) + udp.HEADER;
}

/** Bytes a datagram to `to` can carry in one packet. */
export function room(stack: Stack, to: usize): u32 {
  return ip.datagramMtu(stack, to) - ip.headerSize(to) - udp.HEADER;
}

/** Sends the `size` bytes at data(). False if they were dropped. */
export function send(stack: Stack, from: usize, fromPort: u32, to: usize, toPort: u32, size: u32): bool {
  udp.write(ip.payload(stack, to), from, fromPort, to, toPort, size);
  return ip.send(stack, from, to, udp.PROTOCOL, udp.HEADER + size);
}
