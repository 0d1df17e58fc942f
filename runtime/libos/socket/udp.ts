// UDP (RFC 768): services at ports, and datagrams out. One table for both versions of IP.
import * as ip from '../iface/ip';
import * as drop from '../iface/drop';
import { Stack } from '../iface/stack';
import * as udp from '../wire/udp';
import * as address from '../wire/address';

/** Takes the `size` bytes at `data`, sent from `fromPort`; the addresses are stack.from and stack.to. */
export type Service = (stack: Stack, data: usize, size: u32, fromPort: u32) => void;

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
  stack.drop(drop.PORT);
  if (!stack.toMany) ip.refusePort(stack);
}

/** Where the data of a datagram to `to` is written before send(). */
@inline
export function data(stack: Stack, to: usize): usize {
  return ip.payload(stack, to) + udp.HEADER;
}

/** Bytes a datagram to `to` can carry in one packet. */
export function room(stack: Stack, to: usize): u32 {
  return ip.pathMtu(stack, to) - ip.headerSize(to) - udp.HEADER;
}

/** Sends the `size` bytes at data(). False if they were dropped. */
export function send(stack: Stack, from: usize, fromPort: u32, to: usize, toPort: u32, size: u32): bool {
  udp.write(ip.payload(stack, to), from, fromPort, to, toPort, size);
  return ip.send(stack, from, to, udp.PROTOCOL, udp.HEADER + size);
}
