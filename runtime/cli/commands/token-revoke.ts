// kittiwake token revoke
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { EXIT } from '../errors.ts';
import { onTokens, TOKEN_HELP, TOKEN_OPTIONS } from './token-words.ts';

export const tokenRevoke: Command = {
  help: `Let somebody in no more: takes effect at once, also for who is listening.

Usage: kittiwake token revoke NAME

Options:
${TOKEN_HELP}
Examples:
  sudo kittiwake token revoke ci
`,
  options: ['--tokens', '--json', '--help'],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: TOKEN_OPTIONS,
    });
    const [name = ''] = operandsOf('token revoke', ['NAME'], positionals);
    const { tokens } = values;
    await onTokens(tokens, name, ({ removeToken }) => removeToken(tokens, name));
    out(values.json ? `${JSON.stringify({ name, done: 'revoked' })}\n` : `${name}: is let in no more\n`);
    return EXIT.ok;
  },
};
