// What the command writes, at once: where nobody reads it, the command waits and keeps nothing. Node's own streams for standard output and error
// do the same, but take a short command, that often writes nothing, a good part of its time to load; they are asked about terminals only.
import { fstatSync, writeSync } from 'node:fs';
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
    ...(isDevice(ERR) && process.stderr.isTTY ? { status: (line) => say(`\r\x1b[K${line}`) } : {}),
    colour: isDevice(OUT) && process.stdout.isTTY && process.stdout.hasColors(),
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

/** The memory devices, among them /dev/null (Linux, Documentation/admin-guide/devices.txt). */
const MEMORY = 1;

/** Whether it can be a terminal. To ask one, Node loads its streams. */
function isDevice(descriptor: number): boolean {
  const found = fstatSync(descriptor);
  return found.isCharacterDevice() && found.rdev >> 8 !== MEMORY;
}
