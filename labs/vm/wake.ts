// Wakes a machine that was frozen, so that it has the right time and random numbers of its own (root/usr/lib/lab/resume is the other end).
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { VmError } from './errors.ts';

/** Far more than any answer is, in characters. */
const ANSWER_MAX = 4096;

/** Says the time, `aheadS` seconds from now, and random bytes over `line`, and waits for the answer. @throws VmError if it is not 'done' in `limitMs`. */
export async function wake(line: Duplex, limitMs: number, aheadS = 0): Promise<void> {
  let said = '';
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const hear = (bytes: Buffer): void => {
    said += bytes.toString();
    if (said.includes('\n') || said.length > ANSWER_MAX) resolve(undefined);
  };
  const over = (): void => resolve(undefined);
  const timer = setTimeout(over, limitMs);
  line.on('data', hear).once('close', over);
  line.write(`${(Date.now() / 1000 + aheadS).toFixed(3)} ${randomBytes(64).toString('hex')}\n`);
  await promise;
  clearTimeout(timer);
  line.off('data', hear).off('close', over);
  if (said !== 'done\n')
    throw new VmError(`the lab VM does not go on from where it was frozen: ${said.trim() || 'no answer'}`);
}
