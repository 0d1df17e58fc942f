// Block devices of an orchestrator: which there are, and the data on them, as it goes there and comes from there.
import type { Command } from '../protocol/command.ts';
import { formatName, type Name } from '../protocol/name.ts';
import type { Success } from '../protocol/reply.ts';
import { saysThereAreNone } from './none.ts';
import { ClientError, type Client } from './socket.ts';

export type BlockDevice = Extract<Success, { readonly kind: 'blocks' }>['value'][number];

const block = (value: Extract<Command, { kind: 'block' }>['value']): Command => ({ kind: 'block', value });

/** Those at and below `scope`. */
export async function blockDevices(client: Client, scope: Name): Promise<readonly BlockDevice[]> {
  try {
    const answer = await client.ask(scope, block({ kind: 'info' }));
    if (answer.kind === 'blocks') return answer.value;
    throw new ClientError('unanswered', `the server answered with ${answer.kind}, not with block devices`);
  } catch (error) {
    if (saysThereAreNone(error)) return [];
    throw error;
  }
}

/** Makes one of `size` MB, of nothing but zeros. */
export const addBlock = (client: Client, name: Name, size: number): Promise<Success> =>
  client.ask(name, block({ kind: 'add', value: size }));

export const removeBlock = (client: Client, name: Name): Promise<Success> =>
  client.ask(name, block({ kind: 'remove' }));

/** Puts `pieces` at its beginning, and zeros after them. */
export const setBlock = (client: Client, name: Name, pieces: AsyncIterable<Uint8Array>): Promise<Success> =>
  client.send(name, block({ kind: 'set', value: false }), pieces);

/** All that is on it. Not compressed on its way: what Albatross's servers send then is not one stream. @throws ClientError where its end does not come. */
export async function* dumpBlock(client: Client, name: Name): AsyncGenerator<Uint8Array, void> {
  await using exchange = await client.open(name, block({ kind: 'dump', value: 0 }));
  const { answer } = exchange;
  if (answer.kind !== 'blockDump' || answer.value)
    throw new ClientError('unanswered', `block device ${formatName(name)}: the server sends something else`);
  for await (const { data } of exchange.data()) {
    if (data.kind !== 'block') continue;
    if (data.value.kind === 'end') return;
    yield data.value.value;
  }
  throw new ClientError(
    'unanswered',
    `block device ${formatName(name)}: the server ended before its data did; ask again`,
  );
}
