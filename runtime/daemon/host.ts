// What this host has: the policy of the root, whatever others say.
import { readFile, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { Policy } from '../protocol/policy.ts';
import { bridges, type Ip } from './taps.ts';

const MB = 1 << 20;

/** The numbers in a list as the kernel writes it: `0-3,8`. */
export function cpuList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, at) => first + at);
    });
}

export async function cpusOnline(): Promise<number[]> {
  return cpuList(await readFile('/sys/devices/system/cpu/online', 'latin1'));
}

/** All of it: CPUs, memory, bridges, and the room where `folder` lies. */
export async function hostPolicy(folder: string, ip: Ip): Promise<Policy> {
  const { blocks, bsize } = await statfs(folder);
  return {
    cpuids: await cpusOnline(),
    unikernels: Infinity,
    memory: Math.floor(totalmem() / MB),
    block: Math.floor((blocks * bsize) / MB),
    bridges: await bridges(ip),
  };
}
