// The command line of kittiwaked-http.
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export const HELP = `Let others ask kittiwaked by HTTP: unikernels, consoles, events, block devices,
policies, as JSON. GET /v1/openapi.json describes all of it.

Usage: kittiwaked-http [OPTIONS]

It needs no privilege but to reach the sockets of kittiwaked. Whoever may open its
own socket may ask for everything, as with the others of that folder.

Options:
  --sockets FOLDER   where kittiwaked is (default: /run/albatross/util)
  --socket PATH      where clients find this one
                     (default: http.sock, of that folder)
  --help             show this text
  --version          show the version

A socket that systemd has opened (kittiwaked-http.socket) is taken over. What goes
wrong is written to standard error, a line each. SIGTERM and SIGINT end it.

Examples:
  sudo systemctl enable --now kittiwaked-http.socket
  curl --unix-socket /run/albatross/util/http.sock http://localhost/v1/unikernels
`;

export interface Options {
  readonly sockets: string;
  readonly socket: string;
}

/** @throws Error with one line about what makes no sense. */
export function parseOptions(args: readonly string[]): Options | 'help' | 'version' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sockets: { type: 'string', default: '/run/albatross/util' },
      socket: { type: 'string' },
      help: { type: 'boolean' },
      version: { type: 'boolean' },
    },
  });
  if (values.help) return 'help';
  if (values.version) return 'version';
  const { sockets, socket = join(sockets, 'http.sock') } = values;
  return { sockets, socket };
}
