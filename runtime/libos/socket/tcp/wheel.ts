// The timers of all connections: a wheel of 256 slots of about 4 ms, each a list of connections. What is due later than the wheel's turn
// waits in its last slot and is put in again. A timer that is pushed back stays where it is until its slot comes: most are pushed back
// with every acknowledgment, and this costs nothing.
import { NEVER } from '../../time/duration';
import { Connection } from './connection';

const SLOTS: u32 = 256;
/** A tick is 2^22 ns, 4.19 ms. */
const TICK_SHIFT: u64 = 22;
const NOWHERE: u32 = u32.MAX_VALUE;

@unmanaged
export class Wheel {
  private slots: usize = heap.alloc(SLOTS * sizeof<usize>());
  /** Ticks that are over. */
  private tick: u64 = 0;
  private count: u32 = 0;

  constructor() {
    memory.fill(this.slots, 0, SLOTS * sizeof<usize>());
  }

  /** Begins at the time `now`. */
  start(now: u64): void {
    this.tick = now >> TICK_SHIFT;
  }

  @inline
  private first(slot: u32): Connection | null {
    return changetype<Connection | null>(load<usize>(this.slots + slot * sizeof<usize>()));
  }

  @inline
  private setFirst(slot: u32, connection: Connection | null): void {
    store<usize>(this.slots + slot * sizeof<usize>(), changetype<usize>(connection));
  }

  /** Sees to it that expired() gives the connection back when the earliest of its timers is due. */
  schedule(connection: Connection): void {
    const due = connection.due;
    if (due == NEVER) return;
    let tick = max(due >> TICK_SHIFT, this.tick);
    if (connection.slot != NOWHERE) {
      if (connection.slotTick <= tick) return;
      this.remove(connection);
    }
    tick = min(tick, this.tick + SLOTS - 1);
    const slot = <u32>tick & (SLOTS - 1);
    const next = this.first(slot);
    connection.slot = slot;
    connection.slotTick = tick;
    connection.slotPrevious = null;
    connection.slotNext = next;
    if (next != null) next.slotPrevious = connection;
    this.setFirst(slot, connection);
    this.count++;
  }

  remove(connection: Connection): void {
    if (connection.slot == NOWHERE) return;
    const next = connection.slotNext;
    const previous = connection.slotPrevious;
    if (next != null) next.slotPrevious = previous;
    if (previous != null) previous.slotNext = next;
    else this.setFirst(connection.slot, next);
    connection.slot = NOWHERE;
    this.count--;
  }

  /** A connection whose slot is over, taken out; null when there is none. Its timers may not be due: then schedule it again. */
  expired(now: u64): Connection | null {
    const present = now >> TICK_SHIFT;
    if (this.count == 0) {
      this.tick = max(this.tick, present);
      return null;
    }
    // More than a turn may have passed: every slot once is enough.
    if (present - this.tick > SLOTS) this.tick = present - SLOTS;
    while (this.tick < present) {
      const found = this.first(<u32>this.tick & (SLOTS - 1));
      if (found != null) {
        this.remove(found);
        return found;
      }
      this.tick++;
    }
    return null;
  }

  /** When the next slot is over, NEVER if nothing waits. */
  deadline(): u64 {
    if (this.count == 0) return NEVER;
    for (let i: u64 = 0; i < SLOTS; i++) {
      if (this.first(<u32>(this.tick + i) & (SLOTS - 1)) != null) return (this.tick + i + 1) << TICK_SHIFT;
    }
    return NEVER;
  }
}
