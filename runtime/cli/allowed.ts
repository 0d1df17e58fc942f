// What the policies above a unikernel leave it.
import { ClientError, type Client } from '../client/socket.ts';
import type { Command } from '../protocol/command.ts';
import { formatName, type Name } from '../protocol/name.ts';
import { expected } from './orchestrated.ts';

const POLICIES: Command = { kind: 'policy', value: { kind: 'info' } };

/** CPUs that every policy from the root down to its path allows. */
export async function allowedCpus(client: Client, { path }: Name): Promise<readonly number[]> {
  try {
    const policies = expected('policies', await client.ask({ path: [] }, POLICIES));
    const above = [...path.keys(), path.length].map((length) => formatName({ path: path.slice(0, length) }));
    return policies
      .filter(({ name }) => above.includes(formatName(name)))
      .map(({ policy }) => policy.cpuids)
      .reduce((all, some) => all.filter((id) => some.includes(id)));
  } catch (error) {
    // A server that shows no policies of its root has no more to say about CPUs either.
    if (error instanceof ClientError && error.failure === 'refused') return [0];
    throw error;
  }
}
