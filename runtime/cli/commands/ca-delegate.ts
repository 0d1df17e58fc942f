// kittiwake ca delegate
import type { KeyObject, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Identity } from '../../client/identity.ts';
import { replaceFile } from '../../files.ts';
import { label } from '../../protocol/name.ts';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { describePolicy, policyFrom, POLICY_HELP, POLICY_OPTIONS } from '../policy-options.ts';
import { library, pemOf, pemOfKey, told, validity } from './ca-words.ts';

export const caDelegate: Command = {
  help: `Let somebody deploy unikernels below a name, and no more than a policy allows.

Usage: kittiwake ca delegate FOLDER NAME POLICY [OPTIONS]

FOLDER is your own: from 'kittiwake ca init', or from whoever delegated to you.
What NAME may do is then in FOLDER/NAME, for you to hand on; it can be delegated
further, to less. Every policy above a unikernel limits it, whatever one below
says.

Policy:
${POLICY_HELP}
Options:
  --days N            how long it holds (default: 365)
  --request FILE      for a key of theirs, that they keep: FILE is what
                      'kittiwake cert request' gave them; FOLDER/NAME is then
                      without a key
  --renew             FOLDER/NAME is there: issue its certificate anew, for the
                      same key, with this policy. The server goes by the newest
                      certificate it has seen, so a lower limit holds from its
                      first use on
  --help              show this text

Examples:
  kittiwake ca delegate ca anna --unikernels 5 --memory 512 --cpu 0 --bridge br0
  kittiwake ca delegate ca anna --unikernels 2 --memory 128 --cpu 0 --renew
  kittiwake ca delegate anna web --unikernels 1 --memory 64 --cpu 0 --days 30
  kittiwake ca delegate ca bob --unikernels 1 --memory 8 --cpu 0 --request b.csr
`,
  options: [
    ...['--unikernels', '--memory', '--cpu', '--block', '--bridge'],
    ...['--days', '--request', '--renew', '--help'],
  ],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...POLICY_OPTIONS,
        days: { type: 'string' },
        request: { type: 'string' },
        renew: { type: 'boolean', default: false },
      },
    });
    const [folder = '', given = ''] = operandsOf('ca delegate', ['FOLDER', 'NAME'], positionals);
    const { request, renew } = values;
    if (renew && request !== undefined)
      throw new CommandError(EXIT.usage, '--request: either this or --renew; leave one away');
    const policy = policyFrom(values);
    const validMs = validity(values.days);
    await told(async () => {
      const {
        FILES,
        filesOf,
        issueAuthority,
        makeFolder,
        newKeys,
        readCertificates,
        readIdentity,
        readRequest,
      } = await library();
      const name = label(given);
      const identity = readIdentity(filesOf(folder));
      const path = join(folder, name);
      const issue = (key: KeyObject) => issueAuthority(identity.issuer, name, key, policy, validMs);
      if (renew) {
        const file = join(path, FILES.cert);
        const [known] = readCertificates(file);
        if (!known) return;
        await replaceFile(file, chain(issue(known.x509.publicKey), identity), 0o644);
      } else if (request !== undefined) {
        const certificate = issue(readRequest(request));
        await makeFolder(path, {
          [FILES.cert]: chain(certificate, identity),
          [FILES.root]: pemOf(identity.root),
        });
      } else {
        const keys = newKeys();
        const certificate = issue(keys.publicKey);
        await makeFolder(path, {
          [FILES.cert]: chain(certificate, identity),
          [FILES.root]: pemOf(identity.root),
          [FILES.key]: pemOfKey(keys.privateKey),
        });
      }
      out(`${path}: ${[...identity.path, name].join(':')}: may have ${describePolicy(policy)}\n`);
    });
    return EXIT.ok;
  },
};

const chain = (certificate: X509Certificate, identity: Identity): string =>
  pemOf(certificate, ...identity.chain);
