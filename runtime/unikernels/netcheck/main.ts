// netcheck: answers ARP, ICMP echo, and UDP echo (RFC 862) on port 7; the first thing to run on a new tap.
import * as drop from '../../libos/iface/drop';
import { NEVER, Stack } from '../../libos/iface/stack';
import * as level from '../../libos/log/level';
import * as out from '../../libos/log/line';
import * as network from '../../libos/shell/network';
import * as udp from '../../libos/socket/udp';
import { describe } from './describe';
import { Options, readOptions } from './options';

const ECHO: u32 = 7;

function echo(stack: Stack, data: usize, size: u32, fromPort: u32): void {
  if (fromPort == ECHO) return stack.drop(drop.SENDER); // two such services would answer each other for ever
  memory.copy(udp.data(stack, stack.from), data, size);
  udp.send(stack, stack.to, ECHO, stack.from, fromPort, size);
}

function turn(stack: Stack): u64 {
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
  udp.start(stack);
  udp.bind(ECHO, echo.index, false);
  if (options.level >= level.DEBUG) network.observe(describe.index);
  if (options.level >= level.INFO) announce(stack, options);
  return network.run(stack, turn.index);
}
