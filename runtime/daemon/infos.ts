// A unikernel as clients are told of it.
import { macOf } from '../protocol/mac.ts';
import { formatName } from '../protocol/name.ts';
import type { Info, Status } from '../protocol/reply.ts';
import { toWire } from './ended.ts';
import type { Supervisor } from './supervisor.ts';
import { blockOf, type Table, type Unikernel } from './table.ts';

const SECTOR = 512;

export function infoOf(
  { name, config, digest }: Unikernel,
  { blocks }: Pick<Table, 'blocks'>,
  supervisor: Supervisor | undefined,
): Info {
  const { typ, failBehaviour, cpuids, memory, cpus } = config;
  const state = supervisor?.state;
  return {
    ...{ typ, failBehaviour, cpuids, memory, cpus },
    digest: Buffer.from(digest, 'hex'),
    blocks: config.blocks.map((device) => ({
      name: device.name,
      hostDevice: device.hostDevice ?? device.name,
      sectorSize: device.sectorSize ?? SECTOR,
      size: blocks.get(formatName(blockOf(name, device)))?.size ?? 0,
    })),
    bridges: config.bridges.map((device) => ({
      name: device.name,
      bridge: device.bridge ?? device.name,
      mac: device.mac ?? macOf(name, device.name),
    })),
    started: state?.kind === 'running' ? state.since : new Date(0),
    ...(config.startup === undefined ? {} : { startup: config.startup }),
    ...(config.arguments === undefined ? {} : { arguments: config.arguments }),
    ...(config.linuxBoot === undefined ? {} : { linuxBoot: config.linuxBoot }),
  };
}

export function statusOf(supervisor: Supervisor, table: Table): Status {
  const { unikernel, state, last } = supervisor;
  const said: Status['state'] =
    state.kind === 'running'
      ? { kind: 'running', value: { pid: state.pid, since: state.since } }
      : state.kind === 'waiting'
        ? { kind: 'waiting', value: { failures: state.failures, until: state.until } }
        : { kind: 'ended', value: { at: state.at, why: state.why } };
  return {
    name: unikernel.name,
    info: infoOf(unikernel, table, supervisor),
    state: said,
    ...(last ? { last: toWire(last) } : {}),
    ...(unikernel.limits ? { limits: unikernel.limits } : {}),
    ...(unikernel.config.addName ? { addName: true } : {}),
  };
}
