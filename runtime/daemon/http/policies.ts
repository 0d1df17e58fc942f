// Policies over HTTP.
import type { Policy } from '../../api/schemas.ts';
import { ClientError, type Client } from '../../client/socket.ts';
import type { Policy as OnWire } from '../../protocol/policy.ts';
import { formatName, type Name } from '../../protocol/name.ts';
import { paged, told } from './asking.ts';
import type { Handlers } from './call.ts';
import { HttpProblem } from './problem.ts';

/** JSON has no infinity: a limit that is none is null. */
const finite = (value: number): number | null => (value === Infinity ? null : value);

function policyOf(name: Name, { unikernels, memory, block, cpuids, bridges }: OnWire): Policy {
  return {
    path: formatName({ path: name.path }),
    unikernels: finite(unikernels),
    memory: finite(memory),
    block: block === undefined ? 0 : finite(block),
    cpus: [...cpuids],
    bridges: [...bridges],
  };
}

async function policiesOf(client: Client, scope: Name): Promise<Policy[]> {
  const found = await told(client, scope, { kind: 'policy', value: { kind: 'info' } }, 'policies').catch(
    (error: unknown) => {
      // So it says where there is none.
      if (error instanceof ClientError && error.message === 'unknown policy') return [];
      throw error;
    },
  );
  return found.map(({ name, policy }) => policyOf(name, policy));
}

export const policies = {
  async listPolicies({ client, subject, query }) {
    return paged(await policiesOf(client, subject), ({ path }) => path, query);
  },
  async getPolicy({ client, subject }) {
    const own = formatName(subject);
    const found = (await policiesOf(client, subject)).find(({ path }) => path === own);
    if (found) return found;
    throw new HttpProblem('not-found', `policy of ${own}: there is none`);
  },
} satisfies Partial<Handlers>;
