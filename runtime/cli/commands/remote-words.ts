// What the commands of remotes share.
import { onNamedFiles } from './named-files.ts';

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
  return onNamedFiles({ noun: 'remote', freeing: 'remove', folder, name }, () => action(loaded, folder));
}
