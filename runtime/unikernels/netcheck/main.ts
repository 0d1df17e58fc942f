// netcheck: answers ARP, ICMP echo, and the small services of inetd, and calls others; the first thing to run on a new tap.
import { Stack } from '../../libos/iface/stack';
import * as level from '../../libos/log/level';
import * as out from '../../libos/log/line';
import * as logger from '../../libos/log/logger';
import * as network from '../../libos/shell/network';
import * as shell from '../../libos/shell/services';
import { describe } from './describe';
import * as errands from './errands';
import { readOptions } from './options';
import * as services from './services';

let source: u32 = 0;

function turn(stack: Stack, wall: u64): u64 {
  const due = shell.turn(stack);
  return min(due, errands.turn());
}

function announce(stack: Stack): void {
  errands.begin();
  if (!logger.wants(source, level.INFO)) return;
  out.text('netcheck: ready: ');
  if (stack.address != 0) {
    out.ipv4(stack.address);
    out.text('/');
    out.number(popcnt(stack.mask));
  } else out.text('IPv6 only');
  out.text(', MAC ');
  out.mac(stack.mac);
  if (stack.gateway != 0) {
    out.text(', gateway ');
    out.ipv4(stack.gateway);
  }
  out.end();
}

export function main(): i32 {
  const options = readOptions();
  if (options.exit >= 0) return options.exit;
  source = logger.source('netcheck');
  if (!shell.hasSources(options, 'netcheck')) return options.exit;
  const stack = network.open('service');
  services.start(stack);
  errands.prepare(stack, options, source);
  if (logger.wants(source, level.DEBUG)) network.observe(describe.index);
  shell.start(stack, options, announce.index);
  return network.run(stack, turn.index, source);
}
