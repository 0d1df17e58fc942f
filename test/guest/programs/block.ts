// Does to the block device 'storage' what its arguments say, and prints each result:
//   read:OFFSET:SIZE  write:OFFSET:SIZE:BYTE  far:SIZE (a read to the last SIZE bytes of linear memory and 512 beyond)
// After a read it prints the first byte of each sector too.
import { commandLine } from '../../../runtime/libos/args/args';
import { blockCapacity, blockFind, blockRead, blockSector, blockWrite } from '../../../runtime/libos/guest';
import * as out from '../../../runtime/libos/log/line';

const ROOM = 1 << 16;

function find(name: string): u32 {
  const bytes = String.UTF8.encode(name);
  return blockFind(changetype<usize>(bytes), bytes.byteLength);
}

export function main(): i32 {
  const words = commandLine().rest().split(' ');
  const handle = find('storage');
  if (handle == 0 || find('storag') != 0 || find('storage2') != 0 || find('service') != 0) return 1;
  const sector = blockSector(handle);
  out.text('capacity ');
  out.number(blockCapacity(handle));
  out.text(' sector ');
  out.number(sector);
  out.end();
  const data = heap.alloc(ROOM);
  for (let i = 0; i < words.length; i++) {
    const parts = words[i].split(':');
    if (parts.length < 2) continue;
    const offset = U64.parseInt(parts[1]);
    const size = parts.length > 2 ? U32.parseInt(parts[2]) : 0;
    out.text(parts[0]);
    out.text(' ');
    if (parts[0] == 'far') {
      const end = <usize>memory.size() << 16;
      out.number(blockRead(handle, 0, end - <usize>offset, <u32>offset + 512));
    } else if (parts[0] == 'write') {
      memory.fill(data, <u8>U32.parseInt(parts[3]), size);
      out.number(blockWrite(handle, offset, data, size));
    } else {
      memory.fill(data, 0xee, ROOM);
      out.number(blockRead(handle, offset, data, size));
      for (let at: usize = 0; at < size; at += sector) {
        out.text(' ');
        out.number(load<u8>(data + at));
      }
    }
    out.end();
  }
  return 0;
}
