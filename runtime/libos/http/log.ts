// The access log in the Combined Log Format, written when a response is ready: its size is that of the content which then follows.
// A request whose content turns out malformed or late, or that turns out unreadable to us, gets a second line, for that answer.
import { put, putByte, putDigits, putHex, putNumber } from '../text/put';
import { text } from '../text/text';
import { DAY, day, putTime, setDay, year } from '../time/calendar';
import { Client } from './client';
import { putMonth } from './date';
import * as fields from './fields';
import { SP } from './octet';
import { putAddress } from './peer';
import { Site } from './site';

/** Bytes of the request line and of the other two quoted parts of a line; what is longer is cut. */
const QUOTED_MAX: u32 = 1024;
/** Bytes of a line. */
export const LINE_MAX: u32 = 3 * QUOTED_MAX + 256;

const SLASH: u32 = 0x2f;

const line: usize = heap.alloc(LINE_MAX);
const NOBODY = text(' - - [');
const ZONE = text(' +0000] ');
const NOTHING = text('-');

/** Writes `size` octets in quotes, those that are not printable ASCII, quotes and backslashes as \\xHH; at most QUOTED_MAX bytes. */
function putQuoted(to: usize, at: usize, size: u32): usize {
  const last = to + QUOTED_MAX - 5;
  store<u8>(to++, 0x22);
  for (let i: u32 = 0; i < size && to < last; i++) {
    const octet = <u32>load<u8>(at + i);
    if (octet >= 0x20 && octet < 0x7f && octet != 0x22 && octet != 0x5c) store<u8>(to++, <u8>octet);
    else {
      store<u16>(to, 0x785c);
      to = putHex(to + 2, octet, 2);
    }
  }
  store<u8>(to, 0x22);
  return to + 1;
}

/** Writes the field in quotes, or a dash in them if it is not there. */
function putField(to: usize, named: fields.Fields, field: u32): usize {
  const value = fields.has(named, field) ? fields.find(named, field) : null;
  if (value == null) return putQuoted(to, NOTHING.at, NOTHING.size);
  return putQuoted(to, value.at, value.size);
}

/** Gives the site's log a line about the request in `site.request`, whose response is `status` with `size` bytes of content. */
export function writeLine(site: Site, client: Client, status: u32, size: u64): void {
  const request = site.request;
  const second = site.second;
  let at = put(putAddress(line, client.peer), NOBODY);
  setDay(<i64>second / DAY);
  at = putByte(putDigits(at, day, 2), SLASH);
  at = putByte(putMonth(at), SLASH);
  at = putByte(putDigits(at, year, 4), 0x3a);
  at = put(putTime(at, <u32>(<i64>second % DAY)), ZONE);
  at = request.lineSize > 0
    ? putQuoted(at, request.line, request.lineSize)
    : putQuoted(at, NOTHING.at, NOTHING.size);
  at = putNumber(putByte(at, SP), status);
  at = putNumber(putByte(at, SP), size);
  at = putField(putByte(at, SP), request.fields, fields.REFERER);
  at = putField(putByte(at, SP), request.fields, fields.USER_AGENT);
  call_indirect<void>(site.log, line, <u32>(at - line));
}
