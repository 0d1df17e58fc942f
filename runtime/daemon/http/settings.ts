// Settings of unikernels: as JSON has them, and as the orchestrator's protocol has them.
import type { Changes, Settings, Unikernel } from '../../api/schemas.ts';
import { allowedCpus } from '../../client/allowed.ts';
import type { Client } from '../../client/socket.ts';
import type { Config, RestartArguments } from '../../protocol/config.ts';
import type { Name } from '../../protocol/name.ts';
import type { Info } from '../../protocol/reply.ts';

export function restartOf(behaviour: Config['failBehaviour']): Unikernel['restart'] {
  if (behaviour.kind === 'quit') return 'no';
  return behaviour.value.length === 0 ? 'always' : [...behaviour.value];
}

function behaviourOf(restart: Unikernel['restart']): Config['failBehaviour'] {
  if (restart === 'no') return { kind: 'quit' };
  return { kind: 'restart', value: restart === 'always' ? [] : restart };
}

/** What is said of `changes`, and nothing else. */
export function wireChanges(changes: Changes): Partial<RestartArguments> {
  const { memory, cpus, networks, blocks, addName, restart, startOrder } = changes;
  return {
    ...(memory === undefined ? {} : { memory }),
    ...(cpus === undefined ? {} : { cpuids: cpus }),
    ...(networks === undefined ? {} : { bridges: networks.map(networkOf) }),
    ...(blocks === undefined ? {} : { blocks: blocks.map(deviceOf) }),
    ...(changes.arguments === undefined ? {} : { arguments: changes.arguments }),
    ...(addName === undefined ? {} : { addName }),
    ...(restart === undefined ? {} : { failBehaviour: behaviourOf(restart) }),
    ...(startOrder === undefined ? {} : { startup: startOrder }),
  };
}

const networkOf = ({ name, bridge, mac }: Settings['networks'][number]): Config['bridges'][number] => ({
  name,
  ...(bridge === undefined ? {} : { bridge }),
  ...(mac === undefined ? {} : { mac: mac.toLowerCase() }),
});
const deviceOf = ({ name, device, sectorSize }: Settings['blocks'][number]): Config['blocks'][number] => ({
  name,
  ...(device === undefined ? {} : { hostDevice: device }),
  ...(sectorSize === undefined ? {} : { sectorSize }),
});

/** `settings` of what is to be called `name`. */
export async function wireSettings(
  client: Client,
  name: Name,
  settings: Settings,
): Promise<RestartArguments> {
  const { memory, addName, restart, networks, blocks } = settings;
  return {
    ...{ memory, addName, failBehaviour: behaviourOf(restart), cpus: 1 },
    ...{ bridges: networks.map(networkOf), blocks: blocks.map(deviceOf) },
    cpuids: settings.cpus ?? (await allowedCpus(client, name)),
    ...(settings.arguments.length === 0 ? {} : { arguments: settings.arguments }),
    ...(settings.startOrder === undefined ? {} : { startup: settings.startOrder }),
  };
}

/** The settings of what is there. */
export function kept(info: Info, addName: boolean): RestartArguments {
  const { failBehaviour, cpuids, memory, cpus } = info;
  return {
    ...{ failBehaviour, addName, cpuids, memory, cpus },
    blocks: info.blocks.map(({ name, hostDevice, sectorSize }) => ({ name, hostDevice, sectorSize })),
    bridges: info.bridges.map(({ name, bridge, mac }) => ({ name, bridge, mac })),
    ...(info.startup === undefined ? {} : { startup: info.startup }),
    ...(info.arguments === undefined ? {} : { arguments: info.arguments }),
    ...(info.linuxBoot === undefined ? {} : { linuxBoot: info.linuxBoot }),
  };
}
