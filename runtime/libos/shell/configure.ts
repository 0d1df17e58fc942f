// Gives an interface the addresses its options name.
import * as arp from '../iface/arp';
import * as ipv6 from '../iface/ipv6';
import { Stack } from '../iface/stack';
import { NetworkOptions } from './options';

/** To be called once, when the stack is open. */
export function configure(stack: Stack, options: NetworkOptions): void {
  stack.joinVlan(options.vlan);
  const ipv4 = options.ipv4;
  if (ipv4 != null) {
    stack.setIpv4(ipv4.address, ipv4.mask, options.gateway);
    arp.announce(stack);
  }
  if (!options.usesIpv6) return;
  ipv6.start(stack);
  if (options.ipv6Prefix != 0) ipv6.addStatic(stack, options.ipv6, options.ipv6Prefix);
  if (options.hasIpv6Gateway) ipv6.setGateway(stack, options.ipv6Gateway);
}
