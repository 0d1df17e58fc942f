// An archive on a block device of the image.
import * as guest from '../guest';
import * as store from '../store/store';

let handle: u32 = 0;

function readSectors(offset: u64, to: usize, size: u32): bool {
  return guest.blockRead(handle, offset, to, size) == 0;
}

/** Opens the archive on the block device `name`, which the manifest declares, within `budget` bytes of memory. */
export function openStore(name: string, budget: u32): store.Store {
  const bytes = String.UTF8.encode(name);
  handle = guest.blockFind(changetype<usize>(bytes), <u32>bytes.byteLength);
  assert(handle != 0, 'the manifest declares no block device called ' + name);
  return store.open(readSectors, guest.blockCapacity(handle), guest.blockSector(handle), budget);
}
