// Reads the file a tender counts into, for a person who has named it.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { FILE_SIZE, lookInProc, NoStatsError, parseStats, type Look, type Stats } from '../tender-stats.ts';
import { CommandError, EXIT } from './errors.ts';
import { printable } from './printable.ts';

/**
 * Reads the statistics at `path`.
 * @throws CommandError `noImage` when it cannot be read, `image` when it holds no statistics.
 */
export function readStats(path: string, look: Look = lookInProc): Stats {
  try {
    return parseStats(readWhole(path), look);
  } catch (error) {
    if (!(error instanceof NoStatsError)) throw error;
    throw new CommandError(
      EXIT.image,
      `${printable(path)}: ${error.message}; name the file of a tender's '--stats=FILE'`,
    );
  }
}

function readWhole(path: string): Buffer {
  const name = printable(path);
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const cause = code === 'ENOENT' ? 'no such file' : `cannot be read (${code ?? 'unknown'})`;
    throw new CommandError(EXIT.noImage, `${name}: ${cause}; name the file of a tender's '--stats=FILE'`);
  }
  try {
    if (!fstatSync(fd).isFile())
      throw new CommandError(EXIT.noImage, `${name}: not a file; name the file of a tender's '--stats=FILE'`);
    const bytes = Buffer.alloc(FILE_SIZE + 1);
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}
