// One port for a reader's browser: the handbook, which another server has, and the lab server beside it.
import { Agent, createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
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
  readonly host: string;
  readonly port: number;
  /** The names it answers by. */
  readonly names: readonly string[];
  /** Makes what answers beside the handbook, when the port is known. */
  readonly beside: (port: number) => Beside;
}

const CONNECTIONS_MAX = 512;
const ANSWER_MS = 30_000;

/** Fields that are about one connection, and not about what it carries (RFC 9110, 7.6.1). */
const OF_THE_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer'];
/** Requests are passed on without a body. */
const OF_THE_BODY = ['content-length', 'content-type', 'expect'];

function without(fields: readonly string[], headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !fields.includes(name)));
}

/** Serves at `host`:`port` until closed. @throws Error that names the port and a remedy when it cannot be had. */
export async function serveFront({ handbook, host, port, names, beside }: FrontOptions): Promise<Served> {
  const { hostname, port: backend, host: hostField } = new URL(handbook);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const server = createServer(REQUEST_LIMITS);
  server.maxConnections = CONNECTIONS_MAX;
  const taken = await listenAt(server, host, port);
  const other = beside(taken);
  server.on('request', (request, response) => {
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
  });
  server.on('upgrade', (request, socket, head) => other.upgrade(request, socket, head));
  return {
    url: `http://${host}:${taken}/`,
    close: async () => {
      await other.close();
      agent.destroy();
      await closeServer(server);
    },
  };
}
