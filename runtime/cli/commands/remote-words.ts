// What the commands of remotes share.
import { CommandError, EXIT } from '../errors.ts';
import { printable } from '../printable.ts';

export const REMOTE_HELP = `  --json              write JSON instead of text
  --help              show this text

Remotes are kept in ~/.config/kittiwake/remotes, or below $XDG_CONFIG_HOME.
`;

const library = () => import('../../client/remotes.ts');

/** Does `action` with the remotes of whoever runs this; what is wrong becomes the command's line and status. */
export async function onRemotes<T>(
  name: string | undefined,
  action: (loaded: Awaited<ReturnType<typeof library>>, folder: string) => Promise<T>,
): Promise<T> {
  const loaded = await library();
  const folder = loaded.remotesFolder();
  try {
    return await action(loaded, folder);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code, message, name: kind } = error as NodeJS.ErrnoException;
    const shown = printable(name ?? '');
    if (kind === 'ProtocolError') throw new CommandError(EXIT.usage, printable(message));
    if (code === 'EEXIST')
      throw new CommandError(
        EXIT.usage,
        `remote ${shown}: there is one; remove it first, or take another name`,
      );
    if (code === 'ENOENT')
      throw new CommandError(
        EXIT.noImage,
        `remote ${shown}: there is none; 'kittiwake remote list' lists them`,
      );
    throw new CommandError(EXIT.host, `${printable(folder)}: ${printable(message)}`);
  }
}
