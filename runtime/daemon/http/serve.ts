// HTTP on a server's connections: Node parses it, within limits, and what comes out is answered by the API.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { HttpProblem, problemOf } from './problem.ts';

export const LIMITS = {
  /** Connections at a time. */
  connections: 128,
  /** Bytes of all headers of a request. */
  headers: 16 << 10,
  /** Milliseconds for the headers, from the first byte to the last. */
  headersMs: 10_000,
  /** Milliseconds for all of a request. */
  requestMs: 600_000,
  /** Milliseconds without a byte either way; for who reads too slowly as well. */
  idleMs: 60_000,
  /** Milliseconds without a request on a connection that is kept. */
  keepAliveMs: 10_000,
} as const;
export type Limits = { readonly [K in keyof typeof LIMITS]: number };

export type Answering = (request: Request, connection: IncomingMessage) => Promise<Response>;

const headers = (name: string, value: string): string => `${name}: ${value}\r\n`;

/** What is no HTTP is told so, and not spoken with any longer. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\n${headers('Connection', 'close')}${headers('Content-Length', '0')}\r\n`);
  // Who does not read that does not hold the connection.
  setTimeout(() => socket.destroy(), 1_000).unref();
}

/** A server that answers by `answer`; it listens nowhere yet. */
export function httpServer(answer: Answering, limits: Limits): Server {
  const listener = getRequestListener(
    (request, env) => answer(request, (env as { incoming: IncomingMessage }).incoming),
    {
      overrideGlobalObjects: false,
      errorHandler: (error) =>
        (
          problemOf(error) ?? new HttpProblem('malformed', `request: ${(error as Error).message}`)
        ).toResponse(),
    },
  );
  const server = createServer(
    {
      maxHeaderSize: limits.headers,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(5_000, limits.headersMs),
      requireHostHeader: true,
      noDelay: true,
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  );
  server.maxConnections = limits.connections;
  server.maxHeadersCount = 100;
  server.setTimeout(limits.idleMs);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket));
  return server;
}

export async function closed(server: Server): Promise<void> {
  const done = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await done;
}
