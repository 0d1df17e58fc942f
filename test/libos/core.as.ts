// The library OS's pure core with handles for the tests: frames are written and read in this module's memory.
import { parseCidr, parseIpv4, parseNumber } from '../../runtime/libos/args/parse';
import { Args } from '../../runtime/libos/args/args';
import { Interface } from '../../runtime/libos/iface/interface';
import { reason } from '../../runtime/libos/iface/drop';
import { finish, sumBytes } from '../../runtime/libos/wire/checksum';

export const frame: usize = memory.data(65536);
export const answer: usize = memory.data(65600);

let network: Interface | null = null;

function echo(data: usize, size: u32, to: usize): i32 {
  memory.copy(to, data, size);
  return <i32>size;
}

/** Makes the interface; its MAC address is 02:00:00:00:00:02. False if `address` is none. */
export function open(address: string, gateway: u32): bool {
  const cidr = parseCidr(address);
  if (cidr == null) return false;
  const made = new Interface(cidr, gateway);
  store<u32>(made.mac, 2);
  store<u16>(made.mac, 0x0200, 4);
  made.onUdp(7, echo);
  network = made;
  return true;
}

export function receive(size: u32): u32 {
  return network!.receive(frame, size, answer);
}

/** Why the last frame was dropped, '' if it was not. */
export function dropped(): string {
  return network!.dropped == 0 ? '' : reason(network!.dropped);
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
