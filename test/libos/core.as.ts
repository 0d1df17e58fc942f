// The library OS's pure core with handles for the tests: frames are written and read in this module's memory.
import { parseCidr, parseIpv4, parseNumber } from '../../runtime/libos/args/parse';
import { Args } from '../../runtime/libos/args/args';
import { reason, SENDER } from '../../runtime/libos/iface/drop';
import { input } from '../../runtime/libos/iface/input';
import { Stack } from '../../runtime/libos/iface/stack';
import * as udp from '../../runtime/libos/socket/udp';
import { finish, sumBytes } from '../../runtime/libos/wire/checksum';

export const frame: usize = memory.data(65536);
export const answer: usize = memory.data(65600);
let answered: u32 = 0;

let stack: Stack | null = null;

function transmit(sent: usize, size: u32): void {
  memory.copy(answer, sent, size);
  answered = size;
}

function echo(on: Stack, data: usize, size: u32, fromPort: u32): void {
  if (fromPort == 7) return on.drop(SENDER); // two such services would answer each other for ever
  memory.copy(udp.data(on, on.from), data, size);
  udp.send(on, on.to, 7, on.from, fromPort, size);
}

/** Makes the interface; its MAC address is 02:00:00:00:00:02. False if `address` is none. */
export function open(address: string, gateway: u32): bool {
  const cidr = parseCidr(address);
  if (cidr == null) return false;
  const mac: usize = memory.data<u8>([2, 0, 0, 0, 0, 2]);
  const seed: usize = memory.data(24);
  const made = new Stack(mac, 1500, transmit.index, seed);
  made.setIpv4(cidr.address, cidr.mask, gateway);
  udp.start(made);
  udp.bind(7, echo.index, false);
  stack = made;
  return true;
}

/** Lets what is sent from now on take `count` hops. */
export function setHops(count: u32): void {
  stack!.hops = count;
}

/** Takes the address away, and is about to take it again if nobody else has it. */
export function probe(): void {
  const on = stack!;
  on.candidate = on.address;
  on.setIpv4(0, 0, on.gateway);
}

/** The address it is about to take, 0 if somebody else has shown up with it. */
export function candidate(): u32 {
  return stack!.candidate;
}

/** Hands a frame in; the size of the last frame that was sent, 0 if none was. */
export function receive(size: u32): u32 {
  answered = 0;
  input(stack!, frame, size, 1_000_000_000);
  return answered;
}

/** Puts the interface into a VLAN. */
export function setVlan(vlan: u32): void {
  stack!.joinVlan(vlan);
}

/** Why the last frame was dropped, '' if it was not. */
export function dropped(): string {
  return stack!.dropped == 0 ? '' : reason(stack!.dropped);
}
export function checksum(size: u32): u16 {
  return finish(sumBytes(0, frame, size));
}

export function ipv4(text: string): i64 {
  return parseIpv4(text);
}

export function number(text: string, max: i32): i32 {
  return parseNumber(text, max);
}

/** The pages of memory, which packets must not make more. */
export function pages(): i32 {
  return memory.size();
}

/** The value of option `name` in `line`, what is left of the line behind it; null and absent are told apart by '-'. */
export function option(line: string, name: string): string {
  const args = new Args(line);
  const value = args.value(name);
  return (value == null ? '-' : '"' + value + '"') + ' ' + args.rest();
}
