// What an operation says, as a response.
import { createHash } from 'node:crypto';
import type { Operation } from '../../api/operations.ts';
import { Made, type Bytes, type Events } from './call.ts';
import type { Access } from './access.ts';
import { eventStream } from './events.ts';

/** Of a representation: the same bytes have the same, and no others. */
export const tagOf = (body: string): string =>
  `"${createHash('sha256').update(body).digest('base64url').slice(0, 32)}"`;

export const representation = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** Whether the list `header` of tags has `tag`, or is `*`. */
export function lists(header: string, tag: string): boolean {
  return header.split(',').some((one) => ['*', tag, `W/${tag}`].includes(one.trim()));
}

export function responseOf(
  { answer, method }: Operation,
  said: unknown,
  request: Request,
  { ended }: Access,
): Response {
  switch (answer.kind) {
    case 'json': {
      const { status, value } = said instanceof Made ? (said as Made<unknown>) : { status: 200, value: said };
      const body = representation(value);
      const headers = { 'Content-Type': 'application/json' };
      if (method !== 'get') return new Response(body, { status, headers });
      const tag = tagOf(body);
      const known = request.headers.get('if-none-match');
      if (known !== null && lists(known, tag))
        return new Response(null, { status: 304, headers: { ETag: tag } });
      return new Response(body, { status, headers: { ...headers, ETag: tag } });
    }
    case 'text':
      return new Response(said as string, { headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
    case 'bytes': {
      const { bytes, headers = {} } = said as Bytes;
      return new Response(bytes, { headers: { 'Content-Type': 'application/octet-stream', ...headers } });
    }
    case 'events':
      return new Response(eventStream(answer.event, said as Events, ended), {
        headers: { 'Content-Type': 'text/event-stream' },
      });
  }
}
