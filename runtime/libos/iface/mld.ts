// Multicast listener discovery (RFC 3810) as a host without sources speaks it: switches that snoop pass us nothing of a group that we
// do not report, neighbour discovery among it. Every query, of version 1 too, is answered by a report of all our groups.
import * as address from '../wire/address';
import { get16, put16 } from '../wire/bytes';
import * as groups from '../wire/groups';
import * as icmpv6 from '../wire/icmpv6';
import * as ipv6 from '../wire/ipv6';
import { MILLISECOND, NEVER, SECOND } from '../time/duration';
import * as drop from './drop';
import { sendToGroup } from './ipv6-output';
import { sourceFor } from './ipv6-source';
import { ADDRESSES, FREE } from './ipv6-state';
import { NOTED, Stack } from './stack';

/** A hop-by-hop header with a router alert (RFC 2711), in the machine's byte order. */
const ALERT: u64 = 0x0001_0000_0205_003a;
const EXTENSION: u32 = 8;
/** Bytes of a record: a group, no sources. */
const RECORD: u32 = 20;
/** Bytes of the shortest query. */
const QUERY: u32 = 24;

/** Types of a record: "we listen" as an answer, and as news. */
const IS_LISTENING: u8 = 2;
const LISTENS_NOW: u8 = 4;
/** News is told so often (RFC 3810, 9.1). */
const ROBUSTNESS: u32 = 2;

const ours: usize = memory.data(16);
const group: usize = memory.data(16);

/** To be called when the list of our groups has changed, or the address we report from. */
export function changed(stack: Stack): void {
  stack.ipv6.reports = ROBUSTNESS;
  stack.ipv6.reportAt = stack.now;
  stack.ipv6.wake(stack.now);
}

/** Takes a query of `size` bytes (RFC 3810, 5.1.14 and 6.2). */
export function queried(stack: Stack, message: usize, size: u32): void {
  if (size < QUERY || ipv6.hopLimit(stack.arrived) != 1 || !address.isLinkLocal(stack.from)) {
    return stack.drop(drop.ICMPV6_MALFORMED);
  }
  stack.outcome = NOTED;
  const code = get16(message + 4);
  // Large times are a mantissa and an exponent (RFC 3810, 5.1.3).
  const most: u64 = code < 0x8000 ? code : <u64>((code & 0xfff) | 0x1000) << (((code >> 12) & 7) + 3);
  const at = stack.now + (<u64>stack.nextRandom() % (most + 1)) * MILLISECOND;
  if (at < stack.ipv6.reportAt) stack.ipv6.reportAt = at;
  stack.ipv6.wake(stack.ipv6.reportAt);
}

/** Does what is due; the next moment at which something is. */
export function tick(stack: Stack): u64 {
  const ipv6 = stack.ipv6;
  if (ipv6.reportAt > stack.now || !ipv6.started) return ipv6.reportAt;
  report(stack, ipv6.reports > 0 ? LISTENS_NOW : IS_LISTENING);
  if (ipv6.reports > 0) ipv6.reports--;
  ipv6.reportAt = ipv6.reports > 0 ? stack.now + (<u64>stack.nextRandom() % SECOND) : NEVER;
  return ipv6.reportAt;
}

/** Sends a report of all our groups; all hosts' group is never reported. */
function report(stack: Stack, type: u8): void {
  const message = stack.packet + ipv6.HEADER + EXTENSION;
  const records = message + icmpv6.HEADER;
  let count: u32 = 0;
  for (let i: u32 = 0; i < ADDRESSES; i++) {
    const own = stack.ipv6.address(i);
    if (own.state == FREE) continue;
    groups.solicitedNode(group, own.bytes);
    if (!has(records, count, group)) writeRecord(records + RECORD * count++, type, group);
  }
  if (stack.ipv6.mdns) writeRecord(records + RECORD * count++, type, groups.MDNS);
  if (count == 0) return;
  const size = icmpv6.HEADER + RECORD * count;
  icmpv6.write(message, icmpv6.LISTENER_REPORT, 0, count);
  // Before there is an address, from none (RFC 3590).
  if (!sourceFor(stack, groups.LISTENER_ROUTERS, ours)) memory.fill(ours, 0, address.SIZE);
  icmpv6.seal(message, size, ours, groups.LISTENER_ROUTERS);
  store<u64>(stack.packet + ipv6.HEADER, ALERT);
  ipv6.write(stack.packet, EXTENSION + size, ipv6.HOP_BY_HOP, 1, ours, groups.LISTENER_ROUTERS);
  sendToGroup(stack, ipv6.HEADER + EXTENSION + size);
}

function has(records: usize, count: u32, group: usize): bool {
  for (let i: u32 = 0; i < count; i++) {
    if (address.same(records + RECORD * i + 4, group)) return true;
  }
  return false;
}

function writeRecord(record: usize, type: u8, group: usize): void {
  put16(record, <u32>type << 8);
  put16(record + 2, 0);
  address.copy(record + 4, group);
}
