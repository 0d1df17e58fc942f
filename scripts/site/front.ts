// One port for a reader's browser: the handbook, which another server has, and the lab server beside it.
import {
  Agent,
  createServer,
  request as ask,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isMisnamed, isNoRead, say } from './answers.ts';
import { closeServer, listenAt, REQUEST_LIMITS } from './listen.ts';
import type { Served } from './server.ts';

/** What answers a part of the addresses. */
export interface Beside {
  owns(url: string | undefined): boolean;
  answer(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): Promise<void>;
}

export interface FrontOptions {
  /** Where the handbook is served, on this machine. */
  readonly handbook: string;
  /** The addresses it listens at, each with `port`; the first one is in the address it has. */
  readonly hosts: readonly [string, ...string[]];
  readonly port: number;
  /** The names it answers by. */
  readonly names: readonly string[];
  /** Makes what answers beside the handbook, when the port is known. */
  readonly beside: (port: number) => Beside;
}

/** At each address; so whoever takes all of one leaves those of the others alone. */
const CONNECTIONS_MAX = 512;
/** Of one visitor, who may be a whole room behind one router. */
const CONNECTIONS_EACH = 256;
const ANSWER_MS = 30_000;

/** Fields that are about one connection, and not about what it carries (RFC 9110, 7.6.1). */
const OF_THE_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer'];
/** Requests are passed on without a body. */
const OF_THE_BODY = ['content-length', 'content-type', 'expect'];

function without(fields: readonly string[], headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !fields.includes(name)));
}

function newServer(): Server {
  const server = createServer(REQUEST_LIMITS);
  server.maxConnections = CONNECTIONS_MAX;
  const from = new Map<string, number>();
  return server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const there = from.get(address) ?? 0;
    if (there >= CONNECTIONS_EACH) return void socket.destroy();
    from.set(address, there + 1);
    socket.once('close', () => {
      const left = (from.get(address) ?? 1) - 1;
      if (left > 0) from.set(address, left);
      else from.delete(address);
    });
  });
}

/** Serves at each of `hosts` until closed. @throws Error that names the port and a remedy when it cannot be had. */
export async function serveFront({ handbook, hosts, port, names, beside }: FrontOptions): Promise<Served> {
  const { hostname, port: backend, host: hostField } = new URL(handbook);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const [first, ...others] = hosts;
  const server = newServer();
  const taken = await listenAt(server, first, port);
  const servers = [server];
  for (const host of others) {
    const next = newServer();
    servers.push(next);
    await listenAt(next, host, taken).catch(async (error: unknown) => {
      await closeServer(server);
      throw error;
    });
  }
  const other = beside(taken);
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (isMisnamed(request, response, names)) return;
    if (other.owns(request.url)) return other.answer(request, response);
    if (isNoRead(request, response)) return;
    const passed = ask(
      {
        ...{ agent, hostname, port: backend, method: request.method, path: request.url },
        headers: { ...without([...OF_THE_CONNECTION, ...OF_THE_BODY], request.headers), host: hostField },
        timeout: ANSWER_MS,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, without(OF_THE_CONNECTION, answer.headers));
        answer.pipe(response);
      },
    );
    passed.on('timeout', () => passed.destroy(new Error('no answer')));
    passed.on('error', (error) =>
      say(response, 502, `the handbook does not answer: ${error.message}; load the page again`),
    );
    response.on('close', () => passed.destroy());
    passed.end();
  };
  for (const server of servers)
    server
      .on('request', onRequest)
      .on('upgrade', (request: IncomingMessage, socket, head: Buffer) =>
        other.upgrade(request, socket, head),
      );
  return {
    url: `http://${isIPv6(first) ? `[${first}]` : first}:${taken}/`,
    close: async () => {
      await other.close();
      agent.destroy();
      await Promise.all(servers.map(closeServer));
    },
  };
}
