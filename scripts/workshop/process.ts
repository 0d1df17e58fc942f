// The process of a lab machine, as the host sees it: what memory it takes, and how it shares the processors.
import { readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setPriority } from 'node:os';
import type { Machine } from '../../labs/vm/machine.ts';

/** The number of the process that has the machine's folder on its command line. @throws Error when it has ended. */
export async function processOf({ qemu }: Machine): Promise<number> {
  const folder = dirname(qemu.path('control'));
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(folder)) return Number(name);
  }
  throw new Error('the lab machine has ended');
}

export interface Memory {
  /** What is in memory, pages that several share counted in parts (PSS), in bytes; */
  readonly shared: number;
  /** and what is its alone. */
  readonly own: number;
}

export async function memoryOf(process: number): Promise<Memory> {
  const text = await readFile(`/proc/${process}/smaps_rollup`, 'utf8');
  const kilobytes = (field: string): number =>
    Number(new RegExp(`^${field}: +(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return {
    shared: kilobytes('Pss') * 1024,
    own: (kilobytes('Private_Clean') + kilobytes('Private_Dirty')) * 1024,
  };
}

/** Of machines of a workshop: the server that they are seen through goes first. */
const NICE = 5;

/** Lets the machine wait behind what is not one. Linux keeps it for each thread; those that come later take it over. */
export async function stepBack(machine: Machine): Promise<void> {
  const tasks = await readdir(`/proc/${await processOf(machine)}/task`);
  for (const task of tasks) setPriority(Number(task), NICE);
}
