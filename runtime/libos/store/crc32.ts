// CRC-32 as gzip and zlib have it (RFC 1952, section 8), eight bytes at a time by eight tables ("slicing by 8").

const POLYNOMIAL: u32 = 0xedb88320;

/** Table n, at n × 1024: what a byte does to the checksum when n more bytes follow it. */
const tables: usize = memory.data(8192);
let ready = false;

function fill(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? POLYNOMIAL : 0);
    store<u32>(tables + (byte << 2), sum);
  }
  for (let at: usize = tables; at < tables + 7168; at += 4) {
    const sum = load<u32>(at);
    store<u32>(at + 1024, (sum >>> 8) ^ load<u32>(tables + ((sum & 255) << 2)));
  }
  ready = true;
}

@inline
function entry(table: usize, value: u32, shift: u32): u32 {
  return load<u32>(tables + (table << 10) + (((value >>> shift) & 255) << 2));
}

/** The checksum of what had the checksum `sum` (0 for nothing) and `size` more bytes at `at`. */
export function crc32(sum: u32, at: usize, size: u32): u32 {
  if (!ready) fill();
  sum = ~sum;
  const end = at + size;
  const eights = at + (size & ~7);
  while (at < eights) {
    const low = load<u32>(at) ^ sum;
    const high = load<u32>(at, 4);
    sum =
      entry(7, low, 0) ^
      entry(6, low, 8) ^
      entry(5, low, 16) ^
      entry(4, low, 24) ^
      entry(3, high, 0) ^
      entry(2, high, 8) ^
      entry(1, high, 16) ^
      entry(0, high, 24);
    at += 8;
  }
  while (at < end) {
    sum = (sum >>> 8) ^ entry(0, sum ^ load<u8>(at), 0);
    at++;
  }
  return ~sum;
}
