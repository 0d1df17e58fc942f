// Tokens that are of one reader each, as a workshop has them: none opens another's session, whatever a page says.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Admission } from '../../labs/server/gate.ts';
import { Progress } from '../../labs/server/progress.ts';
import { CLOSE } from '../../labs/server/protocol.ts';
import { Client } from './client.ts';
import { serve, type Served } from './fake.ts';

const ANNA = 'token-of-anna';
const BEN = 'token-of-ben';

async function served(): Promise<Served & { readonly admitted: Map<string, Admission> }> {
  const readers = await mkdtemp(join(tmpdir(), 'kittiwake-readers-'));
  onTestFinished(() => rm(readers, { recursive: true }));
  const admitted = new Map<string, Admission>();
  for (const [token, name] of [
    [ANNA, 'Anna'],
    [BEN, 'Ben'],
  ] as const)
    admitted.set(token, { reader: (await Progress.begin(readers)).reader, name });
  return { ...(await serve({ readers, admit: (token) => admitted.get(token) })), admitted };
}

test('a token opens its own session, whatever reader the page says it is', async () => {
  const { port, machines, admitted } = await served();
  const anna = await Client.welcome(port, ANNA);
  anna.client.say({ type: 'open', lab: 'fake/greeting' });
  await anna.client.run('first');
  for (const said of [undefined, anna.reader, 'A'.repeat(22), '']) {
    const { client, reader } = await Client.welcome(port, BEN, said);
    expect(reader).toBe(admitted.get(BEN)?.reader);
    expect(reader).not.toBe(anna.reader);
    expect(client.heard[0]).toMatchObject({ name: 'Ben' });
    expect(await client.hear('machine')).toEqual({ type: 'machine', state: 'none' });
    client.type('ls\r');
    client.socket.close();
  }
  expect(machines).toHaveLength(1);
  expect(machines[0]?.typed).toEqual([]);
});

test('who is shown out loses connections and machine, and comes in no more', async () => {
  const { port, machines, server, admitted } = await served();
  const { client, reader } = await Client.welcome(port, ANNA);
  const other = await Client.welcome(port, BEN);
  client.say({ type: 'open', lab: 'fake/greeting' });
  await client.run('first');
  admitted.delete(ANNA);
  await server.dismiss(reader, 'the presenter freed the seat');
  expect(await client.end()).toBe(CLOSE.forbidden);
  expect(client.closed?.why).toBe('the presenter freed the seat');
  expect(machines[0]?.stopped).toBe(true);
  const again = await new Client(port).open();
  again.say({ type: 'hello', token: ANNA, reader });
  expect(await again.end()).toBe(CLOSE.forbidden);
  expect(again.heard).toEqual([]);
  expect(other.client.closed).toBeUndefined();
});
