// Work that only one process may do at a time, such as tests that run side by side and all find something not built yet.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Waits until no other process holds `file`, then does `work`. The lock goes with this process, however that ends. */
export async function exclusively<T>(file: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  // cat ends when our end of its pipe closes, and with it the lock.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held && exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  const held = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!held) throw new Error(`${file}: flock(1) could not lock it`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
