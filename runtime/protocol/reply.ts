// What a daemon answers when a command succeeded.
import {
  choice,
  explicit,
  defaulted,
  listed,
  optional,
  sequence,
  sequenceOf,
  setOf,
  mapped,
} from './der/compose.ts';
import type { Codec, Of } from './der/codec.ts';
import { boolean, integer, nothing, octets, text, time } from './der/primitives.ts';
import { failBehaviour, mac, typ } from './config.ts';
import { name } from './name-codec.ts';
import { limits } from './limits.ts';
import { cpuid, policy } from './policy.ts';

const EPOCH = new Date(0);

const block = sequence('block device', {
  name: text('block device name'),
  hostDevice: text('host device'),
  sectorSize: integer('sector size'),
  /** MB; 0 where it is not known. */
  size: integer('size'),
});
const bridge = sequence('network device', { name: text('network device name'), bridge: text('bridge'), mac });

/** MB. */
const memory = integer('memory');
const tail = () => ({
  memory,
  /** SHA-256 of the image, uncompressed. */
  digest: octets('digest'),
  blocks: listed(explicit(0, setOf('block devices', block))),
  bridges: listed(explicit(1, setOf('network devices', bridge))),
  arguments: optional(explicit(2, sequenceOf('arguments', text('argument')))),
  started: defaulted(explicit(3, time('started')), EPOCH, (started) => started.getTime() === 0),
});
const startup = optional(integer('startup', 0));

export const info = sequence('unikernel', () => ({
  typ,
  startup,
  failBehaviour,
  cpuids: setOf('CPUs', cpuid),
  ...tail(),
  cpus: defaulted(explicit(4, integer('virtual CPUs', 1)), 1, () => false),
  linuxBoot: optional(explicit(5, text('boot device'))),
}));
export type Info = Of<typeof info>;

/** Older forms have room for one CPU: a unikernel of several is shown with its first. */
const infoV5: Codec<Info> = mapped(
  sequence('unikernel (older form)', () => ({ typ, startup, failBehaviour, cpuid, ...tail() })),
  ({ cpuid: only, ...rest }): Info => ({ ...rest, cpuids: [only], cpus: 1 }),
  ({ cpuids, ...rest }) => ({ ...rest, cpuid: cpuids[0] ?? 0 }),
);
const infoV4: Codec<Info> = mapped(
  sequence('unikernel (oldest form)', () => ({ typ, failBehaviour, cpuid, ...tail() })),
  ({ cpuid: only, ...rest }): Info => ({ ...rest, cpuids: [only], cpus: 1 }),
  ({ cpuids, ...rest }) => ({ ...rest, cpuid: cpuids[0] ?? 0 }),
);

const table = (
  form: Codec<Info>,
): Codec<readonly { readonly name: Of<typeof name>; readonly info: Info }[]> =>
  sequenceOf('unikernels', sequence('entry', { name, info: form }));

/** How a process ended: by itself with a status, or by a signal. */
export const end = choice('end', {
  status: [0, integer('exit status', 0, 255)],
  signal: [1, text('signal')],
});

/** A unikernel and how it is: what an info does not say. */
const status = sequence('status', () => ({
  name,
  info,
  state: choice('state', {
    running: [0, sequence('running', { pid: integer('pid'), since: time('since') })],
    /** It is started again. */
    waiting: [1, sequence('waiting', { failures: integer('failures'), until: time('until') })],
    /** It stays as it is, until it is asked for. */
    ended: [2, sequence('ended', { at: time('ended at'), why: text('why') })],
  }),
  /** How it ended the last time. */
  last: optional(explicit(0, end)),
  /** Whether its name is its first argument: an info does not say. */
  addName: optional(explicit(1, boolean('add name'))),
  limits: optional(explicit(2, limits)),
}));
export type Status = Of<typeof status>;

const compressedBytes = (what: string) =>
  sequence(what, { compressed: boolean('compressed'), data: octets(what) });

export const success = choice('success', {
  empty: [0, nothing],
  text: [1, text('text')],
  policies: [2, sequenceOf('policies', sequence('entry', { name, policy }))],
  blocks: [
    4,
    sequenceOf(
      'block devices',
      /** MB. */
      sequence('entry', { name, size: integer('size'), inUse: boolean('in use') }),
    ),
  ],
  image: [6, compressedBytes('image')],
  blockData: [7, compressedBytes('block device')],
  unikernelsV4: [9, table(infoV4)],
  /** Data messages follow; whether they are compressed. */
  blockDump: [10, boolean('compressed')],
  unikernelsV5: [11, table(infoV5)],
  inactiveConsoles: [12, sequenceOf('consoles', name)],
  unikernels: [13, table(info)],
  /** To the kittiwake command of that name. */
  states: [30, sequenceOf('states', status)],
});
export type Success = Of<typeof success>;
