// The command line of kittiwaked-tls.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { address, PORT } from '../../client/address.ts';

export const HELP = `Let others ask kittiwaked from elsewhere, as far as their certificates allow.

Usage: kittiwaked-tls [OPTIONS]

It speaks TLS 1.3, and only with who shows certificates of its own root of trust.
It needs no privilege but to reach the sockets of kittiwaked.

Options:
  --identity FOLDER   root.pem, cert.pem, key.pem and revoked, as 'kittiwake ca init'
                      has made them for the server
                      (default: /etc/kittiwaked/tls)
  --key FILE          the key in another place (default: key.pem, of that folder)
  --revoked FILE      who is let in no more (default: revoked, of that folder)
  --listen ADDRESS    where: HOST, HOST:PORT or [IPV6]:PORT; the port of Albatross
                      is ${PORT} (default: [::]:${PORT})
  --sockets FOLDER    where kittiwaked is (default: /run/albatross/util)
  --help              show this text
  --version           show the version

Certificates may be replaced at any time: each connection reads them anew.

A socket that systemd has opened (kittiwaked-tls.socket) is taken over. Who came, for
what, and who was refused is written to standard error, a line each. SIGTERM and
SIGINT end it.

Examples:
  sudo systemctl enable --now kittiwaked-tls.socket
  kittiwaked-tls --identity ca/server --listen 127.0.0.1:1025
`;

export interface Options {
  readonly identity: string;
  readonly key: string;
  readonly revoked: string;
  readonly host: string;
  readonly port: number;
  readonly sockets: string;
}

/** @throws Error with one line about what makes no sense. */
export function parseOptions(args: readonly string[]): Options | 'help' | 'version' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      identity: { type: 'string', default: '/etc/kittiwaked/tls' },
      key: { type: 'string' },
      revoked: { type: 'string' },
      listen: { type: 'string', default: '[::]' },
      sockets: { type: 'string', default: '/run/albatross/util' },
      help: { type: 'boolean' },
      version: { type: 'boolean' },
    },
  });
  if (values.help) return 'help';
  if (values.version) return 'version';
  const { identity, key = join(identity, 'key.pem'), revoked = join(identity, 'revoked'), sockets } = values;
  return { identity, key, revoked, sockets, ...address('--listen', values.listen) };
}
