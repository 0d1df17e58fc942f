// A bundle as one file.
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, basename } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { availableParallelism } from 'node:os';

/** Half of what is packed is code that is compressed well already at this level; higher ones gain a tenth and take minutes. */
const LEVEL = 9;

/** Packs `folder` to the file `${folder}.tar.zst` and returns its name: the same bytes for the same folder. */
export async function pack(folder: string): Promise<string> {
  const file = `${folder}.tar.zst`;
  const args = ['--create', '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];
  const tar = spawn('tar', [...args, '--directory', dirname(folder), basename(folder)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(tar, 'close') as Promise<[number | null]>;
  const compress = createZstdCompress({
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      [constants.ZSTD_c_nbWorkers]: availableParallelism(),
      [constants.ZSTD_c_enableLongDistanceMatching]: 1,
    },
  });
  await pipeline(tar.stdout, compress, createWriteStream(`${file}.next`, { flush: true }));
  const [status] = await ended;
  if (status !== 0) throw new Error(`tar ended with status ${status} while packing ${folder}`);
  await rename(`${file}.next`, file);
  return file;
}
