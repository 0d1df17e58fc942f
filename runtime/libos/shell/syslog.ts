// The log to a syslog server, by UDP (RFC 5426). Datagrams that cannot be sent are counted and gone, as the protocol has it.
import * as ip from '../iface/ip';
import { Stack } from '../iface/stack';
import * as syslog from '../log/syslog';
import * as udp from '../socket/udp';
import * as address from '../wire/address';
import { NetworkOptions } from './options';

let stack!: Stack;
let port: u32 = 0;
const server: usize = memory.data(16);
const from: usize = memory.data(16);

/** Messages that were handed to the interface, and that were dropped for want of an address or a route. */
export const sent: usize = memory.data(8);
export const dropped: usize = memory.data(8);

/** Sends every line of the log to the server that --syslog names, from now on. */
export function start(on: Stack, options: NetworkOptions): void {
  stack = on;
  port = options.syslogPort;
  address.copy(server, options.syslog);
  syslog.open(send.index, options.name, options.image);
}

/**
 * Sends a message at once: a line may be logged anywhere except between writing a packet's payload and sending it. What happens to the
 * message on its way is never logged.
 */
function send(message: usize, size: u32): void {
  let done = ip.sourceFor(stack, server, from);
  if (done) {
    memory.copy(udp.data(stack, server), message, size);
    done = udp.send(stack, from, port, server, port, size);
  }
  const counter = done ? sent : dropped;
  store<u64>(counter, load<u64>(counter) + 1);
}
