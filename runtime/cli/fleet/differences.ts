// What is not as it is wanted, field by field, in words. What the file leaves out has its default, as if it were written; but for CPUs, which then stay.
import { STARTUP_DEFAULT } from '../../protocol/config.ts';
import type { Config } from '../../protocol/config.ts';
import { macOf } from '../../protocol/mac.ts';
import type { Policy } from '../../protocol/policy.ts';
import type { Info } from '../../protocol/reply.ts';
import { shellWords } from '../shell-words.ts';
import type { WantedUnikernel } from './wanted.ts';

const SECTOR = 512;

const from = (what: string, before: string, after: string): string[] =>
  before === after ? [] : [`${what} ${before || 'none'} → ${after || 'none'}`];

const sorted = (all: readonly number[]): number[] => [...new Set(all)].sort((a, b) => a - b);

export function restartWords(behaviour: Config['failBehaviour']): string {
  if (behaviour.kind === 'quit') return 'no';
  return behaviour.value.length === 0 ? 'always' : sorted(behaviour.value).join(',');
}

export const shortDigest = (digest: string): string => digest.slice(0, 12);

/** What of `info` is not as `wanted`: the image, and the settings. */
export function differences(
  wanted: WantedUnikernel,
  info: Info,
): { readonly image: string | undefined; readonly settings: readonly string[] } {
  const { name, config } = wanted;
  const networks = (all: readonly { name: string; bridge?: string; mac?: string }[]): string =>
    all
      .map((one) => `${one.name} on ${one.bridge ?? one.name} (${one.mac ?? macOf(name, one.name)})`)
      .sort()
      .join(', ');
  const blocks = (all: readonly { name: string; hostDevice?: string; sectorSize?: number }[]): string =>
    all
      .map(({ name: device, hostDevice = device, sectorSize = SECTOR }) =>
        sectorSize === SECTOR
          ? `${device} is ${hostDevice}`
          : `${device} is ${hostDevice} (sectors of ${sectorSize})`,
      )
      .sort()
      .join(', ');
  const has = Buffer.from(info.digest).toString('hex');
  const image =
    info.typ === 'solo5' && has === wanted.digest
      ? undefined
      : `image ${shortDigest(has)}… → ${wanted.image?.called ?? ''} ${shortDigest(wanted.digest)}…`.replace(
          '  ',
          ' ',
        );
  return {
    image,
    settings: [
      ...from('memory', `${info.memory} MB`, `${config.memory} MB`),
      ...from('arguments', shellWords(info.arguments ?? []), shellWords(config.arguments ?? [])),
      ...from('networks', networks(info.bridges), networks(config.bridges)),
      ...from('blocks', blocks(info.blocks), blocks(config.blocks)),
      ...from('restart', restartWords(info.failBehaviour), restartWords(config.failBehaviour)),
      ...from(
        'startOrder',
        String(info.startup ?? STARTUP_DEFAULT),
        String(config.startup ?? STARTUP_DEFAULT),
      ),
      ...(wanted.cpuids === undefined
        ? []
        : from('cpus', sorted(info.cpuids).join(','), sorted(wanted.cpuids).join(','))),
      ...from('virtual CPUs', String(info.cpus), String(config.cpus)),
    ],
  };
}

/** What of `before` is not as in `after`. */
export function policyDifferences(before: Policy, after: Policy): string[] {
  const amount = (value: number | undefined, unit = ''): string =>
    value === undefined ? 'none' : value === Infinity ? 'unlimited' : `${value}${unit}`;
  return [
    ...from('unikernels', amount(before.unikernels), amount(after.unikernels)),
    ...from('memory', amount(before.memory, ' MB'), amount(after.memory, ' MB')),
    ...from('cpus', sorted(before.cpuids).join(','), sorted(after.cpuids).join(',')),
    ...from('block', amount(before.block, ' MB'), amount(after.block, ' MB')),
    ...from('bridges', [...before.bridges].sort().join(', '), [...after.bridges].sort().join(', ')),
  ];
}
