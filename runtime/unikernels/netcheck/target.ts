// Whom netcheck calls or pings: an address or a name, as the command line has it.
import { parseIpv6 } from '../../libos/args/ipv6';
import { parseIpv4, parseNumber } from '../../libos/args/parse';
import * as address from '../../libos/wire/address';
import { NAME, writeName } from '../../libos/wire/dns';

const name: usize = memory.data(NAME);

export class Target {
  /** 16 bytes; 0 if `host` is a name that has to be looked up. */
  address: usize = 0;
  port: u32 = 0;

  constructor(public host: string) {}
}

/** HOST, an address or a name; null if it is neither. */
export function parseTarget(text: string): Target | null {
  const target = new Target(text);
  const bytes = heap.alloc(address.SIZE);
  const ipv4 = parseIpv4(text);
  if (ipv4 >= 0) {
    const first = <u32>(ipv4 >> 24);
    if (first == 0 || first == 127 || first >= 224) return null;
    address.setIpv4(bytes, <u32>ipv4);
  } else if (!parseIpv6(text, bytes)) {
    return isName(text) ? target : null;
  } else if (address.isMulticast(bytes) || load<u64>(bytes) == 0) return null; // of ::/64 nothing is a host's on a wire
  target.address = bytes;
  return target;
}

/** HOST:PORT, an IPv6 address in brackets. */
export function parseTargetPort(text: string): Target | null {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return null;
  const bracketed = text.startsWith('[');
  if (bracketed && text.charCodeAt(colon - 1) != 0x5d) return null;
  const host = bracketed ? text.substring(1, colon - 1) : text.substring(0, colon);
  if (host.includes(':') != bracketed) return null;
  const port = parseNumber(text.substring(colon + 1), 65535);
  const target = parseTarget(host);
  if (port <= 0 || target == null) return null;
  target.port = <u32>port;
  return target;
}

/** Whether it is a host's name; one that ends in a number is an address with a mistake in it (RFC 3696, 2). */
function isName(text: string): bool {
  const parts = text.split('.');
  if (parseNumber(parts[parts.length - 1], i32.MAX_VALUE) >= 0) return false;
  const bytes = String.UTF8.encode(text);
  return writeName(changetype<usize>(bytes), <u32>bytes.byteLength, name) != 0;
}
