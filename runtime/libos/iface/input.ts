// A frame's way in, and what has to be done when time has passed.
import * as ethernet from '../wire/ethernet';
import * as arp from './arp';
import * as drop from './drop';
import * as ipv4 from './ipv4';
import * as ipv6 from './ipv6';
import * as pieces from './pieces';
import * as resolve from './resolve';
import { DROPPED, Stack } from './stack';

/** Takes a frame of `size` bytes at the time `now`. */
export function input(stack: Stack, frame: usize, size: u32, now: u64): void {
  stack.now = now;
  stack.outcome = DROPPED;
  stack.dropped = drop.NONE;
  stack.toMany = false;
  stack.framesIn++;
  stack.bytesIn += size;
  if (size < ethernet.HEADER) return stack.drop(drop.FRAME_SHORT);
  stack.station = ethernet.source(frame);
  takeFrame(stack, frame, size);
  stack.station = 0;
}

function takeFrame(stack: Stack, frame: usize, size: u32): void {
  let type = ethernet.type(frame);
  let header = ethernet.HEADER;
  let vlan: u32 = 0;
  if (type == ethernet.TYPE_VLAN) {
    header += ethernet.TAG;
    if (size < header) return stack.drop(drop.FRAME_SHORT);
    vlan = ethernet.vlan(frame);
    type = ethernet.type(frame + ethernet.TAG);
  }
  if (vlan != stack.vlan) return stack.drop(drop.VLAN);
  const to = ethernet.destination(frame);
  if (!ethernet.same(to, stack.mac)) {
    if (!ethernet.isGroup(to)) return stack.drop(drop.NOT_FOR_US);
    stack.toMany = true;
  }
  if (ethernet.isGroup(stack.station)) return stack.drop(drop.SENDER_GROUP);
  const packet = frame + header;
  if (type == ethernet.TYPE_IPV4) ipv4.receive(stack, packet, size - header);
  else if (type == ethernet.TYPE_ARP) arp.receive(stack, packet, size - header);
  else if (type == ethernet.TYPE_IPV6) ipv6.receive(stack, frame, packet, size - header);
  else stack.drop(drop.PROTOCOL);
}

/** Does what is due at the time `now`. */
export function tick(stack: Stack, now: u64): void {
  stack.now = now;
  resolve.tick(stack);
  if (now >= stack.ipv6.deadline) ipv6.tick(stack);
  if (now >= stack.fragments.deadline) pieces.tick(stack);
}

/** The earliest moment at which tick() has to be called. */
export function deadline(stack: Stack): u64 {
  return min(min(stack.neighbours.deadline, stack.ipv6.deadline), stack.fragments.deadline);
}
