// kittiwake cert request
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { label } from '../../protocol/name.ts';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { EXIT } from '../errors.ts';
import { library, pemOfKey, told } from './ca-words.ts';

export const certRequest: Command = {
  help: `Make a key that nobody else sees, and a request for a certificate for it.

Usage: kittiwake cert request FOLDER

FOLDER/request.pem is for whoever is to let you in: 'kittiwake ca delegate'
takes it with --request. Put the cert.pem and root.pem you get for it into
FOLDER, beside key.pem.

Examples:
  kittiwake cert request bob
`,
  options: ['--help'],
  async run(args, { out }) {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
    const [folder = ''] = operandsOf('cert request', ['FOLDER'], positionals);
    await told(async () => {
      const { FILES, makeFolder, newKeys, request, toPem } = await library();
      const name = label(basename(folder));
      const keys = newKeys();
      await makeFolder(folder, {
        [FILES.key]: pemOfKey(keys.privateKey),
        'request.pem': toPem('CERTIFICATE REQUEST', request(name, keys)),
      });
    });
    out(`${folder}/request.pem: for whoever is to let you in\n`);
    return EXIT.ok;
  },
};
