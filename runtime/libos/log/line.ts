// Builds one line of console output in a fixed buffer and writes it in one piece, a line that is longer in several. No memory
// is allocated, so that a line costs the same in the packet path as anywhere.
import { consoleWrite } from '../guest';
import { putHex, putNumber } from '../text/put';

const ROOM: u32 = 512;
const buffer: usize = memory.data(512);
/** A number's digits. */
const digits: usize = memory.data(20);
let used: u32 = 0;
let tap: u32 = 0;

/** Appends a byte; what a terminal might obey is shown as '?'. */
@inline
export function byte(value: u32): void {
  append(value >= 0x20 && value <= 0x7e ? value : 0x3f);
}

function append(value: u32): void {
  if (used == ROOM) flush();
  store<u8>(buffer + used++, value);
}

function flush(): void {
  if (tap != 0) call_indirect<void>(tap, buffer, used);
  consoleWrite(buffer, used);
  used = 0;
}

/** Lets `index`, a function (bytes: usize, size: u32) => void, see what goes to the console, the newline too; 0 for none. */
export function watch(index: u32): void {
  tap = index;
}

/** Appends text; characters that are not printable ASCII are shown as '?'. */
export function text(value: string): void {
  for (let i = 0, n = value.length; i < n; i++) byte(<u32>value.charCodeAt(i));
}

/** Appends `size` bytes of text; those that are not printable ASCII are shown as '?'. */
export function bytes(at: usize, size: u32): void {
  for (let i: u32 = 0; i < size; i++) byte(load<u8>(at + i));
}

/** Appends a number in decimal. */
export function number(value: u64): void {
  bytes(digits, <u32>(putNumber(digits, value) - digits));
}

function hex(value: u32, count: u32): void {
  putHex(digits, value, count);
  bytes(digits, count);
}

/** Appends a MAC address, 6 bytes at `address`. */
export function mac(address: usize): void {
  for (let i: usize = 0; i < 6; i++) {
    if (i > 0) byte(0x3a);
    hex(load<u8>(address + i), 2);
  }
}

/** Appends an IPv4 address, in host order. */
export function ipv4(address: u32): void {
  for (let shift = 24; shift >= 0; shift -= 8) {
    if (shift < 24) byte(0x2e);
    number((address >> shift) & 255);
  }
}

/** Appends 16 bits in hexadecimal, as 0x86dd. */
export function hex16(value: u32): void {
  text('0x');
  hex(value, 4);
}

/** Writes the line to the console and begins an empty one. */
export function end(): void {
  append(0x0a);
  flush();
}

/** Writes lines of text, each but the last ended by '\n' in `value`. */
export function lines(value: string): void {
  for (let i = 0, n = value.length; i < n; i++) {
    const c = <u32>value.charCodeAt(i);
    if (c == 0x0a) end();
    else byte(c);
  }
  end();
}

/** Writes a whole line of text. */
export function line(value: string): void {
  text(value);
  end();
}
