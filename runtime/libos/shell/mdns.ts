// Multicast DNS on an interface (RFC 6762): announces NAME.local with the addresses the interface has at the moment, by IPv4 and IPv6.
import * as hosts from '../dns/host';
import * as mdns from '../dns/mdns';
import * as guest from '../guest';
import * as drop from '../iface/drop';
import * as ip from '../iface/ip';
import { ADDRESSES } from '../iface/ipv6-state';
import { isOnLink } from '../iface/ipv6-route';
import { Stack } from '../iface/stack';
import * as level from '../log/level';
import * as line from '../log/line';
import * as logger from '../log/logger';
import * as udp from '../socket/udp';
import * as address from '../wire/address';
import * as groups from '../wire/groups';
import { NEVER } from '../time/duration';

/** 224.0.0.251 */
const GROUP: u32 = 0xe00000fb;
/** So that receivers could tell what comes from the link (section 11). */
const HOPS: u32 = 255;

/** The responder; null if no name was given. */
export let responder: mdns.Responder | null = null;

let stack!: Stack;
let source: u32 = 0;
/** The number in the name when it was logged last; 0 before. */
let told: u32 = 0;
/** What stack.addressChanges was when the addresses were looked at last. */
let seen: u32 = 0;

const message: usize = heap.alloc(mdns.ROOM);
/** The addresses we have now, as in the host's table. */
const current: usize = memory.data(128);
const group: usize = memory.data(16);
const from: usize = memory.data(16);

/** To be called before IPv6 starts, so that the group is reported with the others. `name` is a label of a host name. */
export function start(on: Stack, name: string): void {
  stack = on;
  source = logger.source('mdns');
  const label = String.UTF8.encode(name);
  const host = hosts.open(changetype<usize>(label), <u32>label.byteLength);
  if (host == null) return; // the options took it, so it is one
  guest.random(message, 16);
  const made = mdns.open(host, load<u64>(message), load<u64>(message, 8));
  made.report = happened.index;
  responder = made;
  stack.group = GROUP;
  stack.ipv6.mdns = true;
  udp.bind(mdns.PORT, receive.index, true);
}

function receive(on: Stack, data: usize, size: u32, fromPort: u32): void {
  // What was not sent to the group may have crossed a router (section 11).
  if (!stack.toMany && !isNear(stack.from)) return stack.drop(drop.SENDER);
  mdns.input(responder!, data, size, stack.from, fromPort, stack.now);
}

/** Whether the host at `peer` is on our link. */
function isNear(peer: usize): bool {
  if (!address.isIpv4(peer)) return isOnLink(stack, peer);
  return ((address.ipv4(peer) ^ stack.address) & stack.mask) == 0;
}

/** Does what is due; the moment at which it wants to be called again. */
export function turn(): u64 {
  const made = responder;
  if (made == null) return NEVER;
  refresh(made);
  while (true) {
    const size = mdns.poll(made, stack.now, message, mdns.ROOM);
    if (size == 0) return made.deadline;
    if (made.unicast) send(made.to, made.port, size);
    else {
      address.setIpv4(group, GROUP);
      send(group, mdns.PORT, size);
      send(groups.MDNS, mdns.PORT, size);
    }
  }
}

/** Sends the `size` bytes at `message` if there is an address to send them from. */
function send(to: usize, port: u32, size: u32): void {
  if (!ip.sourceFor(stack, to, from)) return;
  memory.copy(udp.data(stack, to), message, size);
  stack.hops = HOPS;
  udp.send(stack, from, mdns.PORT, to, port, size);
  stack.hops = 0;
}

/** Begins anew if the interface has other addresses than before. */
function refresh(made: mdns.Responder): void {
  if (seen == stack.addressChanges) return;
  seen = stack.addressChanges;
  const host = made.host;
  let count: u32 = 0;
  if (stack.address != 0) address.setIpv4(current + address.SIZE * count++, stack.address);
  for (let i: u32 = 0; i < ADDRESSES && count < hosts.ADDRESSES; i++) {
    const own = stack.ipv6.address(i);
    if (own.usable) address.copy(current + address.SIZE * count++, own.bytes);
  }
  if (count == host.count && memory.compare(current, host.addresses, count * address.SIZE) == 0) return;
  memory.copy(host.addresses, current, count * address.SIZE);
  host.count = count;
  mdns.start(made, stack.now);
}

function happened(made: mdns.Responder, event: u32): void {
  const host = made.host;
  if (event == mdns.RENAMED) {
    logger.say(source, level.WARNING, 'another host has the name; trying the next');
    return;
  }
  // New addresses are announced without a line.
  if (told == host.number || !logger.begin(source, level.INFO)) return;
  told = host.number;
  line.text('this is ');
  line.bytes(host.name + 1, load<u8>(host.name));
  line.text('.local');
  logger.end();
}
