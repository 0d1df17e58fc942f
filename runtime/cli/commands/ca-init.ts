// kittiwake ca init
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { library, makeServer, pemOf, pemOfKey, serverNames, told } from './ca-words.ts';

export const caInit: Command = {
  help: `Make the root of trust for unikernels that are deployed from elsewhere, and the
certificate of a server.

Usage: kittiwake ca init FOLDER --server HOST [--server HOST]...

FOLDER is what lets you do anything: keep it where nobody else reads it, and not
on the server. FOLDER/server is for the server alone, and may do nothing but be
one: move it to /etc/kittiwaked/tls there.

Options:
  --server HOST   a name or address the server is asked by; required, and may be
                  repeated
  --help          show this text

Keys are Ed25519, readable by their owner only. A folder that exists is left as
it is, and that is an error.

Examples:
  kittiwake ca init ca --server unikernels.example.org
  kittiwake ca init ca --server localhost --server 127.0.0.1
  sudo mv ca/server /etc/kittiwaked/tls
`,
  options: ['--server', '--help'],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { server: { type: 'string', multiple: true } },
    });
    const [folder = ''] = operandsOf('ca init', ['FOLDER'], positionals);
    const [first, ...more] = serverNames(values.server ?? []);
    if (first === undefined)
      throw new CommandError(
        EXIT.usage,
        'ca init: no --server given; add the name or address the server is asked by',
      );
    await told(async () => {
      const { FILES, issueRoot, makeFolder, newKeys } = await library();
      const keys = newKeys();
      const certificate = issueRoot('kittiwake root', keys);
      const root = pemOf(certificate);
      await makeFolder(folder, {
        [FILES.cert]: root,
        [FILES.key]: pemOfKey(keys.privateKey),
        [FILES.root]: root,
      });
      const issuer = { certificate, key: keys.privateKey };
      await makeServer(join(folder, 'server'), issuer, [first, ...more]);
    });
    out(`${folder}: the root of trust; keep it to yourself\n${join(folder, 'server')}: for the server\n`);
    return EXIT.ok;
  },
};
