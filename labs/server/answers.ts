// What is answered to a request that gets no page: JSON, a line in words, another address.
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Nobody keeps it, nobody takes it for something else, no page elsewhere gets it. */
const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

/** A line for people. The connection ends with it: whatever else is sent there is not read. */
export function answerLine(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response
    .writeHead(status, {
      ...HEADERS,
      ...{ 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' },
      ...headers,
    })
    .end(`${text}\n`);
}

/** To be asked for with GET from now on, whatever this was. */
export function answerSee(response: ServerResponse, location: string): void {
  response.writeHead(303, { ...HEADERS, Location: location, 'Content-Length': 0 }).end();
}

/** Instead of a WebSocket. `status` is a line of HTTP, such as 403 Forbidden. */
export function refuseUpgrade(socket: Duplex, status: string, why: string): void {
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(why) + 1}\r\nConnection: close\r\n\r\n${why}\n`,
  );
}
