// What there is: all that a server tells, at and below a path.
import { blockDevices } from '../../client/blocks.ts';
import { saysThereAreNone } from '../../client/none.ts';
import type { Client } from '../../client/socket.ts';
import { formatName, isWithin, type Name } from '../../protocol/name.ts';
import type { Policy } from '../../protocol/policy.ts';
import type { Info, Status } from '../../protocol/reply.ts';
import { expected } from '../orchestrated.ts';
import { statesOf } from '../states.ts';

export interface ObservedUnikernel {
  readonly name: Name;
  readonly info: Info;
  /** What an Albatross server lists runs; it says no more. */
  readonly state?: Status['state'] | undefined;
  readonly last?: Status['last'] | undefined;
}

export interface Observed {
  /** By their canonical names, as the others. */
  readonly unikernels: ReadonlyMap<string, ObservedUnikernel>;
  readonly blocks: ReadonlyMap<
    string,
    { readonly name: Name; readonly size: number; readonly inUse: boolean }
  >;
  readonly policies: ReadonlyMap<string, { readonly path: Name; readonly policy: Policy }>;
}

async function policiesOf(client: Client, scope: Name): Promise<readonly { name: Name; policy: Policy }[]> {
  try {
    return expected('policies', await client.ask(scope, { kind: 'policy', value: { kind: 'info' } }));
  } catch (error) {
    if (saysThereAreNone(error)) return [];
    throw error;
  }
}

/** All at and below `scope`. */
export async function observe(client: Client, scope: Name): Promise<Observed> {
  const states = await statesOf(client, scope);
  const blocks = await blockDevices(client, scope);
  const policies = await policiesOf(client, scope);
  return {
    unikernels: new Map(
      states.flatMap(({ name, info, state, last }) =>
        name && info && isWithin(name, scope) ? [[formatName(name), { name, info, state, last }]] : [],
      ),
    ),
    blocks: new Map(
      blocks.filter(({ name }) => isWithin(name, scope)).map((block) => [formatName(block.name), block]),
    ),
    policies: new Map(
      policies.map(({ name: { path }, policy }) => [formatName({ path }), { path: { path }, policy }]),
    ),
  };
}
