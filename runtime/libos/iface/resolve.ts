// From the next hop's address to its station: sends a packet at once, or asks first and lets the packet wait.
import * as address from '../wire/address';
import * as ethernet from '../wire/ethernet';
import * as arp from './arp';
import * as drop from './drop';
import { INCOMPLETE, Neighbour } from './neighbours';
import * as ndp from './ndp';
import { Stack } from './stack';

const gateway: usize = memory.data(16);

/** Sends the `size` bytes at stack.packet to the neighbour `hop`, 16 bytes. False if they were dropped. */
export function sendVia(stack: Stack, hop: usize, type: u32, size: u32): bool {
  const found = stack.neighbours.find(hop);
  if (found != null && found.known) {
    stack.neighbours.use(found, stack.now);
    stack.sendFrame(found.macAddress, type, size);
    return true;
  }
  if (answersSender(stack, hop)) {
    const sender = found != null ? found : stack.neighbours.claim(hop, false, stack.now);
    if (sender != null) {
      stack.sendFrame(stack.station, type, size);
      learn(stack, sender, stack.station, false);
      stack.neighbours.use(sender, stack.now);
      return true;
    }
  }
  // What the host has to finish cannot wait: TCP sends it again, and to a peer whose station is known by then.
  if (stack.partial != 0) {
    stack.drop(drop.NEIGHBOUR_SILENT);
    return false;
  }
  const entry = found != null ? found : stack.neighbours.claim(hop, true, stack.now);
  if (entry == null) {
    stack.drop(drop.NEIGHBOURS_FULL);
    return false;
  }
  stack.neighbours.wait(entry, stack.packet, size);
  if (entry.state == INCOMPLETE && entry.tries == 0) tick(stack);
  return true;
}

/**
 * Whether the packet to send answers the one being received, straight to the IPv4 host that sent it: then its station stands in the
 * frame that came, and asking first would only make it wait. What is learned so is worth as much as what a request says of its
 * sender (RFC 826): it gives way to all else, and is asked for itself within seconds. The gateway's station is not taken for a
 * host's, or packets with a false sender from elsewhere could put it there.
 */
function answersSender(stack: Stack, hop: usize): bool {
  if (stack.station == 0 || !address.isIpv4(hop) || !address.same(hop, stack.from)) return false;
  address.setIpv4(gateway, stack.gateway);
  const router = stack.neighbours.find(gateway);
  return router == null || !router.known || !ethernet.same(router.macAddress, stack.station);
}

/** Asks for every neighbour that is due. */
export function tick(stack: Stack): void {
  if (stack.now < stack.neighbours.deadline) return;
  while (true) {
    const entry = stack.neighbours.nextDue(stack.now);
    if (entry == null) return;
    if (address.isIpv4(entry.address)) arp.ask(stack, entry);
    else ndp.solicit(stack, entry);
  }
}

/** Notes the station of `entry`, and sends it what waited. */
export function learn(stack: Stack, entry: Neighbour, mac: usize, confirmed: bool): void {
  stack.neighbours.learn(entry, mac, confirmed, stack.now);
  const size = stack.neighbours.release(entry, stack.packet);
  if (size == 0) return;
  const type = address.isIpv4(entry.address) ? ethernet.TYPE_IPV4 : ethernet.TYPE_IPV6;
  stack.sendFrame(entry.macAddress, type, size);
}
