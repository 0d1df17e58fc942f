// kittiwake ca init
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { library, pemOf, pemOfKey, told } from './ca-words.ts';

/** Beside the certificates of a server: who is let in no more. */
const REVOKED = `# Who is let in no more: lines 'key HEX' and 'serial HEX'; 'kittiwake cert revoke' adds them.
`;

export const caInit: Command = {
  name: 'init',
  summary: 'make the root of trust, and what a server needs',
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
    const [first, ...more] = values.server ?? [];
    if (first === undefined)
      throw new CommandError(
        EXIT.usage,
        'ca init: no --server given; add the name or address the server is asked by',
      );
    for (const host of [first, ...more])
      if (!/^[A-Za-z0-9.:-]{1,253}$/.test(host))
        throw new CommandError(EXIT.usage, `option '--server': '${host}' is neither a name nor an address`);
    await told(async () => {
      const { FILES, issueRoot, issueServer, makeFolder, newKeys } = await library();
      const [keys, serverKeys] = [await newKeys(), await newKeys()];
      const certificate = await issueRoot('kittiwake root', keys);
      const issuer = { certificate, key: keys.privateKey };
      const server = await issueServer(issuer, [first, ...more], serverKeys.publicKey);
      const root = pemOf(certificate);
      await makeFolder(folder, {
        [FILES.cert]: root,
        [FILES.key]: pemOfKey(keys.privateKey),
        [FILES.root]: root,
      });
      // Only the key is a secret, and the endpoint reads the list of who was revoked as nobody in particular.
      await makeFolder(
        join(folder, 'server'),
        {
          [FILES.cert]: pemOf(server),
          [FILES.key]: pemOfKey(serverKeys.privateKey),
          [FILES.root]: root,
          revoked: REVOKED,
        },
        0o755,
      );
    });
    out(`${folder}: the root of trust; keep it to yourself\n${join(folder, 'server')}: for the server\n`);
    return EXIT.ok;
  },
};
