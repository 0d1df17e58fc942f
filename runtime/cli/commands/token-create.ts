// kittiwake token create
import { parseArgs } from 'node:util';
import { VERBS, type Verb } from '../../api/verbs.ts';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { printable } from '../printable.ts';
import { validity } from './ca-words.ts';
import { onTokens, TOKEN_HELP, TOKEN_OPTIONS } from './token-words.ts';

const DAYS = '30';

export const tokenCreate: Command = {
  help: `Make a token for the HTTP API of kittiwaked. It is written to standard output,
and nowhere else: what is kept of it is a hash.

Usage: kittiwake token create NAME --scope SCOPE --verbs VERB,VERB [OPTIONS]

Options:
  --scope SCOPE     what it is for: a path and all below it, which ends in a
                    colon, or the name of one unikernel
  --verbs VERBS     what it allows, of ${VERBS.slice(0, 5).join(', ')},
                    ${VERBS.slice(5).join(', ')}
  --days N          how long it holds (default: ${DAYS})
${TOKEN_HELP}
Examples:
  sudo kittiwake token create ci --scope team: --verbs read,create > token
  sudo kittiwake token create eye --scope : --verbs read,console --days 7
`,
  options: ['--scope', '--verbs', '--days', '--tokens', '--json', '--help'],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...TOKEN_OPTIONS,
        scope: { type: 'string' },
        verbs: { type: 'string' },
        days: { type: 'string', default: DAYS },
      },
    });
    const [name = ''] = operandsOf('token create', ['NAME'], positionals);
    const { scope, tokens } = values;
    if (scope === undefined)
      throw new CommandError(
        EXIT.usage,
        'token create: no --scope given; name a path like team: or : for all',
      );
    const verbs = verbsOf(values.verbs);
    const expires = new Date(Date.now() + (validity(values.days) ?? 0)).toISOString();
    const made = await onTokens(tokens, name, async ({ makeToken, formatName, parseName }) =>
      makeToken(tokens, name, { scope: formatName(parseName(scope)), verbs, expires }),
    );
    out(values.json ? `${JSON.stringify({ name, token: made, expires })}\n` : `${made}\n`);
    return EXIT.ok;
  },
};

function verbsOf(text: string | undefined): Verb[] {
  const given = text?.split(',') ?? [];
  const unknown = given.find((verb) => !VERBS.includes(verb as Verb));
  if (given.length === 0 || unknown !== undefined)
    throw new CommandError(
      EXIT.usage,
      unknown === undefined
        ? 'token create: no --verbs given; name some, like read,console'
        : `--verbs: '${printable(unknown)}' is none; there are ${VERBS.join(', ')}`,
    );
  return [...new Set(given as Verb[])];
}
