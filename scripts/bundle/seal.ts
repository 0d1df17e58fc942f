// The last hand on a folder that is to travel: the same modes and times whoever makes it, and a digest of each file.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, lstat, readdir, utimes, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Of file systems on sticks: FAT has no links, and no file of 4 GiB. */
const FILE_MAX = 2 ** 32 - 1;

export const SUMS = 'SHA256SUMS';

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/**
 * Writes SHA256SUMS, and gives everything in `folder` one time, `modified` (seconds since 1970), and plain modes. Returns how many bytes there are.
 * @throws Error where something would not fit on a stick
 */
export async function seal(folder: string, modified: number): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  const sums: string[] = [];
  let bytes = 0;
  for (const path of paths) {
    const found = await lstat(path);
    if (found.isDirectory()) continue;
    const name = relative(folder, path);
    if (!found.isFile()) throw new Error(`${name}: neither a file nor a folder; a stick cannot hold it`);
    if (found.size > FILE_MAX) throw new Error(`${name}: larger than a stick can hold (4 GiB)`);
    bytes += found.size;
    sums.push(`${await sha256(path)}  ${name}\n`);
  }
  await writeFile(join(folder, SUMS), sums.join(''));
  for (const path of [...paths, join(folder, SUMS), folder]) {
    const { mode } = await lstat(path);
    await chmod(path, mode & 0o111 ? 0o755 : 0o644);
    await utimes(path, modified, modified);
  }
  return bytes;
}
