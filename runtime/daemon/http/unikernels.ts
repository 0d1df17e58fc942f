// Unikernels over HTTP.
import type { Unikernel } from '../../api/schemas.ts';
import type { Client } from '../../client/socket.ts';
import type { Config, RestartArguments } from '../../protocol/config.ts';
import { formatName, type Name } from '../../protocol/name.ts';
import type { Status } from '../../protocol/reply.ts';
import { imageOf } from '../../client/images.ts';
import { done, paged, shownName, told } from './asking.ts';
import { Made, type Handlers } from './call.ts';
import { imageSent } from './images.ts';
import { kept, restartOf, wireChanges, wireSettings } from './settings.ts';
import { HttpProblem } from './problem.ts';

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

export function unikernelOf({ name, info, state, last, addName = false }: Status): Unikernel {
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
    addName,
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

async function exists(client: Client, name: Name): Promise<boolean> {
  return (await states(client, name)).length > 0;
}

export const unikernels = {
  async listUnikernels({ client, subject, query }) {
    const all = await states(client, subject);
    return paged(all.map(unikernelOf), ({ name }) => name, query);
  },
  async getUnikernel({ client, subject }) {
    return unikernelOf(await stateNamed(client, subject));
  },
  async putUnikernel(call) {
    const { client, subject, request } = call;
    await using sent = await imageSent(call);
    const value: Config = {
      ...{ typ: 'solo5', compressed: false, image: sent.image },
      ...(await wireSettings(client, subject, sent.settings)),
    };
    // Where it is to be made and never replaced, that is for the orchestrator to tell, which does one thing at a time.
    const fresh = request.headers.get('if-none-match') !== null;
    const known = !fresh && (await exists(client, subject));
    const kind = fresh ? 'create' : 'forceCreate';
    const said = await done(client, subject, { kind: 'unikernel', value: { kind, value } });
    return new Made(known ? 200 : 201, said);
  },
  async restartUnikernel({ client, subject, body }) {
    const { info, addName = false } = body ? await stateNamed(client, subject) : {};
    const value: RestartArguments | undefined = body &&
      info && { ...kept(info, addName), ...wireChanges(body) };
    const restart = value ? ({ kind: 'changed', value } as const) : ({ kind: 'same' } as const);
    return done(client, subject, { kind: 'unikernel', value: { kind: 'restart', value: restart } });
  },
  stopUnikernel: ({ client, subject }) =>
    done(client, subject, { kind: 'kittiwake', value: { kind: 'stop' } }),
  deleteUnikernel: ({ client, subject }) =>
    done(client, subject, { kind: 'unikernel', value: { kind: 'destroy' } }),
  async getImage({ client, subject }) {
    const { bytes, digest } = await imageOf(client, subject);
    return { bytes: new Uint8Array(bytes), headers: { ETag: `"${digest}"` } };
  },
} satisfies Partial<Handlers>;
