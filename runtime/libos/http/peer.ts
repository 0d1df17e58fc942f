// An address as text: IPv4 dotted, IPv6 as RFC 5952 writes it.
import { get16 } from '../wire/bytes';
import { isIpv4 } from '../wire/address';
import { putHex, putNumber } from '../text/put';

/** Bytes of the longest address. */
export const LONGEST: u32 = 39;

/** Writes the address; returns where it ends. */
export function putAddress(to: usize, address: usize): usize {
  if (isIpv4(address)) {
    for (let i: u32 = 12; i < 16; i++) {
      if (i > 12) store<u8>(to++, 0x2e);
      to = putNumber(to, load<u8>(address + i));
    }
    return to;
  }
  // The first of the longest runs of zero groups, if it is of two or more, becomes two colons (section 4.2).
  let longest: u32 = 1;
  let gap: u32 = 8;
  for (let i: u32 = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && get16(address + end * 2) == 0) end++;
    if (end - i > longest) {
      longest = end - i;
      gap = i;
    }
  }
  for (let i: u32 = 0; i < 8; i++) {
    if (i == gap) {
      store<u16>(to, 0x3a3a);
      to += 2;
      i += longest - 1;
      continue;
    }
    if (i > 0 && i != gap + longest) store<u8>(to++, 0x3a);
    const group = get16(address + i * 2);
    to = putHex(to, group, group > 0xfff ? 4 : group > 0xff ? 3 : group > 0xf ? 2 : 1);
  }
  return to;
}
