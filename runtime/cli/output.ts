// What the command writes, at once: where nobody reads it, the command waits and keeps nothing. Node's own streams for standard output and error
// do the same, but take a short command, that often writes nothing, a good part of its time to load; they are asked about terminals only.
import { fstatSync, readlinkSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import type { Context } from './command.ts';
import { EXIT } from './errors.ts';

const OUT = 1;
const ERR = 2;
/** Between two tries to write where nobody has read yet, in milliseconds. */
const PAUSE = 5;
const never = new Int32Array(new SharedArrayBuffer(4));

/** The part of a command's surroundings that is for writing, for this process. */
export function standardOutput(): Pick<Context, 'out' | 'note' | 'status' | 'colour'> {
  return {
    out(text) {
      try {
        write(OUT, text);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        // A closed pipe: whoever read us has seen enough.
        if (code !== 'EPIPE') say(`kittiwake: standard output: ${message}\n`);
        process.exit(EXIT.host);
      }
    },
    note: (line) => say(`kittiwake: ${line}\n`),
    ...(mayBeTerminal(ERR) && process.stderr.isTTY ? { status: (line) => say(`\r\x1b[K${line}`) } : {}),
    colour: mayBeTerminal(OUT) && process.stdout.isTTY && process.stdout.hasColors(),
  };
}

/** Writes all of `text` to a descriptor. @throws what the system says, but for its wish to be asked again. */
function write(descriptor: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0)
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      // Somebody who has the same pipe open wants not to wait at it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(never, 0, 0, PAUSE);
    }
}

/** Says it on standard error, where somebody listens there. */
function say(text: string): void {
  try {
    write(ERR, text);
  } catch {
    // There is nobody to tell.
  }
}

/** Whether it can be a terminal: a device that the kernel does not say is another, as /dev/null is, and the port that a lab's
 * output goes to. To ask one, Node loads its streams. */
function mayBeTerminal(descriptor: number): boolean {
  const status = fstatSync(descriptor);
  if (!status.isCharacterDevice()) return false;
  // gnu_dev_major() and gnu_dev_minor(), of numbers as the kernel has them: 12 and 20 bits.
  const major = (status.rdev >>> 8) & 0xfff;
  const minor = (status.rdev & 0xff) | ((status.rdev >>> 12) & 0xfff00);
  try {
    return basename(readlinkSync(`/sys/dev/char/${major}:${minor}/subsystem`)) === 'tty';
  } catch {
    return true; // Of pseudoterminals there is nothing in /sys, and /sys need not be there.
  }
}
