// netcheck: answers ARP, ICMP echo, and the small services of inetd; the first thing to run on a new tap.
import { NEVER, Stack } from '../../libos/iface/stack';
import * as level from '../../libos/log/level';
import * as out from '../../libos/log/line';
import * as network from '../../libos/shell/network';
import { describe } from './describe';
import { Options, readOptions } from './options';
import * as services from './services';

function turn(stack: Stack, wall: u64): u64 {
  return NEVER;
}

function announce(stack: Stack, options: Options): void {
  out.text('netcheck: ready: ');
  out.ipv4(options.address.address);
  out.text('/');
  out.number(options.address.prefix);
  out.text(', MAC ');
  out.mac(stack.mac);
  if (options.gateway != 0) {
    out.text(', gateway ');
    out.ipv4(options.gateway);
  }
  out.end();
}

export function main(): i32 {
  const options = readOptions();
  if (options.exit >= 0) return options.exit;
  const stack = network.open('service');
  stack.address = options.address.address;
  stack.mask = options.address.mask;
  stack.gateway = options.gateway;
  services.start(stack);
  if (options.level >= level.DEBUG) network.observe(describe.index);
  if (options.level >= level.INFO) announce(stack, options);
  return network.run(stack, turn.index);
}
