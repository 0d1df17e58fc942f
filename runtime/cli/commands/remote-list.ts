// kittiwake remote list
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { EXIT } from '../errors.ts';
import { table } from '../table.ts';
import { onRemotes, REMOTE_HELP } from './remote-words.ts';

export const remoteList: Command = {
  help: `List the remotes: their names, where they are, and whose certificates are shown.

Usage: kittiwake remote list

Options:
${REMOTE_HELP}
Examples:
  kittiwake remote list
  kittiwake remote list --json
`,
  options: ['--json', '--help'],
  async run(args, { out, note }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' } },
    });
    operandsOf('remote list', [], positionals);
    const found = await onRemotes(undefined, ({ listRemotes }, folder) => listRemotes(folder, note));
    if (values.json) out(`${JSON.stringify(found)}\n`);
    else
      out(
        table(
          ['NAME', 'HOST', 'IDENTITY', 'SERVER NAME'],
          found.map(({ name, address, identity, serverName = '' }) => [name, address, identity, serverName]),
        ),
      );
    return EXIT.ok;
  },
};
