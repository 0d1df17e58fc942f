// The HTTP API on TCP, for whoever shows a token or certificates.
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { RevocationList } from '../tls/revoked.ts';
import type { Access } from './access.ts';
import { createApp } from './app.ts';
import { accessOfChain, accessOfToken } from './credentials.ts';
import { allowing, guard, preflight, type Guard } from './guard.ts';
import type { Tcp } from './options.ts';
import { HttpProblem } from './problem.ts';
import { httpServer, type Limits } from './serve.ts';
import { tcpServer, type Shown, type TcpLimits } from './tls.ts';
import type { TurnLimits } from './turns.ts';

export interface Around {
  /** The folder with the daemon's sockets. */
  readonly folder: string;
  readonly log: (line: string) => void;
  readonly limits: Limits;
  readonly tcpLimits: TcpLimits;
  readonly turns?: Partial<TurnLimits>;
}

const UNKNOWN = 'show a token in the header Authorization, or the certificates of an authority';

/** Servers for `tcp`: that of connections is to listen, both are to be closed. @throws Error where certificates cannot be used. */
export function onTcp(
  { tls, tokens, origins }: Pick<Tcp, 'tls' | 'tokens' | 'origins'>,
  { folder, log, limits, tcpLimits, turns = {} }: Around,
): { readonly connections: Server; readonly http: HttpServer } {
  const rules: Guard = { scheme: tls ? 'https' : 'http', origins };
  const revoked = tls && new RevocationList(tls.revoked);
  // A list that is not there is found out now, and not by the first who comes.
  revoked?.reason([]);
  const shown = new WeakMap<Socket, Shown>();

  const ended = (chain: Parameters<RevocationList['reason']>[0]): string | undefined => {
    try {
      return revoked?.reason(chain);
    } catch (error) {
      log((error as Error).message);
      return 'certificate: whether it was revoked cannot be told; the log says why';
    }
  };

  function access(request: Request, connection: unknown): Access {
    guard(request, rules);
    const header = request.headers.get('authorization');
    if (header !== null) return accessOfToken(folder, tokens, header);
    const chain = shown.get((connection as IncomingMessage).socket);
    if (chain === undefined)
      throw new HttpProblem('unauthorized', UNKNOWN, {}, { 'WWW-Authenticate': 'Bearer' });
    if (chain instanceof Error) throw new HttpProblem('unauthorized', chain.message);
    const cause = ended(chain);
    if (cause !== undefined) throw new HttpProblem('unauthorized', cause);
    return accessOfChain(folder, chain, () => ended(chain));
  }

  const answer = createApp({ access, log, limits: turns });
  const http = httpServer(async (request, incoming) => {
    const asked = preflight(request, rules);
    if (asked) return asked;
    const response = await answer(request, incoming);
    const origin = request.headers.get('origin');
    return origin !== null && origins.includes(origin) ? allowing(response, origin) : response;
  }, limits);
  const file = (name: string): string => readFileSync(join(tls?.identity ?? '', name), 'utf8');
  const connections = tcpServer(
    ...([http, tcpLimits, log] as const),
    tls && {
      files: { root: file('root.pem'), cert: file('cert.pem'), key: file('key.pem') },
      shown: (socket, what) => shown.set(socket, what),
    },
  );
  return { connections, http };
}
