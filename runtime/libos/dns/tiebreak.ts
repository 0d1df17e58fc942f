// Two hosts probe for the same name at the same moment: whose records are later in order wins (RFC 6762, 8.2).
import * as dns from '../wire/dns';
import * as hosts from './host';

/** Records compared of each side; nobody has more. */
const RECORDS: u32 = 16;
/** Top bit of the class, which does not count here. */
const FLAG: u32 = 0x8000;

@unmanaged
class Piece {
  class: u32;
  type: u32;
  data: usize;
  size: u32;
}

const ours: usize = memory.data(256);
const theirs: usize = memory.data(256);
const record = new dns.Record();
const name: usize = memory.data(255);

@inline
function piece(list: usize, i: u32): Piece {
  return changetype<Piece>(list + i * offsetof<Piece>());
}

/** Class, then type, then the data as unsigned bytes, where what ends first is earlier. */
function compare(a: Piece, b: Piece): i32 {
  if (a.class != b.class) return b.class > a.class ? -1 : 1;
  if (a.type != b.type) return b.type > a.type ? -1 : 1;
  const order = memory.compare(a.data, b.data, min(a.size, b.size));
  return order != 0 ? order : <i32>a.size - <i32>b.size;
}

/** Puts a record where it belongs among the `count` at `list`. */
function insert(list: usize, count: u32, klass: u32, type: u32, data: usize, size: u32): void {
  const made = piece(list, count);
  made.class = klass;
  made.type = type;
  made.data = data;
  made.size = size;
  for (let i = count; i > 0 && compare(piece(list, i), piece(list, i - 1)) < 0; i--) {
    for (let word: usize = 0; word < offsetof<Piece>(); word += 4) {
      const a = list + i * offsetof<Piece>() + word;
      const b = a - offsetof<Piece>();
      const kept = load<u32>(a);
      store<u32>(a, load<u32>(b));
      store<u32>(b, kept);
    }
  }
}

/**
 * Compares our records with those a probe has for our name among its authorities, which begin at offset `at`: above 0 we win, below 0 we lose,
 * 0: they are the same (it is our own probe), or there are none.
 */
export function decide(host: hosts.Host, message: usize, size: u32, at: u32): i32 {
  let there: u32 = 0;
  for (let left = dns.authorities(message); left > 0 && there < RECORDS; left--) {
    at = dns.readRecord(message, size, at, record);
    if (at == 0) return 0;
    dns.readName(message, size, record.name, name);
    if (!dns.sameName(name, host.name)) continue;
    insert(theirs, there++, record.class & ~FLAG, record.type, message + record.data, record.dataSize);
  }
  if (there == 0) return 0;
  for (let i: u32 = 0; i < host.count; i++) {
    const type = hosts.typeOf(host, i);
    insert(ours, i, dns.INTERNET, type, hosts.dataOf(host, i), hosts.sizeOf(type));
  }
  for (let i: u32 = 0; i < min(there, host.count); i++) {
    const order = compare(piece(ours, i), piece(theirs, i));
    if (order != 0) return order;
  }
  return <i32>host.count - <i32>there;
}
