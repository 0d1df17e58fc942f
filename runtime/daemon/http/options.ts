// The command line of kittiwaked-http.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { address } from '../../client/address.ts';
import { TOKENS } from '../../tokens.ts';

/** Beside the port of the TLS endpoint. */
export const PORT = 1026;

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

export const HELP = `Let others ask kittiwaked by HTTP: unikernels, consoles, events, block devices,
policies, as JSON. GET /v1/openapi.json describes all of it.

Usage: kittiwaked-http [OPTIONS]

It needs no privilege but to reach the sockets of kittiwaked. Whoever may open its
own socket may ask for everything, as with the others of that folder.

Options:
  --sockets FOLDER   where kittiwaked is (default: /run/albatross/util)
  --socket PATH      where clients find this one
                     (default: http.sock, of that folder)
  --listen ADDRESS   on TCP instead: HOST, HOST:PORT or [IPV6]:PORT; the port is
                     ${PORT} where none is given. Clients show a token, or
                     certificates; without --identity a token, and only on the
                     loopback interface
  --identity FOLDER  TLS 1.3: root.pem, cert.pem, key.pem and revoked, as
                     'kittiwake ca init' has made them for the server
  --revoked FILE     who is let in no more (default: revoked, of that folder)
  --tokens FOLDER    those of 'kittiwake token'
                     (default: /etc/kittiwaked/tokens)
  --origin URL       pages of this origin may ask, too: https://console.example.
                     May be given several times
  --help             show this text
  --version          show the version

A socket that systemd has opened (kittiwaked-http.socket, kittiwaked-https.socket)
is taken over. What goes wrong is written to standard error, a line each. SIGTERM
and SIGINT end it.

Examples:
  sudo systemctl enable --now kittiwaked-http.socket
  curl --unix-socket /run/albatross/util/http.sock http://localhost/v1/unikernels
  kittiwaked-http --listen 127.0.0.1:8080 --tokens tokens
  kittiwaked-http --listen 0.0.0.0 --identity ca/server
`;

export interface Tcp {
  readonly host: string;
  readonly port: number;
  /** Absent: without TLS. */
  readonly tls?: { readonly identity: string; readonly revoked: string };
  readonly tokens: string;
  readonly origins: readonly string[];
}

export interface Options {
  readonly sockets: string;
  readonly socket: string;
  /** Absent: on the Unix socket. */
  readonly tcp?: Tcp;
}

/** @throws Error with one line about what makes no sense. */
export function parseOptions(args: readonly string[]): Options | 'help' | 'version' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sockets: { type: 'string', default: '/run/albatross/util' },
      socket: { type: 'string' },
      listen: { type: 'string' },
      identity: { type: 'string' },
      revoked: { type: 'string' },
      tokens: { type: 'string', default: TOKENS },
      origin: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean' },
      version: { type: 'boolean' },
    },
  });
  if (values.help) return 'help';
  if (values.version) return 'version';
  const { sockets, socket = join(sockets, 'http.sock'), listen, identity, tokens, origin } = values;
  if (listen === undefined) {
    const lost = (['identity', 'revoked'] as const).find((name) => values[name] !== undefined);
    if (lost !== undefined) throw new Error(`option '--${lost}': of no use without --listen ADDRESS`);
    return { sockets, socket };
  }
  const where = address('--listen', listen, PORT);
  const known =
    identity === undefined ? undefined : { identity, revoked: values.revoked ?? join(identity, 'revoked') };
  if (!known && !LOOPBACK.test(where.host))
    throw new Error(
      `option '--listen': ${where.host} is not of the loopback interface; without TLS tokens could be read on the way, so give --identity FOLDER, or 127.0.0.1`,
    );
  return {
    sockets,
    socket,
    tcp: { ...where, ...(known ? { tls: known } : {}), tokens, origins: origin.map(originOf) },
  };
}

/** As browsers write it. @throws Error */
function originOf(text: string): string {
  const found = URL.canParse(text) ? new URL(text).origin : 'null';
  if (found === text) return text;
  throw new Error(`option '--origin': '${text}' is no origin; write it like https://console.example`);
}
