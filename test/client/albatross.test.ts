// Our client against a server that answers with what Albatross's was seen to send, and behaves as it was seen to.
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Client, locally } from '../../runtime/client/socket.ts';
import { Deframer, frame } from '../../runtime/protocol/frame.ts';
import { decodeMessage } from '../../runtime/protocol/message.ts';
import { formatName, parseName } from '../../runtime/protocol/name.ts';
import { ANSWERED } from '../protocol/captured.ts';

let folder: string;
let server: Server;
let client: Client;

/** Captured answers, by what they are about. */
const seen = (...about: string[]): Uint8Array =>
  Buffer.concat(
    about.map((what) => frame(Buffer.from(ANSWERED.find(([one]) => one === what)?.[2] ?? '', 'hex'))),
  );

/** Serves one connection: sends `bytes` for the request, and ends only where `ends`. What is Kittiwake's own it does not answer. */
function serve(socket: string, bytes: Uint8Array, ends: boolean): Promise<unknown> {
  server = createServer({ allowHalfOpen: true }, (connection) => {
    connection.on('error', () => undefined);
    const deframer = new Deframer();
    connection.on('data', (chunk: Buffer) => {
      for (const body of deframer.push(chunk)) {
        const { payload } = decodeMessage(body);
        if (payload.kind === 'command' && payload.value.kind === 'kittiwake') connection.end();
        else {
          connection.write(bytes);
          if (ends) connection.end();
        }
      }
    });
  });
  server.listen(join(folder, socket));
  return once(server, 'listening');
}

beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'kittiwake-albatross-'));
  client = new Client(locally(folder));
});
afterEach(async () => {
  server.close();
  await fs.rm(folder, { recursive: true });
});

test('policies below a path have their whole names', async () => {
  await serve('vmmd.sock', seen('policies of foo, which is the root there'), true);
  const answer = await client.ask(parseName('foo:'), { kind: 'policy', value: { kind: 'info' } });
  expect(answer).toMatchObject({ kind: 'policies', value: [{ name: { path: ['foo'] } }] });
});

test('lines that are there are read, and no more waited for, where the server never ends', async () => {
  await serve('console.sock', seen('subscribed', 'a line of the console'), false);
  const subscribe = {
    kind: 'console',
    value: { kind: 'subscribe', value: { kind: 'count', value: 20 } },
  } as const;
  await using exchange = await client.open(parseName('foo:n'), subscribe, false);
  const lines: string[] = [];
  for await (const { name, data } of exchange.data())
    if (data.kind === 'console') lines.push(`${formatName(name)} ${data.value.line}`);
  expect(lines).toEqual(['foo:n netcheck: ready: 10.0.0.5/16, MAC 00:80:41:28:fa:02']);
});

test('what only kittiwaked knows is said to be that', async () => {
  await serve('vmmd.sock', seen('created'), true);
  const stop = client.ask(parseName('foo:n'), { kind: 'kittiwake', value: { kind: 'stop' } });
  await expect(stop).rejects.toThrow(
    `${join(folder, 'vmmd.sock')}: it does not know stop, which only kittiwaked does; is it Albatross's?`,
  );
});
