// Files that commands read and write for a person, in pieces: whatever their size, no more than a piece is held.
import { createReadStream } from 'node:fs';
import * as fs from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { syncFolder, writeNew } from '../files.ts';
import type { Context } from './command.ts';
import { CommandError, EXIT } from './errors.ts';
import { printable } from './printable.ts';

/** Bytes of a piece. */
const PIECE = 256 << 10;
const MB = 1 << 20;
/** Milliseconds from one showing of progress to the next. */
const SHOW_MS = 200;

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface Saving {
  /** In place of what is there. */
  readonly force: boolean;
  /** Who may read it; by its owner alone where nothing is said. */
  readonly mode?: number;
}

function trouble(path: string, error: unknown): CommandError {
  const { code, message } = error as NodeJS.ErrnoException;
  const name = printable(path);
  switch (code) {
    case 'ENOENT':
      return new CommandError(EXIT.noImage, `${name}: there is no such file or folder; check the name`);
    case 'EACCES':
    case 'EPERM':
      return new CommandError(EXIT.permission, `${name}: permission denied; use sudo, or another place`);
    case 'EEXIST':
      return new CommandError(EXIT.host, `${name}: it is there already; --force overwrites it`);
    default:
      return new CommandError(EXIT.host, `${name}: ${message}; mend that, and try again`);
  }
}

const isHosts = (error: unknown): boolean => /^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? '');

/** Bytes of the file `path`. @throws CommandError where it is none. */
export async function sizeOf(path: string): Promise<number> {
  const file = await fs.stat(path).catch((error: unknown) => {
    throw trouble(path, error);
  });
  if (file.isFile()) return file.size;
  throw new CommandError(EXIT.noImage, `${printable(path)}: not a file; name one`);
}

/** What is in the file `path`. @throws CommandError */
export async function* readPieces(path: string): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const piece of createReadStream(path, { highWaterMark: PIECE })) yield piece as Buffer;
  } catch (error) {
    throw trouble(path, error);
  }
}

/** Makes the file `path` of `pieces`; it is whole or not there. @throws CommandError where there is one already, unless it is by `force`. */
export async function saveFile(path: string, pieces: Pieces, { force, mode = 0o600 }: Saving): Promise<void> {
  const next = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    // Refused before anything is sent where that can be known.
    if (!force && (await fs.lstat(path).catch(() => undefined)))
      throw Object.assign(new Error(), { code: 'EEXIST' });
    await writeNew(next, pieces, mode);
    await (force ? fs.rename(next, path) : fs.link(next, path));
    await fs.rm(next, { force: true });
    await syncFolder(dirname(path));
  } catch (error) {
    await fs.rm(next, { force: true });
    throw isHosts(error) ? trouble(path, error) : error;
  }
}

/** `pieces`, and on a terminal how much of `total` bytes has been. */
export async function* shown(
  pieces: Pieces,
  what: string,
  total: number,
  status: Context['status'],
): AsyncGenerator<Uint8Array, void> {
  let bytes = 0;
  let last = -Infinity;
  try {
    for await (const piece of pieces) {
      yield piece;
      bytes += piece.length;
      const now = performance.now();
      if (now - last < SHOW_MS) continue;
      last = now;
      status?.(
        `${what}: ${Math.floor(bytes / MB)} of ${Math.ceil(total / MB)} MB (${Math.floor((100 * bytes) / Math.max(1, total))} %)`,
      );
    }
  } finally {
    status?.('');
  }
}
