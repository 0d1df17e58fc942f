// What a response says to a question: its addresses, through aliases, and how long that holds. Only records that answer the question count;
// nothing is learned on the side, so that a server cannot speak for names it was not asked for.
import { get32 } from '../wire/bytes';
import * as address from '../wire/address';
import * as dns from '../wire/dns';
import { ADDRESSES } from './cache';
import * as status from './status';

/** Aliases followed from one name. */
const ALIASES: u32 = 8;
/** Seconds an answer is kept at most, and one that says there is none (RFC 2308, 5). */
const LONGEST: u32 = 86400;
const LONGEST_NEGATIVE: u32 = 10800;

@unmanaged
export class Answer {
  /** See status.ts; PENDING if the response is no good: ask another server. */
  status: u32;
  count: u32;
  /** Seconds; 0: not to be kept. */
  ttl: u32;

  /** Of ADDRESSES times 16 bytes. */
  constructor(public addresses: usize) {}
}

const record = new dns.Record();
const name: usize = memory.data(255);
const other: usize = memory.data(255);

/** Reads the response of `size` bytes whose records begin at offset `at`, to the question for addresses of `type` of `question`. */
export function read(
  answer: Answer,
  message: usize,
  size: u32,
  at: u32,
  question: usize,
  type: u32,
): void {
  answer.count = 0;
  answer.ttl = LONGEST;
  answer.status = status.PENDING;
  memory.copy(name, question, dns.nameSize(question));
  const absent = (dns.flags(message) & dns.RCODE) == dns.NAME_ERROR;
  for (let i: u32 = 0; i <= ALIASES; i++) {
    const found = scan(answer, message, size, at, type);
    if (found == MALFORMED) return;
    if (answer.count > 0) {
      answer.status = status.FOUND;
      return;
    }
    if (found == NOTHING) {
      readAbsence(answer, message, size, at, absent);
      return;
    }
  }
  answer.status = status.CHAIN;
}

const NOTHING: u32 = 0;
const ALIAS: u32 = 1;
const MALFORMED: u32 = 2;

/** Collects the addresses of `name` from the answers; if it is an alias instead, `name` is then what it stands for. */
function scan(answer: Answer, message: usize, size: u32, at: u32, type: u32): u32 {
  const width: u32 = type == dns.A ? 4 : 16;
  let alias: u32 = 0;
  for (let left = dns.answers(message); left > 0; left--) {
    at = dns.readRecord(message, size, at, record);
    if (at == 0) return MALFORMED;
    if (record.class != dns.INTERNET || (record.type != type && record.type != dns.CNAME)) continue;
    dns.readName(message, size, record.name, other);
    if (!dns.sameName(name, other)) continue;
    if (record.type == dns.CNAME) {
      if (alias == 0) alias = record.data;
      if (dns.readName(message, size, record.data, 0) != record.data + record.dataSize) return MALFORMED;
    } else {
      if (record.dataSize != width) return MALFORMED;
      if (answer.count < ADDRESSES) collect(answer, message + record.data, type);
    }
    answer.ttl = min(answer.ttl, record.ttl);
  }
  if (answer.count > 0 || alias == 0) return NOTHING;
  dns.readName(message, size, alias, name);
  return ALIAS;
}

function collect(answer: Answer, data: usize, type: u32): void {
  const to = answer.addresses + answer.count++ * address.SIZE;
  if (type == dns.A) address.setIpv4(to, get32(data));
  else address.copy(to, data);
}

/** There is no address: how long that holds stands in the SOA record among the authorities (RFC 2308, 5). */
function readAbsence(answer: Answer, message: usize, size: u32, at: u32, absent: bool): void {
  for (let left = dns.answers(message); left > 0; left--) at = dns.readRecord(message, size, at, record);
  let known = false;
  for (let left = dns.authorities(message); left > 0; left--) {
    at = dns.readRecord(message, size, at, record);
    if (at == 0) return;
    if (record.type != dns.SOA || record.class != dns.INTERNET || record.dataSize < 22) continue;
    known = true;
    const minimum = get32(message + record.data + record.dataSize - 4);
    answer.ttl = min(answer.ttl, min(LONGEST_NEGATIVE, min(record.ttl, minimum)));
  }
  if (!known) answer.ttl = 0;
  // A server that neither knows nor asks others has not said that there is nothing.
  if (!absent && !known && !(dns.flags(message) & (dns.RECURSION_AVAILABLE | dns.AUTHORITATIVE))) return;
  answer.status = absent ? status.NO_NAME : status.NO_DATA;
}
