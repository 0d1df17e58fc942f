// Block devices of unikernels: files of whole megabytes, named as they are. What is written takes the place of what was there when it is whole.
import { createReadStream } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createDeflate, createInflate } from 'node:zlib';
import { removeFile, syncFolder } from '../files.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { formatName, parseName, type Name } from '../protocol/name.ts';
import { Refusal } from './refusal.ts';
import type { Block } from './table.ts';

const MB = 1 << 20;
/** Longest name of a file. */
const FILE_NAME_MAX = 250;
/** Bytes of a piece of a dump. Of a compressed piece that is longer than these, `albatross-client` loses what follows. */
const PIECE = 64 << 10;

type Pieces = AsyncIterable<Uint8Array>;

export class Blocks {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is in `folder`, which is made where there is none; `log` is told of files that are no devices. */
  static async open(
    folder: string,
    log: (line: string) => void,
  ): Promise<{ blocks: Blocks; found: Block[] }> {
    await fs.mkdir(folder, { recursive: true, mode: 0o700 });
    const found: Block[] = [];
    for (const file of (await fs.readdir(folder)).sort()) {
      const path = join(folder, file);
      if (file.endsWith('.new')) {
        await fs.rm(path, { force: true });
        continue;
      }
      const { size } = await fs.stat(path);
      const name = nameOf(file);
      if (name === undefined || size === 0 || size % MB !== 0)
        log(`${path}: no block device of whole megabytes`);
      else found.push({ name, size: size / MB });
    }
    return { blocks: new Blocks(folder), found };
  }

  /** The file of the device that is called so. */
  path(called: string): string {
    return join(this.#folder, called);
  }

  /** Makes one of nothing but zeros, or puts `pieces` at its beginning in place of what it had. @throws Refusal where they are more than it holds. */
  async write({ name, size }: Block, pieces?: Pieces): Promise<void> {
    const called = formatName(name);
    if (called.length > FILE_NAME_MAX)
      throw new Refusal(`block device ${called}: a name of more than ${FILE_NAME_MAX} characters`);
    const path = this.path(called);
    const next = `${path}.new`;
    await fs.rm(next, { force: true });
    const handle = await fs.open(next, 'wx', 0o600);
    try {
      let written = 0;
      for await (const piece of pieces ?? []) {
        written += piece.length;
        if (written > size * MB)
          throw new Refusal(`block device ${called}: the data is more than its ${size} MB`);
        await handle.appendFile(piece);
      }
      await handle.truncate(size * MB);
      await handle.sync();
      await fs.rename(next, path);
    } catch (error) {
      await fs.rm(next, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    await syncFolder(this.#folder);
  }

  async remove(name: Name): Promise<void> {
    await removeFile(this.path(formatName(name)));
  }

  /** What is on it; compressed where `level` is not 0. */
  read(name: Name, level: number): Pieces {
    const file = createReadStream(this.path(formatName(name)), { highWaterMark: PIECE });
    return level === 0 ? file : file.pipe(createDeflate({ level, chunkSize: PIECE }));
  }
}

/** `pieces` as they were before they were compressed. @throws Refusal where they were not. */
export async function* inflated(pieces: Pieces): Pieces {
  const stream = Readable.from(pieces);
  const inflate = createInflate();
  stream.on('error', (error) => inflate.destroy(error));
  try {
    for await (const piece of stream.pipe(inflate)) yield piece as Buffer;
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw error;
    throw new Refusal(`block device: the data is not compressed as it says (${(error as Error).message})`);
  }
}

function nameOf(file: string): Name | undefined {
  try {
    const name = parseName(file);
    return name.label === undefined || formatName(name) !== file ? undefined : name;
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
