// Temporary folders that go away with this process, however it ends short of SIGKILL.
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder in the system's temporary folder, for this user only. */
export async function makeScratch(name: string): Promise<string> {
  return scratch(await mkdtemp(join(tmpdir(), `kittiwake-${name}-`)));
}

/** Makes `folder`, which somebody else chose, one that goes away. */
export function scratch(folder: string): string {
  folders.add(folder);
  return folder;
}

export async function removeScratch(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  folders.delete(folder);
}
