// kittiwake remote rm
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { EXIT } from '../errors.ts';
import { onRemotes, REMOTE_HELP } from './remote-words.ts';

export const remoteRm: Command = {
  help: `Forget a remote. Nothing changes there, and its certificates stay where they
are.

Usage: kittiwake remote rm NAME

Options:
${REMOTE_HELP}
Examples:
  kittiwake remote rm lab
`,
  options: ['--json', '--help'],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' } },
    });
    const [name = ''] = operandsOf('remote rm', ['NAME'], positionals);
    await onRemotes(name, ({ removeRemote }, folder) => removeRemote(folder, name));
    out(values.json ? `${JSON.stringify({ name, done: 'forgotten' })}\n` : `${name}: is forgotten\n`);
    return EXIT.ok;
  },
};
