// Echo requests of ours, by either version of IP (RFC 792; RFC 4443, 4.1). Answers come to the stack's `echoed`.
import * as address from '../wire/address';
import * as icmp from '../wire/icmp';
import * as icmpv6 from '../wire/icmpv6';
import * as wire4 from '../wire/ipv4';
import * as wire6 from '../wire/ipv6';
import * as ip from './ip';
import { Stack } from './stack';

/** Bytes of a request before its data, by either version. */
const HEADER: u32 = 8;
const from: usize = memory.data(16);

/** Where the data of a request to `to` is written before send(). */
export function data(stack: Stack, to: usize): usize {
  return ip.payload(stack, to) + HEADER;
}

/** Sends a request with the `size` bytes at data(), whose identifier and number are the halves of `id`. False if it was dropped. */
export function send(stack: Stack, to: usize, id: u32, size: u32): bool {
  if (!ip.sourceFor(stack, to, from)) return false;
  const message = ip.payload(stack, to);
  if (address.isIpv4(to)) {
    icmp.writeRequest(message, id, size);
    return ip.send(stack, from, to, wire4.ICMP, HEADER + size);
  }
  icmpv6.write(message, icmpv6.ECHO_REQUEST, 0, id);
  icmpv6.seal(message, HEADER + size, from, to);
  return ip.send(stack, from, to, wire6.ICMP, HEADER + size);
}
