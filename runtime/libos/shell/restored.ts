// An image that goes on from a snapshot: perhaps as one of many, with another MAC address, other arguments, and on another network.
// It takes the options of the network anew, and says so to everybody; what the image's own options are stays as it was.
import * as arp from '../iface/arp';
import * as ipv6 from '../iface/ipv6';
import { ADDRESSES, Address, FIXED } from '../iface/ipv6-state';
import { Stack } from '../iface/stack';
import { tcpOf } from '../socket/tcp';
import * as address from '../wire/address';
import { configure } from './configure';
import * as dhcp from './dhcp';
import * as mdns from './mdns';
import { NetworkOptions, RUN } from './options';

let image: string = '';
/** Index of (stack: Stack) => void, called when there is an address. */
let ready: u32 = 0;

const old: usize = memory.data(16);

/** What restored() needs later. */
export function remember(options: NetworkOptions, told: u32): void {
  image = options.image;
  ready = told;
}

/**
 * Takes the new arguments. Connections from addresses that are still ours go on; the others end, their peers are told nothing, as they may be
 * the original's.
 * @param moved whether the MAC address is another one
 * @returns options.RUN, or the status to exit with
 */
export function restored(stack: Stack, moved: bool): i32 {
  const options = new NetworkOptions(image);
  options.read();
  if (options.exit != RUN) return options.exit;
  const ipv4 = options.ipv4;
  if (dhcp.asked != null) dhcp.stop();
  else if (stack.address != 0 && (ipv4 == null || ipv4.address != stack.address)) {
    address.setIpv4(old, stack.address);
    tcpOf(stack).abandon(old);
  }
  for (let i: u32 = 0; i < ADDRESSES; i++) abandonIpv6(stack, stack.ipv6.address(i), options, moved);
  stack.setIpv4(0, 0, 0);
  ipv6.forget(stack);
  if (options.name != '') mdns.start(stack, options.name);
  configure(stack, options);
  if (options.dhcp) dhcp.start(stack, options, ready);
  else call_indirect<void>(ready, stack);
  return RUN;
}

/** Ends the connections from an IPv6 address that we will not have again. */
function abandonIpv6(stack: Stack, own: Address, options: NetworkOptions, moved: bool): void {
  if (!own.usable) return;
  const kept =
    own.origin == FIXED
      ? options.ipv6Prefix != 0 && address.same(own.bytes, options.ipv6)
      : options.usesIpv6 && !moved;
  if (!kept) tcpOf(stack).abandon(own.bytes);
}
