// What there is, as the fleet file that asks for it.
import { stringify } from 'yaml';
import { STARTUP_DEFAULT } from '../../protocol/config.ts';
import { macOf } from '../../protocol/mac.ts';
import { formatName, ROOT, type Name } from '../../protocol/name.ts';
import type { Policy } from '../../protocol/policy.ts';
import type { PrebuiltImage } from '../install.ts';
import { VERSION, type Written, type WrittenPolicy, type WrittenUnikernel } from './schema.ts';
import type { Observed, ObservedUnikernel } from './observed.ts';

const SECTOR = 512;

export interface Exporting {
  /** What is exported is at and below it, and named from there. */
  readonly scope: Name;
  readonly observed: Observed;
  /** The name of an image in the file, by its digest. */
  readonly imageOf: (digest: string) => string | undefined;
}

/** Those that are to run: one that was stopped, or has ended, is none. */
export const isToRun = ({ state }: ObservedUnikernel): boolean => state?.kind !== 'ended';

export const prebuiltNames =
  (prebuilt: readonly PrebuiltImage[]) =>
  (digest: string): string | undefined =>
    prebuilt.find(({ sha256 }) => sha256 === digest)?.file;

export function exported({ scope, observed, imageOf }: Exporting): Written {
  const relative = ({ path, label = '' }: Name): string =>
    [...path.slice(scope.path.length), ...(label === '' ? [] : [label])].join(':');
  const entries = <T>(all: readonly (readonly [string, T])[]): Record<string, T> | undefined =>
    all.length === 0 ? undefined : Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
  const policies = entries(
    [...observed.policies.values()]
      .filter(({ path }) => formatName(path) !== formatName(ROOT) && path.path.length >= scope.path.length)
      .map(({ path, policy }) => [relative(path) || '.', policyOf(policy)]),
  );
  const blocks = entries([...observed.blocks.values()].map(({ name, size }) => [relative(name), { size }]));
  const unikernels = entries(
    [...observed.unikernels.values()]
      .filter(isToRun)
      .map((one) => [relative(one.name), unikernelOf(one, imageOf)]),
  );
  return {
    version: VERSION,
    ...(scope.path.length === 0 ? {} : { path: scope.path.join(':') }),
    ...(policies ? { policies } : {}),
    ...(blocks ? { blocks } : {}),
    ...(unikernels ? { unikernels } : {}),
  };
}

function policyOf({ unikernels, memory, cpuids, bridges, block }: Policy): WrittenPolicy {
  const limit = (value: number): number | 'unlimited' => (value === Infinity ? 'unlimited' : value);
  return {
    unikernels: limit(unikernels),
    memory: limit(memory),
    cpus: [...cpuids],
    ...(bridges.length > 0 ? { bridges: [...bridges] } : {}),
    ...(block === undefined ? {} : { block: limit(block) }),
  };
}

function unikernelOf({ name, info }: ObservedUnikernel, imageOf: Exporting['imageOf']): WrittenUnikernel {
  const digest = Buffer.from(info.digest).toString('hex');
  const image = imageOf(digest);
  const { failBehaviour, startup = STARTUP_DEFAULT } = info;
  return {
    ...(image === undefined ? {} : { image }),
    digest,
    memory: info.memory,
    ...(info.arguments && info.arguments.length > 0 ? { arguments: [...info.arguments] } : {}),
    ...(info.bridges.length > 0
      ? {
          networks: Object.fromEntries(
            info.bridges.map(({ name: device, bridge, mac }) => [
              device,
              mac === macOf(name, device) ? bridge : { bridge, mac },
            ]),
          ),
        }
      : {}),
    ...(info.blocks.length > 0
      ? {
          blocks: Object.fromEntries(
            info.blocks.map(({ name: device, hostDevice, sectorSize }) => [
              device,
              sectorSize === SECTOR ? hostDevice : { block: hostDevice, sectorSize },
            ]),
          ),
        }
      : {}),
    restart:
      failBehaviour.kind === 'quit'
        ? 'no'
        : failBehaviour.value.length === 0
          ? 'always'
          : [...failBehaviour.value],
    ...(startup === STARTUP_DEFAULT ? {} : { startOrder: startup }),
    ...(info.cpuids.length > 0 ? { cpus: [...info.cpuids] } : {}),
  };
}

/** The text of the file; `schema` is where editors find what it may say. */
export const textOf = (written: Written, schema: string): string =>
  `# yaml-language-server: $schema=${schema}\n${stringify(written, { version: '1.2', lineWidth: 0, collectionStyle: 'any' })}`;
