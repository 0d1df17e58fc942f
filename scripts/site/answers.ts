// What the servers of the handbook answer where there is no page to send: a line in words.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { COMMON_HEADERS } from './policy.ts';

/** Answers with a line. An answer that has begun cannot be taken back, and is cut off. */
export function say(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response
    .writeHead(status, { ...COMMON_HEADERS, 'Content-Type': 'text/plain; charset=utf-8', ...headers })
    .end(`${text}\n`);
}

/** Whether a request is by none of `names`, and so from a page elsewhere whose name was pointed here; then it is answered. */
export function isMisnamed(
  request: IncomingMessage,
  response: ServerResponse,
  names: readonly string[],
): boolean {
  const name = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (names.includes(name)) return false;
  const known = names.join(' and ');
  say(
    response,
    421,
    `this is the handbook's server; it does not answer as '${name.slice(0, 80)}'; open it as ${known}`,
  );
  return true;
}

/** Whether a request wants something else than to read; then it is answered. */
export function isNoRead({ method }: IncomingMessage, response: ServerResponse): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  say(response, 405, 'the handbook only answers GET and HEAD', { Allow: 'GET, HEAD' });
  return true;
}
