// The messages a multicast DNS responder sends (RFC 6762). The name always stands at offset 12; everything else points there.
import * as dns from '../wire/dns';
import { put16 } from '../wire/bytes';
import * as hosts from './host';

/** Room any message fits: a name, and eight addresses of 28 bytes, and the NSEC record. */
export const ROOM: u32 = 600;
/** Seconds a host's addresses may be kept (RFC 6762, 10); by resolvers that know nothing of multicast DNS only ten (6.7). */
const TTL: u32 = 120;
const LEGACY_TTL: u32 = 10;
/** Beside addresses in a set of records: that a type which was asked for does not exist. */
export const NSEC: u32 = 0x80000000;
/** Top bit of the class: in a question, that the answer may be unicast; in a record, that older ones are to be forgotten. */
const FLAG: u32 = 0x8000;
const POINTER: u32 = 0xc000 | dns.HEADER;

/** A probe (8.1): who has this name? I would like to, with these records. Its size. */
export function probe(host: hosts.Host, to: usize): u32 {
  dns.writeHeader(to, 0, 0, 1, 0, host.count, 0);
  memory.copy(to + dns.HEADER, host.name, host.nameSize);
  let at = dns.writeType(to + dns.HEADER + host.nameSize, dns.ANY, dns.INTERNET | FLAG);
  for (let i: u32 = 0; i < host.count; i++) {
    put16(at, POINTER);
    at = writeAddress(host, i, at + 2, dns.INTERNET, TTL);
  }
  return <u32>(at - to);
}

/** A response with the records of `set`; with `goodbye` their time is over (10.1). Its size. */
export function response(host: hosts.Host, to: usize, set: u32, goodbye: bool): u32 {
  dns.writeHeader(to, 0, dns.RESPONSE | dns.AUTHORITATIVE, 0, popcnt(set), 0, 0);
  return writeSet(host, to, to + dns.HEADER, set, dns.INTERNET | FLAG, goodbye ? 0 : TTL, true);
}

/** A response to an ordinary resolver (6.7): its id and question are repeated. Its size. */
export function legacy(host: hosts.Host, to: usize, set: u32, id: u32, type: u32): u32 {
  dns.writeHeader(to, id, dns.RESPONSE | dns.AUTHORITATIVE, 1, popcnt(set), 0, 0);
  memory.copy(to + dns.HEADER, host.name, host.nameSize);
  const at = dns.writeType(to + dns.HEADER + host.nameSize, type, dns.INTERNET);
  return writeSet(host, to, at, set, dns.INTERNET, LEGACY_TTL, false);
}

function writeSet(
  host: hosts.Host,
  to: usize,
  at: usize,
  set: u32,
  klass: u32,
  ttl: u32,
  named: bool,
): u32 {
  for (let i: u32 = 0; i < 32; i++) {
    if (!(set & (1 << i))) continue;
    if (named) {
      memory.copy(at, host.name, host.nameSize);
      at += host.nameSize;
      named = false;
    } else {
      put16(at, POINTER);
      at += 2;
    }
    at = <u32>(1 << i) == NSEC ? writeNsec(host, at, klass, ttl) : writeAddress(host, i, at, klass, ttl);
  }
  return <u32>(at - to);
}

/** What follows the name of the record of address `i`; where the next one goes. */
function writeAddress(host: hosts.Host, i: u32, at: usize, klass: u32, ttl: u32): usize {
  const type = hosts.typeOf(host, i);
  const size = hosts.sizeOf(type);
  const data = dns.writeRecord(at, type, klass, ttl, size);
  memory.copy(data, hosts.dataOf(host, i), size);
  return data + size;
}

/** The types that exist, as a bit map of RFC 4034, 4.1.2: block 0, bit 1 is A, bit 28 AAAA. */
function writeNsec(host: hosts.Host, at: usize, klass: u32, ttl: u32): usize {
  const ipv6 = hosts.ofType(host, dns.AAAA) != 0;
  const bytes: u32 = ipv6 ? 4 : 1;
  const data = dns.writeRecord(at, dns.NSEC, klass, ttl, 4 + bytes);
  put16(data, POINTER);
  store<u8>(data, 0, 2);
  store<u8>(data, bytes, 3);
  memory.fill(data + 4, 0, bytes);
  if (hosts.ofType(host, dns.A) != 0) store<u8>(data, 0x40, 4);
  if (ipv6) store<u8>(data, 0x08, 7);
  return data + 4 + bytes;
}
