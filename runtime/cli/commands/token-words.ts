// What the commands of tokens share.
import { CommandError, EXIT } from '../errors.ts';
import { printable } from '../printable.ts';

const FOLDER = '/etc/kittiwaked/tokens';

export const TOKEN_OPTIONS = {
  json: { type: 'boolean' },
  tokens: { type: 'string', default: FOLDER },
} as const;

export const TOKEN_HELP = `  --tokens FOLDER   where kittiwaked-http looks for them
                    (default: ${FOLDER})
  --json            write JSON instead of text
  --help            show this text
`;

const library = async () => ({
  ...(await import('../../tokens.ts')),
  ...(await import('../../protocol/name.ts')),
});

/** Does `action` with the tokens in `folder`; what is wrong becomes the command's line and status. */
export async function onTokens<T>(
  folder: string,
  name: string | undefined,
  action: (loaded: Awaited<ReturnType<typeof library>>) => Promise<T>,
): Promise<T> {
  const loaded = await library();
  try {
    return await action(loaded);
  } catch (error) {
    const { code, message, name: kind } = error as NodeJS.ErrnoException;
    const shown = printable(name ?? '');
    if (kind === 'ProtocolError') throw new CommandError(EXIT.usage, printable(message));
    if (code === 'EEXIST')
      throw new CommandError(
        EXIT.usage,
        `token ${shown}: there is one; revoke it first, or take another name`,
      );
    if (code === 'ENOENT')
      throw new CommandError(
        EXIT.noImage,
        `token ${shown}: there is none; 'kittiwake token list' lists them`,
      );
    if (code === 'EACCES')
      throw new CommandError(EXIT.permission, `${printable(folder)}: permission denied; use sudo`);
    throw new CommandError(EXIT.host, `${printable(folder)}: ${printable(message)}`);
  }
}
