// Everything an image with a network has besides its own service, as its options say: addresses, its name, the log to a syslog server,
// metrics. One call starts it, one call each turn does what is due.
import { Stack } from '../iface/stack';
import * as logger from '../log/logger';
import { configure } from './configure';
import * as dhcp from './dhcp';
import * as mdns from './mdns';
import * as metrics from './metrics';
import { NetworkOptions } from './options';
import * as network from './network';
import { remember, restored } from './restored';
import * as syslog from './syslog';

/**
 * Makes the sources of log lines there are here; `own` names those the image made before. False if -l names none of them: then that was
 * said, and the image ends with options.exit.
 */
export function hasSources(options: NetworkOptions, own: string): bool {
  logger.source('dhcp');
  logger.source('mdns');
  const strange = logger.stranger();
  if (strange != null)
    options.refuse('-l', strange, 'no source of log lines; there are ' + own + ', dhcp and mdns');
  return strange == null;
}

/**
 * To be called once, when the stack is open and the image's own service listens. `ready`, the index of (stack: Stack) => void, is called when
 * there is an address: at once where none is asked for.
 */
export function start(stack: Stack, options: NetworkOptions, ready: u32): void {
  remember(options, ready);
  network.onRestored(restored.index);
  if (options.syslogPort != 0) syslog.start(stack, options);
  if (options.name != '') mdns.start(stack, options.name);
  configure(stack, options);
  if (options.dhcp) dhcp.start(stack, options, ready);
  if (options.metricsPort != 0) metrics.start(stack, options);
  if (!options.dhcp) call_indirect<void>(ready, stack);
}

/** Does what is due; the moment at which it wants to be called again. */
export function turn(stack: Stack): u64 {
  // An address that comes by DHCP is announced at once.
  const due = dhcp.turn();
  return min(due, mdns.turn());
}
