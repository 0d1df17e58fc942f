// Values of options. Each parser takes the whole text or nothing.
import { Cidr } from '../wire/cidr';

/** A decimal number from 0 to `max`; -1 if `text` is none. */
export function parseNumber(text: string, max: i32): i32 {
  if (text.length == 0 || text.length > 9) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= max ? value : -1;
}

/** An IPv4 address in dotted decimal (RFC 6943, 3.1.1: the strict form), in host order; -1 if `text` is none. */
export function parseIpv4(text: string): i64 {
  const parts = text.split('.');
  if (parts.length != 4) return -1;
  let address: i64 = 0;
  for (let i = 0; i < 4; i++) {
    // A leading zero would mean octal to some readers.
    if (parts[i].length > 1 && parts[i].charCodeAt(0) == 0x30) return -1;
    const part = parseNumber(parts[i], 255);
    if (part < 0) return -1;
    address = (address << 8) | part;
  }
  return address;
}

/** A host's address with its prefix; null if `text` is none that a host can have (RFC 1122, 3.2.1.3). */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/');
  if (slash < 0) return null;
  const address = parseIpv4(text.substring(0, slash));
  const prefix = parseNumber(text.substring(slash + 1), 32);
  if (address < 0 || prefix < 1) return null;
  const cidr = new Cidr(<u32>address, <u32>prefix);
  if (!cidr.hasHost(cidr.address)) return null;
  const first = cidr.address >> 24;
  return first == 0 || first == 127 || first >= 224 ? null : cidr;
}
