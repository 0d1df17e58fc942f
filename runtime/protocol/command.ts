// What a client asks for.
import { choice, sequence, sequenceOf } from './der/compose.ts';
import type { Of } from './der/codec.ts';
import { boolean, integer, limit, nothing, octets, text, time } from './der/primitives.ts';
import { configForms, restart, type Config } from './config.ts';
import { limits } from './limits.ts';
import { policy } from './policy.ts';

/** The version of the protocol spoken here, in messages and in certificates. */
export const VERSION = 5;

/** How hard to compress: 0 is not at all, 9 is most (RFC 1950). */
const level = integer('compression level', 0, 9);
/** MB. */
const size = integer('size', 0, 2 ** 40);

const since = choice('console', { since: [0, time('since')], count: [1, integer('count')] });

const consoleCommand = choice('console command', () => ({
  /** Between daemons: there will be this many unikernels at most below the path. */
  add: [0, limit('unikernels')],
  subscribe: [2, since],
  listInactive: [3, nothing],
}));

const statsCommand = choice('statistics command', () => ({
  /** Between daemons. */
  add: [
    0,
    sequence('process', {
      vmmDevice: text('vmm device'),
      pid: integer('pid', 1, 0x7fffffff),
      taps: sequenceOf('taps', sequence('tap', { bridge: text('bridge'), tap: text('tap') })),
    }),
  ],
  /** Between daemons. */
  remove: [1, nothing],
  subscribe: [2, nothing],
  /** Between daemons. */
  initial: [3, nothing],
}));

const unikernelCommand = choice('unikernel command', () => ({
  destroy: [3, nothing],
  /** The image, at a level of compression. */
  get: [11, level],
  restart: [14, restart],
  /** Asked by older clients; each is answered in its own form. */
  infoV4: [15, nothing],
  infoV5: [18, nothing],
  info: [19, nothing],
  create: [20, configForms.current, [16, configForms.v4], [9, configForms.v3]],
  /** Create, in place of the one of that name. */
  forceCreate: [21, configForms.current, [17, configForms.v4], [10, configForms.v3]],
}));

const policyCommand = choice('policy command', () => ({
  info: [0, nothing],
  add: [1, policy],
  remove: [2, nothing],
}));

const blockCommand = choice('block command', () => ({
  info: [0, nothing],
  /** An empty one. */
  add: [1, size],
  remove: [2, nothing],
  /** Older clients: with all of its data. */
  addWithData: [
    3,
    sequence('block device', {
      size,
      compressed: boolean('compressed'),
      data: { optional: octets('data') },
    }),
  ],
  setWithData: [4, sequence('block device', { compressed: boolean('compressed'), data: octets('data') })],
  dumpWhole: [5, level],
  /** As a stream of data messages. */
  dump: [6, level],
  /** Data follows in raw frames; whether it is compressed. */
  set: [7, boolean('compressed')],
}));

/** What Albatross does not have. Its servers close the connection without an answer. */
const kittiwakeCommand = choice('kittiwake command', {
  /** All there are at and below the name, those that ended among them, and how they are. */
  states: [0, nothing],
  /** Ends a unikernel, and keeps it, to be started again by a restart. */
  stop: [1, nothing],
  /** What happens at and below the name from now on. */
  events: [2, nothing],
  /** Between daemons: the policy of a certificate for the path, and when that was issued. */
  grant: [3, sequence('grant', () => ({ policy, issued: time('issued') }))],
  /** Create, or in place of the one of that name, with limits that a configuration has no room for. */
  create: [
    4,
    sequence('creation', () => ({ config: configForms.current, replace: boolean('replace'), limits })),
  ],
  /** Other limits for a unikernel, from now on. */
  limit: [5, limits],
});

export const command = choice('command', {
  console: [0, consoleCommand],
  stats: [1, statsCommand],
  unikernel: [3, unikernelCommand],
  policy: [4, policyCommand],
  block: [5, blockCommand],
  /** The last number of one byte: far from where Albatross's grow. */
  kittiwake: [30, kittiwakeCommand],
});
export type Command = Of<typeof command>;

/** What a unikernel is to be, in a command that creates one; undefined in every other. */
export function configOf({ kind, value }: Command): Config | undefined {
  if (kind === 'unikernel' && (value.kind === 'create' || value.kind === 'forceCreate')) return value.value;
  return kind === 'kittiwake' && value.kind === 'create' ? value.value.config : undefined;
}

/** `command`, with `image` in place of its own where it creates a unikernel. */
export function withImage(command: Command, image: Uint8Array): Command {
  const { kind, value } = command;
  if (kind === 'unikernel' && (value.kind === 'create' || value.kind === 'forceCreate'))
    return { kind, value: { kind: value.kind, value: { ...value.value, image } } };
  if (kind === 'kittiwake' && value.kind === 'create')
    return {
      kind,
      value: { kind: 'create', value: { ...value.value, config: { ...value.value.config, image } } },
    };
  return command;
}

/** The socket that answers `command`, in Albatross's division of labour. */
export function socketOf({ kind }: Command): string {
  return kind === 'console' ? 'console.sock' : kind === 'stats' ? 'stat.sock' : 'vmmd.sock';
}
