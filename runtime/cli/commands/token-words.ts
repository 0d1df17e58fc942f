// What the commands of tokens share.
import { onNamedFiles } from './named-files.ts';

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
  return onNamedFiles({ noun: 'token', freeing: 'revoke', folder, denied: 'use sudo', name }, () =>
    action(loaded),
  );
}
