// Block devices over HTTP.
import type { Block } from '../../api/schemas.ts';
import { blockDevices, dumpBlock, setBlock, type BlockDevice } from '../../client/blocks.ts';
import { ClientError, type Client } from '../../client/socket.ts';
import type { Command } from '../../protocol/command.ts';
import { formatName, type Name } from '../../protocol/name.ts';
import { done, paged, shownName } from './asking.ts';
import { Made, type Handlers } from './call.ts';
import { piecesOf } from './parse.ts';
import { HttpProblem } from './problem.ts';
import { streamOf } from './stream.ts';

const blockOf = ({ name, size, inUse }: BlockDevice): Block => ({ name: shownName(name), size, inUse });

/** @throws HttpProblem (not-found) */
async function blockNamed(client: Client, name: Name): Promise<Block> {
  const [found] = await blockDevices(client, name);
  if (found) return blockOf(found);
  throw new HttpProblem('not-found', `block device ${formatName(name)}: there is none`);
}

/** Whatever comes of `pieces`, the first of them already there: what is wrong before is said in place of it. */
async function begun(pieces: AsyncGenerator<Uint8Array, void>): Promise<AsyncGenerator<Uint8Array, void>> {
  const first = await pieces.next();
  return (async function* () {
    if (first.done === true) return;
    yield first.value;
    yield* pieces;
  })();
}

export const blocks = {
  async listBlocks({ client, subject, query }) {
    const all = await blockDevices(client, subject);
    return paged(all.map(blockOf), ({ name }) => name, query);
  },
  getBlock: ({ client, subject }) => blockNamed(client, subject),
  async putBlock({ client, subject, body: { size } }) {
    const command: Command = { kind: 'block', value: { kind: 'add', value: size } };
    try {
      return new Made(201, await done(client, subject, command));
    } catch (error) {
      // The same asked again, such as by who has lost the answer.
      const known = error instanceof ClientError && (await blockDevices(client, subject))[0];
      if (!known || known.size !== size) throw error;
      return { name: shownName(subject), done: 'is there already' };
    }
  },
  deleteBlock: ({ client, subject }) => done(client, subject, { kind: 'block', value: { kind: 'remove' } }),
  async putBlockData({ client, subject, request }) {
    const { size } = await blockNamed(client, subject);
    await setBlock(client, subject, piecesOf(request, size * (1 << 20)));
    return { name: shownName(subject), done: 'set block device' };
  },
  async getBlockData({ client, subject }) {
    const { size } = await blockNamed(client, subject);
    const bytes = streamOf(await begun(dumpBlock(client, subject)));
    return { bytes, headers: { 'Content-Length': String(size * (1 << 20)) } };
  },
} satisfies Partial<Handlers>;
