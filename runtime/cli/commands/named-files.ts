// What goes wrong with things of which each has a name and a file of its own: tokens, remotes.
import { CommandError, EXIT } from '../errors.ts';
import { printable } from '../printable.ts';

interface Things {
  /** What one is called, as `token`, which is also the group of its commands. */
  readonly noun: string;
  /** What makes room for another of the same name. */
  readonly freeing: string;
  readonly folder: string;
  /** What helps who may not have the folder, where something does. */
  readonly denied?: string;
  /** What is meant; absent where all are. */
  readonly name: string | undefined;
}

/** Does `action`; what is wrong becomes the command's line and status. */
export async function onNamedFiles<T>(
  { noun, freeing, folder, denied, name }: Things,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const { code, message, name: kind } = error as NodeJS.ErrnoException;
    const shown = printable(name ?? '');
    if (kind === 'ProtocolError') throw new CommandError(EXIT.usage, printable(message));
    if (code === 'EEXIST')
      throw new CommandError(
        EXIT.usage,
        `${noun} ${shown}: there is one; ${freeing} it first, or take another name`,
      );
    if (code === 'ENOENT')
      throw new CommandError(
        EXIT.noImage,
        `${noun} ${shown}: there is none; 'kittiwake ${noun} list' lists them`,
      );
    if (code === 'EACCES' && denied !== undefined)
      throw new CommandError(EXIT.permission, `${printable(folder)}: permission denied; ${denied}`);
    throw new CommandError(EXIT.host, `${printable(folder)}: ${printable(message)}`);
  }
}
