// What the paths to other hosts can carry, as their routers told us (RFC 1191, RFC 8201). A small table: what is forgotten is learned again.
import * as address from '../wire/address';
import { SECOND } from '../time/duration';

const SETS: u32 = 8;
const WAYS: u32 = 4;
/** After so long a larger size is tried again (RFC 1191, 6.3). */
const AGE: u64 = 600 * SECOND;

@unmanaged
class Path {
  high: u64;
  low: u64;
  until: u64;
  mtu: u32;
}

@unmanaged
export class PathMtus {
  /** A secret of this interface. */
  seed: u64 = 0;
  private table: usize = heap.alloc(SETS * WAYS * offsetof<Path>());

  constructor() {
    memory.fill(this.table, 0, SETS * WAYS * offsetof<Path>());
  }

  /** The first of the WAYS places where `to` may be; the others follow. */
  private places(to: usize): usize {
    const set = <u32>address.hash(to, this.seed) & (SETS - 1);
    return this.table + set * WAYS * offsetof<Path>();
  }

  /** Bytes a packet to `to` may have, at most `link`. */
  get(to: usize, link: u32, now: u64): u32 {
    const places = this.places(to);
    for (let way: u32 = 0; way < WAYS; way++) {
      const path = changetype<Path>(places + way * offsetof<Path>());
      if (path.until > now && address.same(changetype<usize>(path), to)) return min(path.mtu, link);
    }
    return link;
  }

  /** Notes that packets to `to` must not exceed `mtu` bytes, unless that is known: no message makes a path wider. */
  lower(to: usize, mtu: u32, now: u64): void {
    if (mtu >= this.get(to, u32.MAX_VALUE, now)) return;
    const places = this.places(to);
    let chosen = changetype<Path>(places);
    for (let way: u32 = 0; way < WAYS; way++) {
      const path = changetype<Path>(places + way * offsetof<Path>());
      if (address.same(changetype<usize>(path), to)) {
        chosen = path;
        break;
      }
      if (path.until < chosen.until) chosen = path;
    }
    address.copy(changetype<usize>(chosen), to);
    chosen.mtu = mtu;
    chosen.until = now + AGE;
  }
}
