// kittiwake remote add
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { address } from '../../client/address.ts';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { printable } from '../printable.ts';
import { onRemotes, REMOTE_HELP } from './remote-words.ts';

export const remoteAdd: Command = {
  help: `Give a name to where an orchestrator is, and who asks it.

Usage: kittiwake remote add NAME HOST --identity FOLDER [--server-name NAME]

HOST may have a port, as HOST:PORT; without one it is 1025. NAME then goes with
--remote in every command that asks an orchestrator. It may be HOST's own.

Options:
  --identity FOLDER   the certificates to show, as 'kittiwake ca delegate' makes
                      them; the folder stays where it is
  --server-name NAME  what the server's certificate says, where that is not HOST
${REMOTE_HELP}
Examples:
  kittiwake remote add lab host.example --identity ca/anna
  kittiwake remote add v6 '[2001:db8::1]' --identity ca/anna --server-name lab
`,
  options: ['--identity', '--server-name', '--json', '--help'],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        identity: { type: 'string' },
        'server-name': { type: 'string' },
      },
    });
    const [name = '', host = ''] = operandsOf('remote add', ['NAME', 'HOST'], positionals);
    const { identity, 'server-name': serverName } = values;
    if (identity === undefined)
      throw new CommandError(
        EXIT.usage,
        "remote add: no --identity given; name the folder of certificates that 'kittiwake ca delegate' made",
      );
    try {
      address('HOST', host);
    } catch (error) {
      throw new CommandError(EXIT.usage, printable((error as Error).message));
    }
    const folder = resolve(identity);
    const { asking } = await import('../orchestrated.ts');
    const { filesOf, readIdentity } = await import('../../client/identity.ts');
    await asking(() => readIdentity(filesOf(folder)));
    const kept = { address: host, identity: folder, ...(serverName === undefined ? {} : { serverName }) };
    await onRemotes(name, ({ addRemote }, at) => addRemote(at, name, kept));
    out(
      values.json ? `${JSON.stringify({ name, ...kept })}\n` : `${name}: ${host}, asked as ${folder} says\n`,
    );
    return EXIT.ok;
  },
};
