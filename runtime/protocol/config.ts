// What a unikernel is started with: on the wire at create and at restart, and in Albatross's state file.
import {
  choice,
  defaulted,
  explicit,
  listed,
  mapped,
  older,
  optional,
  sequence,
  sequenceOf,
  setOf,
} from './der/compose.ts';
import type { Codec, Of } from './der/codec.ts';
import { boolean, integer, nothing, octets, text } from './der/primitives.ts';
import { cpuid } from './policy.ts';

/** The order unikernels are started in where nothing else is said; lower goes first. */
export const STARTUP_DEFAULT = 50;

export const mac: Codec<string> = mapped(
  octets('MAC address', 6),
  (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
  (written) => Uint8Array.from(written.split(':'), (byte) => Number.parseInt(byte, 16)),
);

const block = sequence('block device', {
  /** In the unikernel's manifest. */
  name: text('block device name'),
  /** The device of the host, in the unikernel's path; absent: of the same name. */
  hostDevice: optional(text('host device')),
  /** Bytes. */
  sectorSize: optional(integer('sector size', 1)),
});

const bridge = sequence('network device', {
  /** In the unikernel's manifest. */
  name: text('network device name'),
  /** The host's interface; absent: of the same name. */
  bridge: optional(text('bridge')),
  mac: optional(mac),
});

export type BlockDevice = Of<typeof block>;
export type NetworkDevice = Of<typeof bridge>;

export const typ = mapped(
  choice('type', { solo5: [0, nothing], bhyve: [1, nothing] }),
  ({ kind }) => kind,
  (kind) => ({ kind }),
);

/** Ends with what it did, or is started again: after any of these statuses, or after those that mean a fault where there are none. */
export const failBehaviour = choice('fail behaviour', {
  quit: [0, nothing],
  restart: [1, setOf('exit statuses', integer('exit status', 0, 255))],
});

/** MB. */
const memory = integer('memory', 0, 2 ** 30);
const startup = optional(integer('startup', 0));
const cpuids = setOf('CPUs', cpuid);
const blocks = listed(explicit(0, setOf('block devices', block)));
const bridges = listed(explicit(1, setOf('network devices', bridge)));
const argv = optional(explicit(2, sequenceOf('arguments', text('argument'))));
const cpus = defaulted(explicit(3, integer('virtual CPUs', 1, 1024)), 1, () => false);
const linuxBoot = optional(explicit(4, text('boot device')));
/** What all forms have, in this order. */
const needs = { memory, blocks, bridges, arguments: argv };
const image = { typ, compressed: boolean('compressed'), image: octets('image') };

export const config = sequence('unikernel', () => ({
  ...image,
  startup,
  /** Its name is its first argument, `--name=`. */
  addName: boolean('add name'),
  failBehaviour,
  cpuids,
  ...needs,
  cpus,
  linuxBoot,
}));
export type Config = Of<typeof config>;

const configV4 = older(
  sequence('unikernel (older form)', () => ({
    ...image,
    startup,
    addName: boolean('add name'),
    failBehaviour,
    cpuid,
    ...needs,
  })),
  ({ cpuid: only, ...rest }): Config => ({ ...rest, cpuids: [only], cpus: 1 }),
);

const configV3 = older(
  sequence('unikernel (oldest form)', () => ({
    ...image,
    failBehaviour,
    cpuid,
    ...needs,
  })),
  ({ cpuid: only, ...rest }): Config => ({ ...rest, addName: true, cpuids: [only], cpus: 1 }),
);

/** A restart with other arguments: what a configuration says, but for the image. */
export const restartArguments = sequence('arguments', () => ({
  failBehaviour,
  startup,
  addName: boolean('add name'),
  cpuids,
  ...needs,
  cpus,
  linuxBoot,
}));
export type RestartArguments = Of<typeof restartArguments>;

const argumentsV1 = older(
  sequence('arguments (older form)', () => ({
    failBehaviour,
    startup,
    addName: boolean('add name'),
    cpuid,
    ...needs,
  })),
  ({ cpuid: only, ...rest }): RestartArguments => ({ ...rest, cpuids: [only], cpus: 1 }),
);

const argumentsV0 = older(
  sequence('arguments (oldest form)', () => ({
    failBehaviour,
    cpuid,
    ...needs,
  })),
  ({ cpuid: only, ...rest }): RestartArguments => ({ ...rest, addName: true, cpuids: [only], cpus: 1 }),
);

/** Forms of a configuration, the one that is written first. */
export const configForms = { current: config, v4: configV4, v3: configV3 } as const;

export const restart = choice('restart', () => ({
  same: [0, nothing],
  changed: [3, restartArguments, [2, argumentsV1], [1, argumentsV0]],
}));
