// Commands of a part, run once in its shell: how they end, and what is kept of what they print.
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import type { Ended, Shell } from '../vm/shell.ts';

/** Of a part's output, in bytes and in lines; what is longer is cut and says so. */
const TRANSCRIPT_MAX = 64 * 1024;
const TRANSCRIPT_LINES = 2000;

/** How it went. */
export interface Ran extends Ended {
  readonly durationMs: number;
  readonly transcript: string;
  /** Why it is not well, where that is neither its end nor its time. */
  readonly trouble?: string;
}

/** Runs the commands of a part, for no longer than `limitMs`; where they restart the machine, until `next`, the shell after that, answers. */
export async function runCommands(
  shell: Shell,
  commands: string,
  limitMs: number,
  next: Promise<Shell> | undefined,
  onOutput: (text: string) => void,
): Promise<Ran> {
  let output = '';
  let room = TRANSCRIPT_MAX;
  let cut = false;
  const started = performance.now();
  const running = shell.run(commands, {
    timeoutMs: limitMs,
    onOutput: (text) => {
      onOutput(text);
      if (cut) return;
      const bytes = Buffer.from(text);
      cut = bytes.length > room;
      // The decoder leaves out a character that is cut in two.
      output += cut ? new StringDecoder('utf8').write(bytes.subarray(0, room)) : text;
      room -= bytes.length;
    },
  });
  const ended = await (next ? afterRestart(running, next, limitMs) : running);
  const durationMs = Math.round(performance.now() - started);
  let lines = output.replaceAll('\r\n', '\n').replace(/\n+$/, '').split('\n');
  if (lines.length > TRANSCRIPT_LINES) {
    lines = lines.slice(0, TRANSCRIPT_LINES);
    cut = true;
  }
  if (cut) lines.push('(the rest of the output is cut)');
  return { ...ended, durationMs, transcript: lines.join('\n') };
}

/** How a part ends that restarts the machine: well when the new shell answers. The old one may or may not tell of its end. */
async function afterRestart(running: Promise<Ended>, next: Promise<Shell>, limitMs: number): Promise<Ended> {
  const end = performance.now() + limitMs;
  const { exit } = await Promise.race([running, next.then(() => ({ exit: 0 }))]);
  if (exit !== null && exit !== 0) return { exit, gone: false };
  const late = delay(Math.max(0, end - performance.now()), undefined, { ref: false });
  const shell = await Promise.race([next, late]);
  if (!shell) return { exit: null, gone: false };
  return shell.run('true', {
    timeoutMs: Math.max(1, end - performance.now()),
    onOutput: () => undefined,
  });
}
