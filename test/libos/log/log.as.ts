// The log with handles for the tests.
import * as level from '../../../runtime/libos/log/level';
import * as line from '../../../runtime/libos/log/line';
import * as logger from '../../../runtime/libos/log/logger';
import * as syslog from '../../../runtime/libos/log/syslog';
import * as time from '../../../runtime/libos/log/time';

export const out: usize = memory.data(1024);
/** The last syslog message, and how many there were. */
export const message: usize = memory.data(1024);
export let messageSize: u32 = 0;
export let messages: u32 = 0;
let nested: u32 = 0;

function send(at: usize, size: u32): void {
  memory.copy(message, at, size);
  messageSize = size;
  messages++;
  if (nested > 0) logger.say(nested - 1, level.ERROR, 'cannot send');
}

/** Sends lines to syslog. With `complain`, sending itself logs a line. */
export function openSyslog(host: string, app: string, complain: bool): void {
  nested = complain ? logger.source('nested') + 1 : 0;
  syslog.open(send.index, host, app);
}

export function closeSyslog(): void {
  syslog.open(0, '', '');
}

export function writeTime(wall: u64): u32 {
  time.write(out, wall);
  return time.SIZE;
}

export function setTime(wall: u64): void {
  logger.setTime(wall);
}

export function source(name: string): u32 {
  return logger.source(name);
}

export function configure(text: string): string {
  return logger.configure(text);
}

export function stranger(): string {
  const name = logger.stranger();
  return name == null ? '' : name;
}

export function say(source: u32, severity: u32, text: string): void {
  logger.say(source, severity, text);
}

/** A line of `size` times the letter x, said as bytes. */
export function sayLong(source: u32, size: u32): void {
  if (!logger.begin(source, level.INFO)) return;
  for (let i: u32 = 0; i < size; i++) line.byte(0x78);
  logger.end();
}

export function sayBytes(source: u32, size: u32): void {
  if (!logger.begin(source, level.INFO)) return;
  line.bytes(out, size);
  logger.end();
}

export function plain(text: string): void {
  line.line(text);
}

export function levelOf(name: string): u32 {
  return level.levelOf(name);
}

export function pages(): i32 {
  return memory.size();
}
