// Every message of the protocol, at random.
import fc, { type Arbitrary } from 'fast-check';
import type { Command } from '../../runtime/protocol/command.ts';
import type { Config, RestartArguments } from '../../runtime/protocol/config.ts';
import type { Data } from '../../runtime/protocol/data.ts';
import type { Message, Payload } from '../../runtime/protocol/message.ts';
import type { Name } from '../../runtime/protocol/name.ts';
import type { Policy } from '../../runtime/protocol/policy.ts';
import type { Info, Status, Success } from '../../runtime/protocol/reply.ts';
import type { Limits } from '../../runtime/protocol/limits.ts';

const kind = <const K extends string>(name: K) => fc.constant({ kind: name });
const of = <const K extends string, T>(name: K, value: Arbitrary<T>) =>
  fc.record({ kind: fc.constant(name), value });

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const bytes = fc.uint8Array({ maxLength: 300 });
const nat = fc.nat(1_000_000);
const int32 = fc.integer();
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const limit = fc.oneof(nat, fc.constant(Infinity), fc.constant(Number.MAX_SAFE_INTEGER));
const time = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((address) => [...address].map((byte) => byte.toString(16).padStart(2, '0')).join(':'));

/** Sets have no order on the wire: with one of them at most, what is read is what was written. */
const set = <T>(item: Arbitrary<T>) => fc.array(item, { maxLength: 1 });
const list = <T>(item: Arbitrary<T>) => fc.array(item, { maxLength: 4 });

const label = fc.stringMatching(/^[a-z0-9.][a-z0-9.-]{0,62}$/);
export const name: Arbitrary<Name> = fc.record({ path: list(label), label }, { requiredKeys: ['path'] });

export const policy: Arbitrary<Policy> = fc.record(
  { cpuids: list(fc.nat(64)), unikernels: limit, memory: limit, block: limit, bridges: list(text) },
  { requiredKeys: ['cpuids', 'unikernels', 'memory', 'bridges'] },
);

const typ = fc.constantFrom('solo5' as const, 'bhyve' as const);
const cpuids = fc.uniqueArray(fc.nat(127), { maxLength: 6 }).map((ids) => ids.sort((a, b) => a - b));
const failBehaviour = fc.oneof(kind('quit'), of('restart', cpuids));
const block = fc.record(
  { name: text, hostDevice: text, sectorSize: fc.integer({ min: 1, max: 65536 }) },
  { requiredKeys: ['name'] },
);
const bridge = fc.record({ name: text, bridge: text, mac }, { requiredKeys: ['name'] });
const started = {
  failBehaviour,
  startup: fc.nat(1000),
  addName: fc.boolean(),
  cpuids,
  memory: nat,
  blocks: set(block),
  bridges: set(bridge),
  arguments: list(text),
  cpus: fc.integer({ min: 1, max: 8 }),
  linuxBoot: text,
};
const present = ['failBehaviour', 'addName', 'cpuids', 'memory', 'blocks', 'bridges', 'cpus'] as const;
export const config: Arbitrary<Config> = fc.record(
  { typ, compressed: fc.boolean(), image: bytes, ...started },
  { requiredKeys: ['typ', 'compressed', 'image', ...present] },
);
const restartArguments: Arbitrary<RestartArguments> = fc.record(started, { requiredKeys: [...present] });

const level = fc.nat(9);
const limits: Arbitrary<Limits> = fc.record(
  { cpuWeight: fc.integer({ min: 1, max: 10_000 }), cpuMax: fc.integer({ min: 1, max: 100_000 }) },
  { requiredKeys: [] },
);

export const command: Arbitrary<Command> = fc.oneof(
  of(
    'console',
    fc.oneof(
      of('add', limit),
      of('subscribe', fc.oneof(of('since', time), of('count', nat))),
      kind('listInactive'),
    ),
  ),
  of(
    'stats',
    fc.oneof(
      of(
        'add',
        fc.record({
          vmmDevice: text,
          pid: fc.integer({ min: 1, max: 0x7fffffff }),
          taps: list(fc.record({ bridge: text, tap: text })),
        }),
      ),
      kind('remove'),
      kind('subscribe'),
      kind('initial'),
    ),
  ),
  of(
    'unikernel',
    fc.oneof(
      kind('destroy'),
      of('get', level),
      of('restart', fc.oneof(kind('same'), of('changed', restartArguments))),
      kind('info'),
      kind('infoV4'),
      kind('infoV5'),
      of('create', config),
      of('forceCreate', config),
    ),
  ),
  of('policy', fc.oneof(kind('info'), of('add', policy), kind('remove'))),
  of(
    'block',
    fc.oneof(
      kind('info'),
      of('add', nat),
      kind('remove'),
      of(
        'addWithData',
        fc.record(
          { size: nat, compressed: fc.boolean(), data: bytes },
          { requiredKeys: ['size', 'compressed'] },
        ),
      ),
      of('setWithData', fc.record({ compressed: fc.boolean(), data: bytes })),
      of('dumpWhole', level),
      of('dump', level),
      of('set', fc.boolean()),
    ),
  ),
  of(
    'kittiwake',
    fc.oneof(
      ...[kind('states'), kind('stop'), kind('events'), of('grant', fc.record({ policy, issued: time }))],
      of('create', fc.record({ config, replace: fc.boolean(), limits })),
      of('limit', limits),
    ),
  ),
);

const shown = {
  typ,
  failBehaviour,
  memory: nat,
  digest: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  blocks: set(fc.record({ name: text, hostDevice: text, sectorSize: nat, size: nat })),
  bridges: set(fc.record({ name: text, bridge: text, mac })),
  arguments: list(text),
  started: time,
};
const startup = fc.nat(1000);
const shownAlways = ['typ', 'failBehaviour', 'memory', 'digest', 'blocks', 'bridges', 'started'] as const;
const requiredKeys = [...shownAlways, 'cpuids' as const, 'cpus' as const];
const info: Arbitrary<Info> = fc.record(
  { ...shown, startup, cpuids, cpus: fc.integer({ min: 1, max: 8 }), linuxBoot: text },
  { requiredKeys },
);
/** Older forms know one CPU, and the oldest no order of start. */
const oneCpu = { cpuids: fc.nat(64).map((id) => [id]), cpus: fc.constant(1) };
const infoV5: Arbitrary<Info> = fc.record({ ...shown, startup, ...oneCpu }, { requiredKeys });
const infoV4: Arbitrary<Info> = fc.record({ ...shown, ...oneCpu }, { requiredKeys });
const table = (row: Arbitrary<Info>) => list(fc.record({ name, info: row }));
const image = fc.record({ compressed: fc.boolean(), data: bytes });

const status: Arbitrary<Status> = fc.record(
  {
    name,
    info,
    state: fc.oneof(
      of('running', fc.record({ pid: nat, since: time })),
      of('waiting', fc.record({ failures: nat, until: time })),
      of('ended', fc.record({ at: time, why: text })),
    ),
    last: fc.oneof(of('status', fc.nat(255)), of('signal', text)),
    limits,
  },
  { requiredKeys: ['name', 'info', 'state'] },
);

export const success: Arbitrary<Success> = fc.oneof(
  kind('empty'),
  of('text', text),
  of('policies', list(fc.record({ name, policy }))),
  of('blocks', list(fc.record({ name, size: nat, inUse: fc.boolean() }))),
  of('image', image),
  of('blockData', image),
  of('unikernelsV4', table(infoV4)),
  of('blockDump', fc.boolean()),
  of('unikernelsV5', table(infoV5)),
  of('inactiveConsoles', list(name)),
  of('unikernels', table(info)),
  of('states', list(status)),
);

const int64s = <const K extends string>(...names: K[]) =>
  Object.fromEntries(names.map((field) => [field, int64])) as Record<K, Arbitrary<bigint>>;
const micros = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });

const rusage = fc.record({
  utime: micros,
  stime: micros,
  ...int64s('maxrss', 'ixrss', 'idrss', 'isrss', 'minflt', 'majflt', 'nswap', 'inblock', 'outblock'),
  ...int64s('msgsnd', 'msgrcv', 'nsignals', 'nvcsw', 'nivcsw'),
});
const interfaceData = fc.record({
  bridge: text,
  ...{ flags: int32, sendLength: int32, maxSendLength: int32, sendDrops: int32, mtu: int32 },
  ...int64s('baudrate', 'inputPackets', 'inputErrors', 'outputPackets', 'outputErrors', 'collisions'),
  ...int64s('inputBytes', 'outputBytes', 'inputMcast', 'outputMcast', 'inputDropped', 'outputDropped'),
});
const memory = fc.record({
  ...int64s('vsize', 'rss', 'tsize', 'dsize', 'ssize', 'runtime'),
  cow: nat,
  start: micros,
});
const statistics = {
  rusage,
  interfaces: list(interfaceData),
  vmm: list(fc.record({ name: text, value: int64 })),
  memory,
};

export const data: Arbitrary<Data> = fc.oneof(
  of('statistics', fc.record(statistics, { requiredKeys: ['rusage', 'interfaces'] })),
  of('console', fc.record({ time, line: text })),
  of('block', fc.oneof(of('piece', bytes), kind('end'))),
  of('event', fc.record({ time, text })),
);

const payload: Arbitrary<Payload> = fc.oneof(
  of('command', command),
  of('success', success),
  of('failure', text),
  of('data', data),
);

export const message: Arbitrary<Message> = fc.record({ sequence: int64, name, payload });
