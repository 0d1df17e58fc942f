// Policies over HTTP.
import type { Policy } from '../../api/schemas.ts';
import { saysThereAreNone } from '../../client/none.ts';
import type { Client } from '../../client/socket.ts';
import type { Policy as OnWire } from '../../protocol/policy.ts';
import { formatName, type Name } from '../../protocol/name.ts';
import { done, paged, told } from './asking.ts';
import { Made, type Handlers } from './call.ts';
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
  try {
    const found = await told(client, scope, { kind: 'policy', value: { kind: 'info' } }, 'policies');
    return found.map(({ name, policy }) => policyOf(name, policy));
  } catch (error) {
    if (saysThereAreNone(error)) return [];
    throw error;
  }
}

export async function hasPolicy(client: Client, name: Name): Promise<boolean> {
  const own = formatName({ path: name.path });
  return (await policiesOf(client, name)).some(({ path }) => path === own);
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
  async putPolicy({ client, subject, body: { unikernels, memory, block, cpus, bridges } }) {
    const value = {
      ...{ unikernels: unikernels ?? Infinity, memory: memory ?? Infinity, cpuids: cpus, bridges },
      ...(block === 0 ? {} : { block: block ?? Infinity }),
    };
    const known = await hasPolicy(client, subject);
    const said = await done(client, subject, { kind: 'policy', value: { kind: 'add', value } });
    return new Made(known ? 200 : 201, said);
  },
  deletePolicy: ({ client, subject }) => done(client, subject, { kind: 'policy', value: { kind: 'remove' } }),
} satisfies Partial<Handlers>;
