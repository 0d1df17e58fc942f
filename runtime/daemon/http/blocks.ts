// Block devices over HTTP.
import type { Block } from '../../api/schemas.ts';
import type { Client } from '../../client/socket.ts';
import { formatName, type Name } from '../../protocol/name.ts';
import { paged, shownName, told } from './asking.ts';
import type { Handlers } from './call.ts';
import { HttpProblem } from './problem.ts';

async function blocksOf(client: Client, scope: Name): Promise<Block[]> {
  const found = await told(client, scope, { kind: 'block', value: { kind: 'info' } }, 'blocks');
  return found.map(({ name, size, inUse }) => ({ name: shownName(name), size, inUse }));
}

export const blocks = {
  async listBlocks({ client, subject, query }) {
    return paged(await blocksOf(client, subject), ({ name }) => name, query);
  },
  async getBlock({ client, subject }) {
    const [found] = await blocksOf(client, subject);
    if (found) return found;
    throw new HttpProblem('not-found', `block device ${formatName(subject)}: there is none`);
  },
} satisfies Partial<Handlers>;
