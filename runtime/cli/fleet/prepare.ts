// From a fleet file's name to what would be done.
import type { Client } from '../../client/socket.ts';
import type { Context } from '../command.ts';
import type { Where } from '../daemon-words.ts';
import { clientOf } from '../orchestrated.ts';
import { observe, type Observed } from './observed.ts';
import { plan, type Plan } from './plan.ts';
import { readFleet } from './read.ts';
import { unfilled } from './unfilled.ts';
import type { Wanted } from './wanted.ts';

export interface Prepared {
  readonly client: Client;
  readonly wanted: Wanted;
  readonly observed: Observed;
  readonly planned: Plan;
}

export async function prepare(
  file: string,
  where: Where,
  prune: boolean,
  context: Context,
): Promise<Prepared> {
  const client = await clientOf(where);
  const wanted = await readFleet(file, context, (name) => client.whole(name));
  const observed = await observe(client, wanted.path);
  const planned = plan(wanted, observed, {
    prune,
    policies: where.remote === undefined,
    unfilled: await unfilled(client, wanted, observed),
  });
  return { client, wanted, observed, planned };
}

/** `2 unikernels, 1 block device`, of what the file has. */
export function counted({ unikernels, blocks, policies }: Wanted): string {
  const count = (n: number, one: string, many: string): string[] =>
    n === 0 ? [] : [`${n} ${n === 1 ? one : many}`];
  return (
    [
      ...count(unikernels.length, 'unikernel', 'unikernels'),
      ...count(blocks.length, 'block device', 'block devices'),
      ...count(policies.length, 'policy', 'policies'),
    ].join(', ') || 'an empty file'
  );
}
