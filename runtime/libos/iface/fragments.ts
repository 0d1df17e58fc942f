// Packets that come in pieces (RFC 791, 3.2; RFC 8200, 4.5), of both versions in one table. Pieces that overlap spoil the whole packet
// (RFC 5722): nobody sends such honestly. A flood of pieces costs bounded memory, and pushes the oldest packets out, for a whole packet's
// pieces come within moments of each other, so that what is old will hardly be completed.
import * as address from '../wire/address';
import { NEVER } from '../time/duration';
import * as drop from './drop';

/** Packets in pieces at a time, and bytes they may take together. */
const PACKETS: u32 = 8;
const MEMORY: u32 = 160 * 1024;
/** Bytes of the longest header in front of a payload; a fragment header among it. */
export const HEAD_MAX: u32 = 136;
/** One bit for each 8 bytes of the largest payload. */
const MAP: u32 = 1024;
const PAYLOAD_MAX: u32 = 65535;
/** Buffers grow by this at least. */
const STEP: u32 = 4096;

const FREE: u32 = 0;
const OPEN: u32 = 1;
/** Its pieces contradict each other: those that still come are dropped, too. */
const SPOILED: u32 = 2;

/** A packet of which pieces have come. */
@unmanaged
export class Reassembly {
  fromHigh: u64;
  fromLow: u64;
  toHigh: u64;
  toLow: u64;
  /** When it is given up. */
  due: u64;
  id: u32;
  protocol: u32;
  state: u32;
  /** Bytes of the payload, 0 until the last piece has come; of its part up to the farthest piece. */
  size: u32;
  end: u32;
  /** Units of 8 bytes that have come. */
  units: u32;
  /** The first piece: bytes of its header (0 until it has come) and of its payload; where the header says what comes next. */
  head: u32;
  first: u32;
  field: u32;
  /** Room for HEAD_MAX bytes of header and `capacity` of payload; a map of what has come. */
  buffer: usize;
  capacity: u32;
  map: usize;

  /** Whether it still may become whole. */
  @inline
  get isOpen(): bool {
    return this.state == OPEN;
  }

  @inline
  get from(): usize {
    return changetype<usize>(this);
  }

  @inline
  get to(): usize {
    return changetype<usize>(this) + offsetof<Reassembly>('toHigh');
  }

  /** Where the payload is; its header ends right before it. */
  @inline
  get payload(): usize {
    return this.buffer + HEAD_MAX;
  }
}

@unmanaged
export class Fragments {
  /** The earliest moment at which tick() has to be called. */
  deadline: u64 = NEVER;
  /** Bytes taken now. */
  memory: u32 = 0;
  /** Why add() did not keep the last piece. */
  reason: u32 = drop.NONE;
  /** Packets that had to give way to others. */
  evicted: u64 = 0;
  /** Packets sent in pieces so far. */
  sent: u64 = 0;
  private table: usize = heap.alloc(PACKETS * offsetof<Reassembly>());

  constructor() {
    memory.fill(this.table, 0, PACKETS * offsetof<Reassembly>());
  }

  @inline
  private at(index: u32): Reassembly {
    return changetype<Reassembly>(this.table + index * offsetof<Reassembly>());
  }

  /**
   * The packet this piece belongs to, made if there is none. `protocol` is that of IPv4 packets, of IPv6 always the same.
   * @param due when to give up a packet whose first piece to come is this one
   */
  claim(from: usize, to: usize, id: u32, protocol: u32, due: u64): Reassembly {
    let chosen = this.at(0);
    for (let i: u32 = 0; i < PACKETS; i++) {
      const other = this.at(i);
      const same = other.id == id && other.protocol == protocol && address.same(other.from, from);
      if (other.state != FREE && same && address.same(other.to, to)) return other;
      if (chosen.state != FREE && (other.state == FREE || other.due < chosen.due)) chosen = other;
    }
    this.giveWay(chosen);
    address.copy(chosen.from, from);
    address.copy(chosen.to, to);
    chosen.id = id;
    chosen.protocol = protocol;
    chosen.due = due;
    chosen.state = OPEN;
    chosen.size = chosen.end = chosen.units = chosen.head = chosen.first = chosen.field = 0;
    this.deadline = min(this.deadline, due);
    return chosen;
  }

  /**
   * Adds the `size` bytes at `piece`, which isPiece(), and belong at `offset`, a multiple of 8.
   * @param header the `headerSize` bytes before the payload, kept of the first piece; `field` of them says what comes next
   * @returns whether the packet is whole: then release() it after use. If not, `reason` says why the piece was dropped, if it was
   */
  add(
    packet: Reassembly,
    header: usize,
    headerSize: u32,
    field: u32,
    offset: u32,
    more: bool,
    piece: usize,
    size: u32,
  ): bool {
    this.reason = drop.NONE;
    const end = offset + size;
    if (packet.state == SPOILED) return this.refuse();
    const known = packet.size;
    const beyond = known != 0 && (end > known || (!more && end != known));
    if (beyond || (!more && end < packet.end)) return this.spoil(packet);
    if (!this.hasRoom(packet, end)) return this.refuse();
    const units = (size + 7) >> 3;
    const there = count(packet.map, offset >> 3, units);
    if (there != 0) {
      // The same once more is common and does no harm (RFC 8200, 4.5).
      if (there != units || memory.compare(packet.payload + offset, piece, size) != 0) return this.spoil(packet);
      return this.refuse();
    }
    mark(packet.map, offset >> 3, units);
    memory.copy(packet.payload + offset, piece, size);
    packet.units += units;
    packet.end = max(packet.end, end);
    if (!more) packet.size = end;
    if (offset == 0) {
      memory.copy(packet.payload - headerSize, header, headerSize);
      packet.head = headerSize;
      packet.first = size;
      packet.field = field;
    }
    return packet.size != 0 && packet.units == (packet.size + 7) >> 3;
  }

  private refuse(): bool {
    this.reason = drop.FRAGMENT;
    return false;
  }

  private spoil(packet: Reassembly): bool {
    this.release(packet);
    packet.state = SPOILED;
    return this.refuse();
  }

  /** Makes room for `end` bytes of payload; others give way for it, the oldest first. */
  private hasRoom(packet: Reassembly, end: u32): bool {
    if (end <= packet.capacity) return true;
    const capacity = (end + STEP - 1) & ~(STEP - 1);
    const more = capacity - packet.capacity + (packet.buffer == 0 ? HEAD_MAX + MAP : 0);
    while (this.memory + more > MEMORY) {
      let oldest: Reassembly | null = null;
      for (let i: u32 = 0; i < PACKETS; i++) {
        const other = this.at(i);
        if (other == packet || other.buffer == 0) continue;
        if (oldest == null || other.due < oldest.due) oldest = other;
      }
      if (oldest == null) return false;
      this.giveWay(oldest);
    }
    if (packet.buffer == 0) {
      packet.buffer = heap.alloc(HEAD_MAX + capacity);
      packet.map = heap.alloc(MAP);
      memory.fill(packet.map, 0, MAP);
    } else packet.buffer = heap.realloc(packet.buffer, HEAD_MAX + capacity);
    packet.capacity = capacity;
    this.memory += more;
    return true;
  }

  private giveWay(packet: Reassembly): void {
    if (packet.isOpen) this.evicted++;
    this.release(packet);
  }

  /** Gives the packet up, and its memory back. */
  release(packet: Reassembly): void {
    packet.state = FREE;
    if (packet.buffer == 0) return;
    this.memory -= HEAD_MAX + MAP + packet.capacity;
    heap.free(packet.buffer);
    heap.free(packet.map);
    packet.buffer = 0;
    packet.capacity = 0;
  }

  /** The next packet whose time is over, null when there is none: call it until then, and release() each. */
  nextLate(now: u64): Reassembly | null {
    this.deadline = NEVER;
    for (let i: u32 = 0; i < PACKETS; i++) {
      const packet = this.at(i);
      if (packet.state == FREE) continue;
      if (packet.due <= now) return packet;
      this.deadline = min(this.deadline, packet.due);
    }
    return null;
  }
}

/** Whether there can be such a piece: look before claim() makes others give way for it. */
export function isPiece(headerSize: u32, offset: u32, more: bool, size: u32): bool {
  return headerSize <= HEAD_MAX && size != 0 && !(more && (size & 7) != 0) && offset + size <= PAYLOAD_MAX;
}

/** How many of the `units` bits from `first` on are set. */
function count(map: usize, first: u32, units: u32): u32 {
  let set: u32 = 0;
  for (let unit = first; unit < first + units; unit++) set += (load<u8>(map + (unit >> 3)) >> <u8>(unit & 7)) & 1;
  return set;
}

function mark(map: usize, first: u32, units: u32): void {
  for (let unit = first; unit < first + units; unit++) {
    const at = map + (unit >> 3);
    store<u8>(at, load<u8>(at) | (1 << <u8>(unit & 7)));
  }
}
