// Who is at which MAC address, for ARP and for neighbour discovery alike: the states of RFC 4861, 7.3.2, in a table of fixed size.
//
// The table is set-associative: an address can be in one of the 4 places of its set and nowhere else, so that a lookup looks at 4
// entries and a flood of invented addresses fills sets but never memory. An entry that only the peer vouches for (STALE) gives way
// before one that was confirmed lately, and one that was confirmed lately is never evicted by what a peer says of itself.
import * as address from '../wire/address';
import * as ethernet from '../wire/ethernet';
import { NEVER, SECOND } from '../time/duration';

const SETS: u32 = 16;
const WAYS: u32 = 4;
const ENTRIES: u32 = 64;
/** Packets kept until their neighbour's address is known; the last of each neighbour (RFC 1122, 2.3.2.2). */
const WAITING: u32 = 8;

/** RFC 4861, 10: REACHABLE_TIME, DELAY_FIRST_PROBE_TIME, RETRANS_TIMER, MAX_UNICAST_SOLICIT and MAX_MULTICAST_SOLICIT. */
const REACHABLE_TIME: u64 = 30 * SECOND;
const DELAY_TIME: u64 = 5 * SECOND;
const RETRANSMIT: u64 = SECOND;
const TRIES: u32 = 3;

export const FREE: u32 = 0;
export const INCOMPLETE: u32 = 1;
export const REACHABLE: u32 = 2;
export const STALE: u32 = 3;
export const DELAY: u32 = 4;
export const PROBE: u32 = 5;

@unmanaged
export class Neighbour {
  /** The address, 16 bytes. */
  high: u64 = 0;
  low: u64 = 0;
  /** When the state ends. */
  due: u64 = 0;
  /** When it was used or changed last. */
  used: u64 = 0;
  mac: u32 = 0;
  macEnd: u32 = 0;
  state: u32 = FREE;
  /** How often it was asked for in this state. */
  tries: u32 = 0;
  /** A router of its network (RFC 4861, 7.3.2). */
  router: bool = false;
  /** Never evicted: the gateway. */
  kept: bool = false;
  /** Place of the packet that waits for it plus 1, 0 for none. */
  waiting: u32 = 0;

  @inline
  get address(): usize {
    return changetype<usize>(this);
  }

  @inline
  get macAddress(): usize {
    return changetype<usize>(this) + offsetof<Neighbour>('mac');
  }

  /** Whether packets can be sent to it. */
  @inline
  get known(): bool {
    return this.state >= REACHABLE;
  }
}

/** A packet that waits. */
@unmanaged
class Waiting {
  owner: Neighbour | null = null;
  size: u32 = 0;
  bytes: usize = 0;
}

@unmanaged
export class Neighbours {
  /** A secret of this interface. */
  seed: u64 = 0;
  private table: usize = heap.alloc(ENTRIES * offsetof<Neighbour>());
  private waiting: usize = heap.alloc(WAITING * offsetof<Waiting>());
  private next: u32 = 0;
  /** The earliest moment at which tick() has to be called. */
  deadline: u64 = NEVER;
  /** Nanoseconds a confirmation lasts; routers of IPv6 may say (RFC 4861, 6.3.4). */
  reachableTime: u64 = REACHABLE_TIME;
  /** Entries that had to give way to others. */
  evicted: u64 = 0;

  constructor() {
    memory.fill(this.table, 0, ENTRIES * offsetof<Neighbour>());
    memory.fill(this.waiting, 0, WAITING * offsetof<Waiting>());
  }

  @inline
  at(index: u32): Neighbour {
    return changetype<Neighbour>(this.table + index * offsetof<Neighbour>());
  }

  get entries(): u32 {
    return ENTRIES;
  }

  /** The entry of the 16 bytes at `to`, null without. */
  @inline
  find(to: usize): Neighbour | null {
    const set = <u32>address.hash(to, this.seed) & (SETS - 1);
    for (let way: u32 = 0; way < WAYS; way++) {
      const entry = this.at(set * WAYS + way);
      if (entry.state != FREE && address.same(entry.address, to)) return entry;
    }
    return null;
  }

  /**
   * The entry of `to`, made if there is none: INCOMPLETE, to be asked for by the caller. `ours`: we need it, rather than a peer having
   * spoken of itself. Null if every place of its set is taken by a better one.
   */
  claim(to: usize, ours: bool, now: u64): Neighbour | null {
    const found = this.find(to);
    if (found != null) return found;
    const set = <u32>address.hash(to, this.seed) & (SETS - 1);
    let victim: Neighbour | null = null;
    let rank: u32 = u32.MAX_VALUE;
    for (let way: u32 = 0; way < WAYS; way++) {
      const entry = this.at(set * WAYS + way);
      const worth = this.worth(entry, now);
      if (worth < rank || (worth == rank && victim != null && entry.used < victim.used)) {
        victim = entry;
        rank = worth;
      }
    }
    if (victim == null || rank >= 4 || (rank == 3 && !ours)) return null;
    if (victim.state != FREE) this.evicted++;
    this.forget(victim);
    address.copy(victim.address, to);
    victim.state = INCOMPLETE;
    victim.tries = 0;
    victim.used = now;
    victim.due = now;
    this.wake(now);
    return victim;
  }

  /** How much would be lost with the entry: 0 nothing, 1 what a peer said, 2 a question of ours, 3 a confirmed one, 4 the gateway. */
  private worth(entry: Neighbour, now: u64): u32 {
    if (entry.kept) return 4;
    switch (entry.state) {
      case FREE:
        return 0;
      case STALE:
        return now - entry.used > REACHABLE_TIME ? 0 : 1;
      case INCOMPLETE:
        return 2;
      default:
        return 3;
    }
  }

  /** Gives all entries up: who was where on another network says nothing of this one. */
  clear(): void {
    for (let i: u32 = 0; i < ENTRIES; i++) this.forget(this.at(i));
  }

  /** Gives the entry up, with the packet that waits for it. */
  forget(entry: Neighbour): void {
    if (entry.waiting != 0) this.takeWaiting(entry);
    entry.state = FREE;
    entry.router = false;
    entry.kept = false;
  }

  /** Notes the MAC address of `entry`; `confirmed`: it answered us, or its transport moves on. */
  learn(entry: Neighbour, mac: usize, confirmed: bool, now: u64): void {
    const changed = entry.state < REACHABLE || !ethernet.same(entry.macAddress, mac);
    if (changed) ethernet.copyMac(entry.macAddress, mac);
    if (confirmed) this.confirm(entry, now);
    else if (changed) entry.state = STALE;
    entry.used = now;
  }

  /** It is alive: it answered, or acknowledged something new (RFC 4861, 7.3.1). */
  @inline
  confirm(entry: Neighbour, now: u64): void {
    entry.state = REACHABLE;
    entry.tries = 0;
    entry.due = now + this.reachableTime;
    if (entry.due < this.deadline) this.deadline = entry.due;
  }

  /** To be called when a packet goes to it: one that was not heard of for long is probed a little later. */
  @inline
  use(entry: Neighbour, now: u64): void {
    entry.used = now;
    if (entry.state == STALE) {
      entry.state = DELAY;
      entry.due = now + DELAY_TIME;
      this.wake(entry.due);
    }
  }

  @inline
  private wake(due: u64): void {
    if (due < this.deadline) this.deadline = due;
  }

  /**
   * The next entry that has to be asked for now, by tries so far multicast (INCOMPLETE) or unicast (PROBE); null when there is none. Call
   * it until then. Entries that never answered are given up here: `lost` of them.
   */
  nextDue(now: u64): Neighbour | null {
    let earliest: u64 = NEVER;
    for (let i: u32 = 0; i < ENTRIES; i++) {
      const entry = this.at(i);
      if (entry.state == FREE || entry.state == STALE) continue;
      if (entry.due <= now) {
        if (entry.state == REACHABLE) {
          entry.state = STALE;
          continue;
        }
        if (entry.state == DELAY) {
          entry.state = PROBE;
          entry.tries = 0;
        }
        if (entry.tries >= TRIES) {
          this.forget(entry);
          continue;
        }
        entry.tries++;
        entry.due = now + RETRANSMIT;
        this.deadline = now; // there may be more
        return entry;
      }
      if (entry.due < earliest) earliest = entry.due;
    }
    this.deadline = earliest;
    return null;
  }

  /** Keeps the `size` bytes at `packet` until the entry's address is known, instead of what waited for it before. */
  wait(entry: Neighbour, packet: usize, size: u32): void {
    let place = entry.waiting;
    if (place == 0) {
      place = (this.next++ % WAITING) + 1;
      const taken = this.slot(place).owner;
      if (taken != null) this.takeWaiting(taken);
    }
    const slot = this.slot(place);
    if (slot.size < size || slot.bytes == 0) {
      if (slot.bytes != 0) heap.free(slot.bytes);
      slot.bytes = heap.alloc(size);
    }
    memory.copy(slot.bytes, packet, size);
    slot.size = size;
    slot.owner = entry;
    entry.waiting = place;
  }

  @inline
  private slot(place: u32): Waiting {
    return changetype<Waiting>(this.waiting + (place - 1) * offsetof<Waiting>());
  }

  /** Moves the packet that waits for the entry to `to`; its size, 0 if there is none. */
  release(entry: Neighbour, to: usize): u32 {
    if (entry.waiting == 0) return 0;
    const slot = this.slot(entry.waiting);
    const size = slot.size;
    memory.copy(to, slot.bytes, size);
    this.takeWaiting(entry);
    return size;
  }

  private takeWaiting(entry: Neighbour): void {
    const slot = this.slot(entry.waiting);
    slot.owner = null;
    entry.waiting = 0;
    heap.free(slot.bytes);
    slot.bytes = 0;
    slot.size = 0;
  }
}
