// kittiwake token list
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { EXIT } from '../errors.ts';
import { table } from '../table.ts';
import { onTokens, TOKEN_HELP, TOKEN_OPTIONS } from './token-words.ts';

export const tokenList: Command = {
  help: `List the tokens for the HTTP API of kittiwaked, those that have expired among
them.

Usage: kittiwake token list

Options:
${TOKEN_HELP}
Examples:
  sudo kittiwake token list
  sudo kittiwake token list --json
`,
  options: ['--tokens', '--json', '--help'],
  async run(args, { out, note }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: TOKEN_OPTIONS,
    });
    operandsOf('token list', [], positionals);
    const { tokens } = values;
    const found = await onTokens(tokens, undefined, ({ listTokens }) => listTokens(tokens, note));
    if (values.json) out(`${JSON.stringify(found)}\n`);
    else
      out(
        table(
          ['NAME', 'SCOPE', 'EXPIRES', 'VERBS'],
          found.map(({ name, scope, expires, verbs }) => [
            name,
            scope,
            `${expires.slice(0, 19)}Z`,
            verbs.join(','),
          ]),
        ),
      );
    return EXIT.ok;
  },
};
