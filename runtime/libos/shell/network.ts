// The shell around the pure core: an image's network device, its clock, and the loop that serves them.
import * as guest from '../guest';
import * as iface from '../iface/input';
import * as offload from '../iface/offload';
import { Stack } from '../iface/stack';
import * as out from '../log/line';
import * as level from '../log/level';
import * as logger from '../log/logger';
import * as tcp from '../socket/tcp';
import * as udp from '../socket/udp';
import * as ethernet from '../wire/ethernet';
import { RUN } from './options';
import { SECOND } from '../time/duration';

/** Ends the image when its device is gone: nothing it could do would bring it back. */
const DEVICE_FAILED: i32 = 1;
/** Frames that are taken in a row before timers and services get their turn. */
const BURST: i32 = 64;
/** Single frames in a row that let us expect another single one, and a time too short for it to have been awaited. */
const SINGLES: i32 = 16;
const RUSH: u64 = 8000;
const SEED: u32 = 24;
/** How often the wall's clock is looked at. */
const COMPARE_INTERVAL: u64 = SECOND;
/** How long connections may take to end when the image is asked to; shorter than what the tender grants by default. */
const LAST_WORDS: u64 = 3 * SECOND;
/** The bit of guest.netFeatures() that says that frames have a header. */
const OFFLOAD: u32 = 1;

/** Sees every frame after it was handled. */
export type Observer = (stack: Stack, frame: usize, size: u32) => void;
/** Does what is due at `wall`, nanoseconds since 1970, and says when it wants to be called again; called once for every burst of frames. */
export type Turn = (stack: Stack, wall: u64) => u64;

/** Takes up a life as another, at the time stack.now; the MAC address has changed if it `moved`. options.RUN, or the status to exit with. */
export type Restored = (stack: Stack, moved: bool) => i32;

let handle: u32 = 0;
let restored: u32 = 0;
/** How often we were restored from a snapshot. */
let generation: u64 = 0;
let observer: u32 = 0;
/** Frames the device did not take. */
export const unsent: usize = memory.data(8);

/** What the image ends with when all connections are over: RUN until finish() said so or it is asked to end. */
let result: i32 = RUN;

function transmit(frame: usize, size: u32): void {
  if (guest.netWrite(handle, frame, size) != 0) store<u64>(unsent, load<u64>(unsent) + 1);
}

/** The interface of the network device `name`, which the manifest declares; it speaks UDP and TCP. */
export function open(name: string): Stack {
  const bytes = String.UTF8.encode(name);
  handle = guest.netFind(changetype<usize>(bytes), <u32>bytes.byteLength);
  assert(handle != 0, 'the manifest declares no network device called ' + name);
  const mac = heap.alloc(8);
  const seed = heap.alloc(SEED);
  guest.netMac(handle, mac);
  guest.random(seed, SEED);
  const offloads = (guest.netFeatures(handle) & OFFLOAD) != 0;
  generation = guest.generation();
  const stack = new Stack(mac, guest.netMtu(handle), transmit.index, seed, offloads);
  stack.now = guest.clockMonotonic();
  heap.free(seed);
  heap.free(mac);
  udp.start(stack);
  tcp.start(stack);
  return stack;
}

/** Lets an Observer (its index) see every frame. */
export function observe(index: u32): void {
  observer = index;
}

/** Has a Restored (its index) called when the image goes on from a snapshot. */
export function onRestored(index: u32): void {
  restored = index;
}

/** Lets the image end with `status`: as when it is asked to, but unasked. */
export function finish(status: i32): void {
  result = status;
}

/** Takes what a new life brings: the MAC address, secrets, arguments. */
function renew(stack: Stack): i32 {
  generation = guest.generation();
  const mac = heap.alloc(8);
  const seed = heap.alloc(SEED);
  guest.netMac(handle, mac);
  guest.random(seed, SEED);
  const moved = !ethernet.same(mac, stack.mac);
  stack.renew(mac, seed);
  heap.free(seed);
  heap.free(mac);
  return restored != 0 ? call_indirect<i32>(restored, stack, moved) : RUN;
}

/** Takes the frames that are there, at most `most`; how many, -1 if the device failed. */
function receive(stack: Stack, frame: usize, room: u32, now: u64, most: i32): i32 {
  for (let taken = 0; taken < most; taken++) {
    const size = guest.netRead(handle, frame, room);
    if (size <= 0) return size < 0 ? -1 : taken;
    let at = frame;
    if (stack.offload) {
      at += offload.HEADER;
      stack.verified = offload.isVerified(frame);
    }
    const bytes = <u32>size - <u32>(at - frame); // the host writes a whole header
    iface.input(stack, at, bytes, now);
    if (observer != 0) call_indirect<void>(observer, stack, at, bytes);
  }
  return most;
}

/** The image is asked to end: no connection begins any more, the others end when what is under way is done. */
function stop(sockets: tcp.Tcp, source: u32): void {
  if (result == RUN && logger.begin(source, level.INFO)) {
    out.text('asked to end, with ');
    out.number(sockets.connections - sockets.timeWaits);
    out.text(' connections');
    logger.end();
  }
  sockets.stop();
  tcp.flush(sockets);
}

/**
 * Serves the device until it fails or the image is asked to end, which `source` then says in the log.
 * @param turn the index of a Turn
 * @returns the image's exit status
 */
export function run(stack: Stack, turn: u32, source: u32): i32 {
  const packet = stack.offload ? offload.HEADER + offload.PACKET_MAX : stack.mtu;
  const room = ethernet.HEADER + ethernet.TAG + packet;
  const frame = heap.alloc(room);
  const sockets = tcp.tcpOf(stack);
  let taken = 0;
  /** When the image ends at the latest; 0 while it is not asked to. */
  let end: u64 = 0;
  // Turns in a row that found a single frame. Then one is read at a time: the sleep that follows finds out as well that there is no other.
  let singles = 0;
  let last: u64 = 0;
  // The wall's clock is the monotonic one and what it is ahead, as of the last second: a system call less in each turn.
  // Under hvt the monotonic one begins at zero, so neither may wait for the first second to be over.
  let compared: u64 = guest.clockMonotonic();
  let ahead: u64 = guest.clockWall() - compared;
  while (taken >= 0) {
    const now = guest.clockMonotonic();
    const renewed = guest.generation() != generation;
    if (renewed || now - compared >= COMPARE_INTERVAL) {
      compared = now;
      ahead = guest.clockWall() - now;
    }
    const wall = now + ahead;
    logger.setTime(wall);
    if (renewed) {
      stack.now = now;
      const status = renew(stack);
      if (status != RUN) return status;
    }
    taken = receive(stack, frame, room, now, singles < SINGLES ? BURST : 1);
    singles = taken == 1 && now - last > RUSH ? singles + 1 : 0;
    last = now;
    iface.tick(stack, now);
    const wanted = call_indirect<u64>(turn, stack, wall);
    tcp.tick(sockets);
    let due = min(min(iface.deadline(stack), tcp.deadline(sockets)), wanted);
    if (result != RUN || guest.stopRequested()) {
      if (end == 0) {
        end = now + LAST_WORDS;
        stop(sockets, source);
      }
      if (sockets.drained || now >= end) return max(result, 0);
      due = min(due, end);
    }
    if (taken < BURST) guest.poll(due); // else there may be more frames
  }
  out.line('the network device failed; is the tap gone?');
  return DEVICE_FAILED;
}
