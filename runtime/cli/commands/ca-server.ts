// kittiwake ca server
import type { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { IdentityError } from '../../client/identity-error.ts';
import { replaceFile } from '../../files.ts';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { library, makeServer, pemOf, serverNames, told } from './ca-words.ts';

export const caServer: Command = {
  help: `Make what one more server needs, or issue a server's certificate anew.

Usage: kittiwake ca server FOLDER SERVER --server HOST [--server HOST]...
       kittiwake ca server FOLDER SERVER --renew [--server HOST]...

FOLDER is the root of trust, from 'kittiwake ca init'. SERVER is a folder that
is made, for /etc/kittiwaked/tls of the server.

Options:
  --server HOST   a name or address the server is asked by; may be repeated
  --renew         SERVER is there, with a cert.pem at least: issue it anew, for
                  the same key, and the same names where none are given. Copy it
                  to the server; connections go on, and new ones see it
  --help          show this text

A server's certificate is valid for 365 days.

Examples:
  kittiwake ca server ca second --server second.example.org
  scp unikernels.example.org:/etc/kittiwaked/tls/cert.pem server/
  kittiwake ca server ca server --renew
`,
  options: ['--server', '--renew', '--help'],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { server: { type: 'string', multiple: true }, renew: { type: 'boolean', default: false } },
    });
    const [folder = '', server = ''] = operandsOf('ca server', ['FOLDER', 'SERVER'], positionals);
    const [first, ...more] = serverNames(values.server ?? []);
    if (first === undefined && !values.renew)
      throw new CommandError(
        EXIT.usage,
        'ca server: no --server given; add the name or address the server is asked by, or --renew',
      );
    await told(async () => {
      const { FILES, filesOf, issueServer, readCertificates, readIdentity } = await library();
      const { issuer, root } = readIdentity(filesOf(folder));
      // Clients trust no server's certificate that somebody else has issued.
      if (!issuer.certificate.raw.equals(root.raw))
        throw new IdentityError(
          `${folder}: it is not the root of trust; only that makes certificates for servers`,
        );
      if (!values.renew)
        return first === undefined ? undefined : makeServer(server, issuer, [first, ...more]);
      const file = join(server, FILES.cert);
      const [known] = readCertificates(file);
      if (!known) return undefined;
      const [same, ...others] = first === undefined ? hostsOf(known.x509) : [first, ...more];
      if (same === undefined)
        throw new IdentityError(`${file}: it is for no name or address; say which with --server`);
      const renewed = issueServer(issuer, [same, ...others], known.x509.publicKey);
      return replaceFile(file, pemOf(renewed), 0o644);
    });
    out(`${server}: for the server\n`);
    return EXIT.ok;
  },
};

/** The names and addresses that a server's certificate is for. */
function hostsOf({ subjectAltName = '' }: X509Certificate): string[] {
  return [...subjectAltName.matchAll(/(?:DNS|IP Address):([A-Za-z0-9.:-]+)/g)].map(([, host = '']) => host);
}
