// Which process is meant: a number is given again once its process has ended, and all are after the host's start.
import { readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { startOf } from './process.ts';

export interface Identity {
  readonly pid: number;
  /** When it began, in clock ticks after the host did. */
  readonly start: string;
  /** Of the host's run. */
  readonly boot: string;
}

/** What tells this run of the host from every other. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
}

const statOf = (pid: number): Promise<string | undefined> =>
  readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);

/** Who the process `pid` is; undefined where there is none. */
export async function identify(pid: number): Promise<Identity | undefined> {
  const stat = await statOf(pid);
  return stat === undefined ? undefined : { pid, start: startOf(stat).toString(), boot: await bootId() };
}

/** Whether it runs still; one that only waits to be forgotten by its parent does not. */
export async function runs({ pid, start, boot }: Identity): Promise<boolean> {
  const stat = await statOf(pid);
  if (stat === undefined || startOf(stat).toString() !== start || boot !== (await bootId())) return false;
  const [, state] = /\) (\w)/.exec(stat.slice(stat.lastIndexOf(')'))) ?? [];
  return state !== 'Z' && state !== 'X';
}

/** The name of the program it is, as the kernel has it; undefined where it has ended. An update may have replaced the file meanwhile. */
export async function programOf({ pid }: Identity): Promise<string | undefined> {
  const path = await readlink(`/proc/${pid}/exe`).catch(() => undefined);
  return path === undefined ? undefined : basename(path.replace(/ \(deleted\)$/, ''));
}

/** Sends `signal` to it, and to nobody else. */
export async function signalTo(identity: Identity, signal: NodeJS.Signals): Promise<void> {
  if (!(await runs(identity))) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
