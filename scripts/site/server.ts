// Serves the built pages to this machine only: GET and HEAD of files that are there, the 404 page for all else.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { isMisnamed, isNoRead, say } from './answers.ts';
import { resolvePath } from './files.ts';
import { closeServer, listenAt, REQUEST_LIMITS } from './listen.ts';
import { COMMON_HEADERS, contentSecurityPolicy } from './policy.ts';

export interface Served {
  /** With the port it got, and a slash at the end. */
  readonly url: string;
  /** Ends every connection; resolves when the port is free. */
  readonly close: () => Promise<void>;
}

export const HOST = '127.0.0.1';

/** Names a browser on this machine calls us by, perhaps through a forwarded port. Others are a page elsewhere whose name was pointed here. */
export const NAMES = [HOST, 'localhost'];

async function answer(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (isMisnamed(request, response, NAMES) || isNoRead(request, response)) return;
  const [path = '', query] = (request.url ?? '').split('?', 2);
  const target = await resolvePath(folder, path);
  if ('redirect' in target) {
    const location = query === undefined ? target.redirect : `${target.redirect}?${query}`;
    say(response, 308, `it is at ${location}`, { Location: location });
    return;
  }
  const page = 'missing' in target ? join(folder, '404.html') : target.file;
  const type = 'missing' in target ? 'text/html; charset=utf-8' : target.type;
  const body = await readFile(page);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const headers = {
    ...COMMON_HEADERS,
    ...(type.startsWith('text/html') && {
      'Content-Security-Policy': contentSecurityPolicy(body.toString()),
    }),
    'Content-Type': type,
    ETag: etag,
  };
  if ('missing' in target) response.writeHead(404, headers).end(request.method === 'HEAD' ? '' : body);
  else if (request.headers['if-none-match'] === etag) response.writeHead(304, headers).end();
  else
    response
      .writeHead(200, { ...headers, 'Content-Length': body.length })
      .end(request.method === 'HEAD' ? '' : body);
}

/**
 * Serves `folder` at 127.0.0.1:`port`; port 0 takes a free one.
 * @throws Error that names the port and a remedy when it cannot be had.
 */
export async function serveFolder(folder: string, port: number): Promise<Served> {
  const server = createServer(REQUEST_LIMITS, (request, response) => {
    answer(folder, request, response).catch((error: unknown) => {
      // A rebuild replaces the folder between looking and reading.
      console.error(`${request.url}: ${error instanceof Error ? error.message : String(error)}`);
      say(response, 500, 'the page could not be read; load it again');
    });
  });
  server.maxConnections = 256;
  const taken = await listenAt(server, HOST, port);
  return { url: `http://${HOST}:${taken}/`, close: () => closeServer(server) };
}
