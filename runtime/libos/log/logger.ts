// The log of an image: 2026-11-21T07:54:12.123Z INFO  dhcp: bound … A part of the image that speaks is a source, with a level of its own.
//
//   const dhcp = logger.source('dhcp');                      at set-up
//   if (logger.begin(dhcp, level.INFO)) {                     where it happens
//     line.text('bound ');
//     line.ipv4(address);
//     logger.end();
//   }
import * as level from './level';
import * as line from './line';
import * as syslog from './syslog';
import { Thresholds } from './threshold';
import { SIZE as STAMP, write as writeTime } from './time';

/** More sources are a mistake of the image. */
const SOURCES: u32 = 32;

const thresholds = new Thresholds();
const names: string[] = [];
const levels: usize = memory.data(32);
const stamp: usize = memory.data(24);
/** Bytes of the time stamp, the level and the spaces, which syslog says in its own way. */
const PREFIX: u32 = 31;
let now: u64 = 0;
/** Bytes of the current line before what a syslog message takes over; NO_MESSAGE if there is none. */
let skip: u32 = 0;
const NO_MESSAGE: u32 = u32.MAX_VALUE;

/** Sets the time of the lines to come: nanoseconds since 1970, UTC. Once a turn of the main loop is often enough. */
export function setTime(wall: u64): void {
  now = wall;
}

/** The time of the lines as setTime() set it. */
export function time(): u64 {
  return now;
}

/** A source called `name`; at set-up. The same name is the same source. */
export function source(name: string): u32 {
  const known = names.indexOf(name);
  if (known >= 0) return known;
  assert(<u32>names.length < SOURCES, 'too many sources of log lines');
  names.push(name);
  store<u8>(levels + names.length - 1, thresholds.of(name));
  return names.length - 1;
}

/** Takes the value of -l (threshold.ts); '' or what is wrong with it. Sources may be made before and after. */
export function configure(text: string): string {
  const wrong = thresholds.take(text);
  for (let i = 0; i < names.length; i++) store<u8>(levels + i, thresholds.of(names[i]));
  return wrong;
}

/** The first source -l named that does not exist, null if all do; to be asked when all sources are made. */
export function stranger(): string | null {
  return thresholds.stranger(names);
}

/** Whether lines of `severity` from `source` are wanted: ask before working out what to say. */
@inline
export function wants(source: u32, severity: u32): bool {
  return severity <= <u32>load<u8>(levels + source);
}

/** Begins a line of `severity` (not QUIET) from `source`; false, and nothing is begun, if it is not wanted. */
export function begin(source: u32, severity: u32): bool {
  if (!wants(source, severity)) return false;
  skip = syslog.begin(severity, now) ? PREFIX : NO_MESSAGE;
  line.watch(skip == NO_MESSAGE ? 0 : copy.index);
  writeTime(stamp, now);
  line.bytes(stamp, STAMP);
  line.byte(0x20);
  line.text(level.label(severity));
  line.byte(0x20);
  line.text(unchecked(names[source]));
  line.text(': ');
  return true;
}

/** Takes over what goes to the console, without the prefix and the newline that ends the line. */
function copy(bytes: usize, size: u32): void {
  const skipped = min(skip, size);
  skip -= skipped;
  if (size > 0 && load<u8>(bytes + size - 1) == 0x0a) size--;
  if (size > skipped) syslog.append(bytes + skipped, size - skipped);
}

/** Ends the line: it goes to the console and, where there is one, to the syslog server. */
export function end(): void {
  const message = skip != NO_MESSAGE;
  line.end();
  line.watch(0);
  if (message) syslog.end();
}

/** Says a whole line. */
export function say(source: u32, severity: u32, text: string): void {
  if (!begin(source, severity)) return;
  line.text(text);
  end();
}
