// An interface with handles for the tests: frames are written to and read from this module's memory.
import '../../../runtime/libos/guest';
import { label } from '../../../runtime/libos/iface/drop';
import * as icmpv6 from '../../../runtime/libos/iface/icmpv6';
import * as input from '../../../runtime/libos/iface/input';
import * as ipv6 from '../../../runtime/libos/iface/ipv6';
import * as pieces from '../../../runtime/libos/iface/pieces';
import { Stack } from '../../../runtime/libos/iface/stack';

declare function transmit(frame: usize, size: u32): void;
declare function deliver(protocol: u32, segment: usize, size: u32): void;
declare function notify(protocol: u32, kind: u32, value: u32, segment: usize): void;

export const buffer: usize = memory.data(70_000);

let stack: Stack | null = null;
let refusing = false;

function send(frame: usize, size: u32): void {
  transmit(frame, size);
}

function udp(stack: Stack, segment: usize, size: u32): void {
  deliver(17, segment, size);
  if (refusing) icmpv6.unreachable(stack, icmpv6.NO_PORT);
}

function tcp(_: Stack, segment: usize, size: u32): void {
  deliver(6, segment, size);
}

function told(_: Stack, protocol: u32, kind: u32, value: u32, segment: usize): void {
  notify(protocol, kind, value, segment);
}

/** Makes a stack with the MAC address 02:00:00:00:00:02 and no transport. */
export function open(mtu: u32, seed: u64): void {
  store<u32>(buffer, 2);
  store<u16>(buffer + 4, 0x0200);
  for (let i = 0; i < 3; i++) store<u64>(buffer + 8 + i * 8, seed * 0x9e3779b97f4a7c15 + i);
  const send4: (frame: usize, size: u32) => void = send;
  const made = new Stack(buffer, mtu, send4.index, buffer + 8);
  stack = made;
  refusing = false;
}

/** Adds UDP, which answers "port unreachable" if `refuse`, TCP and an ear for errors. */
export function transport(refuse: bool): void {
  const u: (stack: Stack, segment: usize, size: u32) => void = udp;
  const t: (stack: Stack, segment: usize, size: u32) => void = tcp;
  const n: (stack: Stack, protocol: u32, kind: u32, value: u32, segment: usize) => void = told;
  stack!.udp = u.index;
  stack!.tcp = t.index;
  stack!.notify = n.index;
  refusing = refuse;
}

export function setIpv4(address: u32, mask: u32, gateway: u32): void {
  stack!.setIpv4(address, mask, gateway);
}

export function start(now: u64): bool {
  stack!.now = now;
  return ipv6.start(stack!);
}

/** Sets the probes of duplicate address detection, and whether routers are listened to. */
export function configure(probes: u32, autoconfigured: bool): void {
  stack!.ipv6.probes = <u8>probes;
  stack!.ipv6.autoconfigured = autoconfigured;
}

/** The address is at `buffer`. */
export function addStatic(prefix: u32, now: u64): bool {
  stack!.now = now;
  return ipv6.addStatic(stack!, buffer, prefix);
}

export function setGateway(): void {
  ipv6.setGateway(stack!, buffer);
}

/** The frame is at `buffer`; why it was dropped, '' if it was not. */
export function receive(size: u32, now: u64): string {
  input.input(stack!, buffer, size, now);
  return stack!.dropped == 0 ? '' : label(stack!.dropped);
}

/** As receive(), without words: for many frames. */
export function feed(size: u32, now: u64): u32 {
  input.input(stack!, buffer, size, now);
  return stack!.outcome;
}

export function tick(now: u64): void {
  input.tick(stack!, now);
}

export function deadline(): u64 {
  return input.deadline(stack!);
}

/** Sends `size` bytes of `protocol` that are at `buffer` + 32 from the address at `buffer` to the one behind it. */
export function sendTo(protocol: u32, size: u32, now: u64): bool {
  stack!.now = now;
  memory.copy(stack!.packet + 40, buffer + 32, size);
  return ipv6.send(stack!, buffer, buffer + 16, protocol, size);
}

/** As sendTo(), in pieces if it has to be. */
export function sendPieces(protocol: u32, size: u32, now: u64): bool {
  stack!.now = now;
  return pieces.sendPieces(stack!, buffer, buffer + 16, protocol, buffer + 32, size);
}

/** Writes the address to send from to the one at `buffer` over it; false if there is none. */
export function sourceFor(): bool {
  return ipv6.sourceFor(stack!, buffer, buffer);
}

export function isOurs(): bool {
  return ipv6.isOurs(stack!, buffer);
}

export function from(): usize {
  return stack!.from;
}

export function to(): usize {
  return stack!.to;
}

/** Bytes of the largest packet to the address at `buffer`. */
export function pathMtu(now: u64): u32 {
  stack!.now = now;
  return ipv6.pathMtu(stack!, buffer);
}

export function datagramMtu(now: u64): u32 {
  stack!.now = now;
  return ipv6.datagramMtu(stack!, buffer);
}

/** State of the neighbour whose address is at `buffer`, -1 if there is none. */
export function neighbour(): i32 {
  const entry = stack!.neighbours.find(buffer);
  return entry == null ? -1 : <i32>entry.state;
}

export function isRouter(): bool {
  return stack!.neighbours.find(buffer)!.router;
}

/** Copies the `index`th address to `buffer`; its state. */
export function address(index: u32): u32 {
  const own = stack!.ipv6.address(index);
  memory.copy(buffer, own.bytes, 16);
  return own.state;
}

/** Copies the `index`th name server to `buffer`; false if there is none. */
export function nameServer(index: u32, now: u64): bool {
  stack!.now = now;
  const server = ipv6.nameServer(stack!, index);
  if (server != 0) memory.copy(buffer, server, 16);
  return server != 0;
}

/** To be called before start(). */
export function joinMdns(): void {
  stack!.ipv6.mdns = true;
}

/** Counters by name. */
export function counter(name: string): u64 {
  const state = stack!.ipv6;
  if (name == 'duplicates') return state.duplicates;
  if (name == 'advertisements') return state.advertisements;
  if (name == 'refused') return state.refused;
  if (name == 'hopLimit') return state.hopLimit;
  if (name == 'retransmitTime') return state.retransmitTime;
  if (name == 'reachableTime') return stack!.neighbours.reachableTime;
  if (name == 'evicted') return stack!.neighbours.evicted;
  if (name == 'addressChanges') return stack!.addressChanges;
  if (name == 'pieces') return stack!.fragments.memory;
  return u64.MAX_VALUE;
}

/** The pages of memory, which packets must not make more. */
export function pages(): i32 {
  return memory.size();
}
