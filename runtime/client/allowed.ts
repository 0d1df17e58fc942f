// What the policies above a unikernel leave it.
import type { Command } from '../protocol/command.ts';
import { formatName, type Name } from '../protocol/name.ts';
import { ClientError, type Client } from './socket.ts';

const POLICIES: Command = { kind: 'policy', value: { kind: 'info' } };

/** CPUs that every policy from the root down to its path allows. */
export async function allowedCpus(client: Client, { path }: Name): Promise<readonly number[]> {
  try {
    const answer = await client.ask({ path: [] }, POLICIES);
    if (answer.kind !== 'policies')
      throw new ClientError('unanswered', `the server answered with ${answer.kind}, not with policies`);
    const above = [...path.keys(), path.length].map((length) => formatName({ path: path.slice(0, length) }));
    return answer.value
      .filter(({ name }) => above.includes(formatName(name)))
      .map(({ policy }) => policy.cpuids)
      .reduce((all, some) => all.filter((id) => some.includes(id)));
  } catch (error) {
    // A server that shows no policies of its root has no more to say about CPUs either.
    if (error instanceof ClientError && error.failure === 'refused') return [0];
    throw error;
  }
}
