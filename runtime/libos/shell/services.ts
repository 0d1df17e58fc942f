// Everything an image with a network has besides its own service: its addresses, by options or by DHCP. One call starts it, one call
// each turn does what is due.
import { Stack } from '../iface/stack';
import { configure } from './configure';
import * as dhcp from './dhcp';
import { NetworkOptions } from './options';

/** To be called once, when the stack is open and the image's own service listens; `ready`, the index of (stack: Stack) => void, is called when there is an address, at once where none is asked for. */
export function start(stack: Stack, options: NetworkOptions, ready: u32): void {
  configure(stack, options);
  if (options.dhcp) dhcp.start(stack, options, ready);
  else call_indirect<void>(ready, stack);
}

/** Does what is due; the moment at which it wants to be called again. */
export function turn(stack: Stack): u64 {
  return dhcp.turn();
}
