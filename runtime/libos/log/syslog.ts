// A line of the log as a syslog message (RFC 5424), for UDP (RFC 5426): <30>1 2026-11-21T07:54:12.123Z HOST APP - - - SOURCE: TEXT
import { putNumber } from '../text/put';
import * as level from './level';
import * as time from './time';

/** The size every receiver takes (RFC 5426, 3.2); what is longer is cut. All of it is ASCII, so no character is cut in two. */
export const LARGEST: u32 = 480;
/** Facility 3, daemon, as it stands in the priority (RFC 5424, 6.2.1). */
const DAEMON: u32 = 3 << 3;
const HOST: u32 = 255;
const APP: u32 = 48;

const message: usize = memory.data(480);
const name: usize = memory.data(320);
let nameSize: u32 = 0;
let used: u32 = 0;
/** Index of (message: usize, size: u32) => void; 0 for none. */
let send: u32 = 0;
let busy: bool = false;

/** What a field of the header may hold: printable ASCII without spaces (RFC 5424, 6), '-' if nothing is left of it. */
function field(text: string, limit: u32): void {
  const start = nameSize;
  for (let i = 0; i < text.length && nameSize - start < limit; i++) {
    const c = text.charCodeAt(i);
    if (c > 0x20 && c < 0x7f) store<u8>(name + nameSize++, c);
  }
  if (nameSize == start) store<u8>(name + nameSize++, 0x2d);
  store<u8>(name + nameSize++, 0x20);
}

/** Hands every line to the function of index `index` too, as a datagram for a syslog server; 0 stops it. */
export function open(index: u32, host: string, app: string): void {
  send = index;
  nameSize = 0;
  field(host, HOST);
  field(app, APP);
}

function byte(value: u32): void {
  if (used < LARGEST) store<u8>(message + used++, value);
}

/** Begins the message of a line of level `chosen`; whether there is one. A line about sending a line has none, or it would never end. */
export function begin(chosen: u32, now: u64): bool {
  if (send == 0 || busy) return false;
  used = 0;
  const priority = DAEMON + severityOf(chosen);
  byte(0x3c);
  used = <u32>(putNumber(message + used, priority) - message);
  byte(0x3e);
  byte(0x31);
  byte(0x20);
  time.write(message + used, now);
  used += time.SIZE;
  byte(0x20);
  append(name, nameSize);
  for (let i = 0; i < 3; i++) {
    byte(0x2d);
    byte(0x20);
  }
  return true;
}

/** The severity of a level (RFC 5424, table 2). */
function severityOf(chosen: u32): u32 {
  switch (chosen) {
    case level.ERROR:
      return 3;
    case level.WARNING:
      return 4;
    case level.DEBUG:
      return 7;
    default:
      return 6;
  }
}

/** Appends `size` bytes; what does not fit is cut. */
export function append(at: usize, size: u32): void {
  const bytes = min(size, LARGEST - used);
  memory.copy(message + used, at, bytes);
  used += bytes;
}

/** Sends the message. */
export function end(): void {
  busy = true;
  call_indirect<void>(send, message, used);
  busy = false;
}
