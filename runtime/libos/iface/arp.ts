// ARP on an interface (RFC 826, RFC 5227).
import * as address from '../wire/address';
import * as arp from '../wire/arp';
import * as ethernet from '../wire/ethernet';
import { SECOND } from '../time/duration';
import * as drop from './drop';
import { Neighbour, PROBE } from './neighbours';
import { learn } from './resolve';
import { ARP_ANSWERED, NOTED, Stack } from './stack';

const BROADCAST: usize = memory.data<u8>([255, 255, 255, 255, 255, 255]);
const key: usize = memory.data(16);

/** An address of ours is defended at most this often (RFC 5227, 10: DEFEND_INTERVAL). */
const DEFEND_INTERVAL: u64 = 10 * SECOND;

/** Takes the `size` bytes at `packet`. */
export function receive(stack: Stack, packet: usize, size: u32): void {
  if (!arp.isValid(packet, size)) return stack.drop(drop.ARP_MALFORMED);
  const mac = arp.senderMac(packet);
  if (ethernet.isGroup(mac)) return stack.drop(drop.SENDER_GROUP);
  const sender = arp.senderIp(packet);
  const forUs = arp.targetIp(packet) == stack.address && stack.address != 0;
  const request = arp.operation(packet) == arp.REQUEST;
  if (sender == stack.address && sender != 0 && !ethernet.same(mac, stack.mac)) return defend(stack);

  if (stack.candidate != 0 && !ethernet.same(mac, stack.mac)) {
    // Another station has the address, or is about to take it, too.
    const wants = sender == 0 && request && arp.targetIp(packet) == stack.candidate;
    if (sender == stack.candidate || wants) {
      stack.conflicts++;
      stack.candidate = 0;
      stack.outcome = NOTED;
      return;
    }
  }

  // Who asks for us is about to be answered by us, so it is worth an entry; what others say, only if there is one (RFC 826).
  address.setIpv4(key, sender);
  const known = stack.neighbours.find(key);
  const asked = known != null && !request && (!known.known || known.state == PROBE);
  if (known != null) learn(stack, known, mac, asked);
  if (!forUs) return stack.drop(drop.NOT_FOR_US);
  if (!request) {
    if (asked) stack.outcome = NOTED;
    else stack.drop(drop.ARP_UNASKED);
    return;
  }
  // A sender that has no address yet only probes whether ours is taken (RFC 5227, 2.1.1).
  if (known == null && sender != 0) {
    const entry = stack.neighbours.claim(key, false, stack.now);
    if (entry != null) learn(stack, entry, mac, false);
    else stack.drop(drop.NEIGHBOURS_FULL); // and answered all the same
  }
  arp.write(stack.packet, arp.REPLY, stack.mac, stack.address, mac, sender);
  stack.sendFrame(mac, ethernet.TYPE_ARP, arp.SIZE);
  stack.outcome = ARP_ANSWERED;
}

/** Another station says that it has our address: say once in a while that we do. */
function defend(stack: Stack): void {
  stack.conflicts++;
  stack.outcome = NOTED;
  if (stack.defended != 0 && stack.now - stack.defended < DEFEND_INTERVAL) return;
  stack.defended = stack.now;
  announce(stack);
}

/** Tells everybody our address (RFC 5227, 2.3). */
export function announce(stack: Stack): void {
  arp.write(stack.packet, arp.REQUEST, stack.mac, stack.address, 0, stack.address);
  stack.sendFrame(BROADCAST, ethernet.TYPE_ARP, arp.SIZE);
}

/** Asks whether `candidate` is taken, as one who has no address (RFC 5227, 2.1.1). */
export function probe(stack: Stack, candidate: u32): void {
  arp.write(stack.packet, arp.REQUEST, stack.mac, 0, 0, candidate);
  stack.sendFrame(BROADCAST, ethernet.TYPE_ARP, arp.SIZE);
}

/** Asks for the station of `entry`: itself if it was known, everybody else. */
export function ask(stack: Stack, entry: Neighbour): void {
  arp.write(stack.packet, arp.REQUEST, stack.mac, stack.address, 0, address.ipv4(entry.address));
  stack.sendFrame(entry.state == PROBE ? entry.macAddress : BROADCAST, ethernet.TYPE_ARP, arp.SIZE);
}
