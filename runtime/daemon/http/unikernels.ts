// Unikernels over HTTP.
import type { Unikernel } from '../../api/schemas.ts';
import type { Client } from '../../client/socket.ts';
import type { Config } from '../../protocol/config.ts';
import { formatName, type Name } from '../../protocol/name.ts';
import type { Status } from '../../protocol/reply.ts';
import { paged, shownName, told } from './asking.ts';
import type { Handlers } from './call.ts';
import { HttpProblem } from './problem.ts';

function restartOf(behaviour: Config['failBehaviour']): Unikernel['restart'] {
  if (behaviour.kind === 'quit') return 'no';
  return behaviour.value.length === 0 ? 'always' : [...behaviour.value];
}

function stateOf(
  state: Status['state'],
): Pick<Unikernel, 'state' | 'pid' | 'since' | 'failures' | 'until' | 'at' | 'why'> {
  switch (state.kind) {
    case 'running':
      return { state: 'running', pid: state.value.pid, since: state.value.since.toISOString() };
    case 'waiting':
      return { state: 'waiting', failures: state.value.failures, until: state.value.until.toISOString() };
    case 'ended':
      return { state: 'ended', at: state.value.at.toISOString(), why: state.value.why };
  }
}

export function unikernelOf({ name, info, state, last }: Status): Unikernel {
  return {
    name: shownName(name),
    ...stateOf(state),
    ...(last === undefined
      ? {}
      : { last: last.kind === 'status' ? { status: last.value } : { signal: last.value } }),
    digest: Buffer.from(info.digest).toString('hex'),
    memory: info.memory,
    cpus: [...info.cpuids],
    networks: info.bridges.map(({ name: device, bridge, mac }) => ({ name: device, bridge, mac })),
    blocks: info.blocks.map(({ name: device, hostDevice, sectorSize, size }) => ({
      ...{ name: device, device: hostDevice, sectorSize, size },
    })),
    arguments: [...(info.arguments ?? [])],
    restart: restartOf(info.failBehaviour),
    ...(info.startup === undefined ? {} : { startOrder: info.startup }),
  };
}

const states = (client: Client, scope: Name): Promise<readonly Status[]> =>
  told(client, scope, { kind: 'kittiwake', value: { kind: 'states' } }, 'states');

/** @throws HttpProblem (not-found) */
export async function stateNamed(client: Client, name: Name): Promise<Status> {
  const [found] = await states(client, name);
  if (found) return found;
  throw new HttpProblem('not-found', `unikernel ${formatName(name)}: there is none`);
}

export const unikernels = {
  async listUnikernels({ client, subject, query }) {
    const all = await states(client, subject);
    return paged(all.map(unikernelOf), ({ name }) => name, query);
  },
  async getUnikernel({ client, subject }) {
    return unikernelOf(await stateNamed(client, subject));
  },
} satisfies Partial<Handlers>;
