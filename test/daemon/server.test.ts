// The daemon's socket, spoken to as Albatross's clients do.
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Blocks } from '../../runtime/daemon/blocks.ts';
import { Disk } from '../../runtime/daemon/disk.ts';
import { Service } from '../../runtime/daemon/handler.ts';
import { Orchestrator } from '../../runtime/daemon/orchestrator.ts';
import type { Ended } from '../../runtime/daemon/ended.ts';
import { listen, type Listening } from '../../runtime/daemon/server.ts';
import type { Adopted, Launcher } from '../../runtime/daemon/supervisor.ts';
import type { Command } from '../../runtime/protocol/command.ts';
import type { Config } from '../../runtime/protocol/config.ts';
import { Deframer, frame, STREAM_END } from '../../runtime/protocol/frame.ts';
import { decodeMessage, encodeMessage, type Payload } from '../../runtime/protocol/message.ts';
import type { Limits } from '../../runtime/protocol/limits.ts';
import { formatName, parseName, type Name } from '../../runtime/protocol/name.ts';
import type { Policy } from '../../runtime/protocol/policy.ts';
import { solo5Elf } from '../cli/solo5-elf.ts';
import { noise } from '../random.ts';
import { statisticsOf } from './sample.ts';
import { VECTORS } from '../protocol/vectors.ts';

const HOST: Policy = {
  cpuids: [0, 1],
  unikernels: Infinity,
  memory: 4096,
  block: 1000,
  bridges: ['service'],
};
/** Statistics that tell their subjects apart by a number. */
const counted = {
  look: () => (_: unknown, pid: number) => statisticsOf({ ticks: pid }),
  failed: (line: string) => log.push(line),
};
const IMAGE = solo5Elf({ target: 2 });

let folder: string;
let path: string;
let listening: Listening;
let log: string[];
let events: string[];
let applied: [string, Limits][];
/** None where the daemon has no control groups. */
let cgroups: { apply: (name: Name, limits: Limits) => void } | undefined;
let ends: ((ended: Ended) => void)[];
let refusal: string | undefined;
let adopted: Adopted;
let orchestrator: Orchestrator;

const launcher: Launcher = {
  start() {
    if (refusal !== undefined) return Promise.reject(new Error(refusal));
    const { promise, resolve } = Promise.withResolvers<Ended>();
    ends.push(resolve);
    return Promise.resolve({
      pid: 1000 + ends.length,
      since: new Date(),
      ended: promise,
      kill: (signal) => resolve({ signal }),
      leave: () => undefined,
    });
  },
  adopt: () => Promise.resolve(adopted),
  release: () => Promise.resolve(),
  sweep: () => Promise.resolve([]),
};

async function start(): Promise<void> {
  const { disk, remembered } = await Disk.open(join(folder, 'db'));
  const { blocks, found } = await Blocks.open(join(folder, 'blocks'), (line) => log.push(line));
  const ready = Promise.withResolvers<Orchestrator>();
  const service = new Service(ready.promise, counted, 20);
  orchestrator = new Orchestrator({
    cgroups,
    ...{ disk, remembered, launcher, blocks, found, reach: 'ancestors', host: () => Promise.resolve(HOST) },
    event: (subject, text) => {
      events.push(`${formatName(subject)} ${text}`);
      service.event(subject, text);
    },
    lines: (subject, lines) => service.lines(subject, lines),
  });
  await orchestrator.start();
  ready.resolve(orchestrator);
  listening = await listen(path, service.handler, (line) => log.push(line));
}

beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'kittiwake-server-'));
  path = join(folder, 'vmmd.sock');
  [log, events, ends, refusal, adopted] = [[], [], [], undefined, { kind: 'none' }];
  applied = [];
  cgroups = { apply: (name, limits) => applied.push([formatName(name), limits]) };
  await start();
});
afterEach(async () => {
  await listening.close();
  await orchestrator.leave();
  await fs.rm(folder, { recursive: true });
});

async function client(): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}

async function* received(socket: Socket): AsyncGenerator<ReturnType<typeof decodeMessage>, void> {
  const deframer = new Deframer();
  for await (const chunk of socket)
    for (const body of deframer.push(chunk as Buffer)) yield decodeMessage(body);
}

/** What comes back for `bytes`, until the daemon closes. */
async function exchanged(bytes: Uint8Array): Promise<ReturnType<typeof decodeMessage>[]> {
  const socket = await client();
  socket.write(bytes);
  const replies: ReturnType<typeof decodeMessage>[] = [];
  for await (const reply of received(socket)) replies.push(reply);
  return replies;
}

async function asked(name: string, command: Command): Promise<Payload | undefined> {
  const message = {
    sequence: 7n,
    name: parseName(name),
    payload: { kind: 'command', value: command },
  } as const;
  // After a policy the daemon waits for more; this says there is none.
  const [reply] = await exchanged(Buffer.concat([frame(encodeMessage(message)), STREAM_END]));
  if (reply) expect([reply.sequence, reply.name]).toEqual([7n, message.name]);
  return reply?.payload;
}

const config: Config = {
  typ: 'solo5',
  compressed: false,
  image: IMAGE,
  addName: true,
  failBehaviour: { kind: 'restart', value: [] },
  cpuids: [0],
  memory: 32,
  blocks: [],
  bridges: [],
  cpus: 1,
};
const create = (changes: Partial<Config> = {}): Command => ({
  kind: 'unikernel',
  value: { kind: 'create', value: { ...config, ...changes } },
});
const unikernel = (kind: 'info' | 'destroy'): Command => ({
  kind: 'unikernel',
  value: { kind },
});
const text = (value: string): Payload => ({ kind: 'success', value: { kind: 'text', value } });
const failure = (value: string): Payload => ({ kind: 'failure', value });

async function names(): Promise<string[]> {
  const reply = await asked(':', unikernel('info'));
  if (reply?.kind !== 'success' || reply.value.kind !== 'unikernels') throw new Error('no infos');
  return reply.value.value.map(({ name }) => `${name.path.join(':')}:${name.label}`);
}

test("answers an Albatross client's bytes with the same header", async () => {
  const [, info] = VECTORS;
  const replies = await exchanged(frame(Buffer.from(info?.[1] ?? '', 'hex')));
  expect(replies).toEqual([
    {
      sequence: 0n,
      name: { path: [] },
      payload: { kind: 'success', value: { kind: 'unikernels', value: [] } },
    },
  ]);
});

test('creates, lists, gives out and destroys a unikernel', async () => {
  expect(await asked('team:hello', create({ compressed: true, image: deflateSync(IMAGE) }))).toEqual(
    text('created unikernel'),
  );
  expect(await names()).toEqual(['team:hello']);
  expect(events).toEqual(['team:hello started, pid 1001']);
  expect(await asked('team:hello', { kind: 'unikernel', value: { kind: 'get', value: 0 } })).toEqual({
    kind: 'success',
    value: { kind: 'image', value: { compressed: false, data: new Uint8Array(IMAGE) } },
  });
  expect(await asked('team:hello', create())).toEqual(failure('Unikernel with same name is already running'));
  expect(await asked('team:hello', unikernel('destroy'))).toEqual(text('destroyed unikernel'));
  expect(await asked('team:hello', unikernel('destroy'))).toEqual(failure('destroy: not found'));
  expect(await names()).toEqual([]);
  expect(await fs.readdir(join(folder, 'db', 'images'))).toEqual([]);
});

describe('statistics', () => {
  const subscribe = (name: string): Uint8Array =>
    frame(
      encodeMessage({
        sequence: 9n,
        name: parseName(name),
        payload: { kind: 'command', value: { kind: 'stats', value: { kind: 'subscribe' } } },
      }),
    );
  const told = (name: string, ticks: number) => ({
    sequence: 0n,
    name: parseName(name),
    payload: { kind: 'data', value: { kind: 'statistics', value: statisticsOf({ ticks }) } },
  });

  test('come in the form Albatross has them, below the path that was asked for, and end with who asks no more', async () => {
    await asked('team:a', create());
    await asked('team:deep:b', create());
    await asked('other', create());
    expect(await exchanged(Buffer.concat([subscribe('team:'), STREAM_END]))).toEqual([
      { sequence: 9n, name: { path: ['team'] }, payload: text('subscribed') },
      told(':a', 1001),
      told('deep:b', 1002),
    ]);
    expect(await exchanged(Buffer.concat([subscribe('team:deep:b'), STREAM_END]))).toEqual([
      expect.objectContaining({ payload: text('subscribed') }),
      told(':b', 1002),
    ]);
  });

  test('go on for who listens, and tell of what begins later', async () => {
    const socket = await client();
    socket.write(subscribe('team:'));
    const messages = received(socket);
    expect(await messages.next()).toMatchObject({ value: { payload: text('subscribed') } });
    await asked('team:late', create());
    expect(await messages.next()).toEqual({ done: false, value: told(':late', 1001) });
    expect(await messages.next()).toEqual({ done: false, value: told(':late', 1001) });
    socket.destroy();
  });

  test('are not what daemons say to each other', async () => {
    expect(await asked('a', { kind: 'stats', value: { kind: 'remove' } })).toEqual(
      failure('stats remove: only daemons say that to each other'),
    );
  });
});

describe('limits', () => {
  const limit = (value: Limits): Command => ({ kind: 'kittiwake', value: { kind: 'limit', value } });
  const limited = (limits: Limits, replace = false): Command => ({
    kind: 'kittiwake',
    value: { kind: 'create', value: { config, replace, limits } },
  });
  const known = (name: string): Limits | undefined =>
    orchestrator.supervisor(parseName(name))?.unikernel.limits;
  const again = async (): Promise<void> => {
    await listening.close();
    await orchestrator.leave();
    await start();
  };

  test('are given at the start, stay when who knows nothing of them replaces it, and go with it', async () => {
    expect(await asked('a', limited({ cpuWeight: 200 }))).toEqual(text('created unikernel'));
    expect(known('a')).toEqual({ cpuWeight: 200 });
    expect(await asked('a', limited({ cpuWeight: 7 }))).toEqual(
      failure('Unikernel with same name is already running'),
    );
    await asked('a', { kind: 'unikernel', value: { kind: 'forceCreate', value: config } });
    expect(known('a')).toEqual({ cpuWeight: 200 });
    expect(await asked('a', limited({ cpuMax: 50 }, true))).toEqual(text('force created unikernel'));
    expect(known('a')).toEqual({ cpuMax: 50 });
    await asked('a', { kind: 'unikernel', value: { kind: 'restart', value: { kind: 'same' } } });
    expect(known('a')).toEqual({ cpuMax: 50 });
    await asked('a', unikernel('destroy'));
    await asked('a', create());
    expect(known('a')).toBeUndefined();
  });

  test('change while it runs, and are remembered over a restart of the daemon and after its end', async () => {
    await asked('a', create());
    expect(await asked('a', limit({ cpuMax: 50 }))).toEqual(text('limited unikernel'));
    expect(applied).toEqual([[':a', { cpuMax: 50 }]]);
    await again();
    expect(known('a')).toEqual({ cpuMax: 50 });
    await asked('a', { kind: 'kittiwake', value: { kind: 'stop' } });
    await asked('a', limit({ cpuWeight: 10 }));
    expect(applied).toHaveLength(1);
    await again();
    expect(orchestrator.supervisor(parseName('a'))?.state.kind).toBe('ended');
    expect(known('a')).toEqual({ cpuWeight: 10 });
  });

  test('that changed are those it is kept with when it ends by itself', async () => {
    await asked('a', create({ failBehaviour: { kind: 'quit' } }));
    await asked('a', limit({ cpuMax: 50 }));
    ends[0]?.({ status: 0 });
    await expect.poll(() => orchestrator.supervisor(parseName('a'))?.state.kind).toBe('ended');
    await again();
    expect(known('a')).toEqual({ cpuMax: 50 });
  });

  test('are refused where there are no control groups, but for none', async () => {
    cgroups = undefined;
    await again();
    const cause = failure(
      "limits: kittiwaked has no control groups; its log says why, its option '--cgroup' where",
    );
    expect(await asked('a', limited({ cpuWeight: 200 }))).toEqual(cause);
    expect(await asked('a', limited({}))).toEqual(text('created unikernel'));
    expect(await asked('a', limit({ cpuMax: 1 }))).toEqual(cause);
    expect(await asked('b', limit({}))).toEqual(failure('limit: not found'));
  });
});

test('after it was ended without a word, everything runs again', async () => {
  await asked('a', create({ startup: 60 }));
  await asked('b', create({ startup: 10 }));
  await listening.close();
  await orchestrator.leave();
  events = [];
  await start();
  expect((await names()).sort()).toEqual([':a', ':b']);
  expect(events.map((event) => event.split(' ')[0])).toEqual([':b', ':a']);
});

test('what cannot be started when the daemon begins is tried again, and is not forgotten', async () => {
  await asked('a', create());
  await listening.close();
  await orchestrator.leave();
  refusal = 'bridge service: there is none';
  await start();
  expect(await names()).toEqual([':a']);
  expect(events.at(-1)).toBe(':a could not be started: bridge service: there is none');
});

describe('refuses, with the reason', () => {
  const granted: Policy = { cpuids: [0], unikernels: 1, memory: 64, bridges: ['service'] };
  beforeEach(async () => {
    expect(await asked('team:', { kind: 'policy', value: { kind: 'add', value: granted } })).toEqual(
      text('added policy'),
    );
  });

  test.each<[string, string, Command, string]>([
    ['a CPU', 'team:x', create({ cpuids: [1] }), 'policy of team: does not allow CPU 1; it allows 0'],
    [
      'memory of an ancestor',
      'team:anna:x',
      create({ memory: 65 }),
      'policy of team: allows 64 MB of memory: 0 MB in use, 65 MB more wanted',
    ],
    [
      'more than the host has',
      'x',
      create({ memory: 4097 }),
      'policy of : allows 4096 MB of memory: 0 MB in use, 4097 MB more wanted',
    ],
    ['a path for a name', 'team:', create(), 'create: team: is a path; give a name'],
    ['no image', 'x', create({ image: new Uint8Array(0) }), 'create: there is no image'],
    [
      'an image that is not compressed',
      'x',
      create({ compressed: true }),
      'image: it is not compressed as it says (unknown compression method)',
    ],
    [
      'another kind of machine',
      'x',
      create({ typ: 'bhyve' }),
      'create: type bhyve does not run here; use solo5',
    ],
    [
      'a policy wider than its parent',
      'team:anna:',
      { kind: 'policy', value: { kind: 'add', value: { ...granted, memory: 65 } } },
      'policy of team:anna: policy of team: is exceeded: memory: 65 MB, of 64 MB allowed',
    ],
    ['the root its policy', ':', { kind: 'policy', value: { kind: 'remove' } }, 'unknown policy'],
    [
      'the root a policy',
      ':',
      { kind: 'policy', value: { kind: 'add', value: granted } },
      'policy of : is what the host has; give one to a path below',
    ],
    [
      'an image that is none',
      'x',
      create({ image: Buffer.from('hello') }),
      'image: not an ELF executable; an image is a file such as hello.hvt or hello.spt',
    ],
    [
      'a device the image does not want',
      'x',
      create({ bridges: [{ name: 'service' }] }),
      'network device service: the image wants none',
    ],
    [
      'what daemons say to each other',
      'x',
      { kind: 'stats', value: { kind: 'initial' } },
      'stats initial: only daemons say that to each other',
    ],
  ])('%s', async (_, name, command, cause) => {
    expect(await asked(name, command)).toEqual(failure(cause));
    expect(await names()).toEqual([]);
    expect(log).toEqual([]);
  });

  test('a start that fails, and nothing is left of it', async () => {
    refusal = 'tap: the host refused';
    expect(await asked('x', create())).toEqual(failure('tap: the host refused'));
    refusal = undefined;
    expect(await names()).toEqual([]);
    expect(await fs.readdir(join(folder, 'db', 'unikernels'))).toEqual([]);
  });
});

test('one that ends by itself is no longer listed, and is kept with how it ended, over a restart of the daemon', async () => {
  await asked('x', create({ failBehaviour: { kind: 'quit' } }));
  ends[0]?.({ status: 3 });
  await expect.poll(names).toEqual([]);
  const ended = {
    kind: 'success',
    value: {
      kind: 'states',
      value: [
        {
          name: { path: [], label: 'x' },
          state: { kind: 'ended', value: { why: 'ended with status 3' } },
          last: { kind: 'status', value: 3 },
        },
      ],
    },
  };
  const states: Command = { kind: 'kittiwake', value: { kind: 'states' } };
  expect(await asked(':', states)).toMatchObject(ended);
  await listening.close();
  await orchestrator.leave();
  await start();
  expect(await asked(':', states)).toMatchObject(ended);
  expect(ends).toHaveLength(1);
  expect(
    await asked('x', { kind: 'unikernel', value: { kind: 'restart', value: { kind: 'same' } } }),
  ).toEqual(text('restarted unikernel'));
  expect(await names()).toEqual([':x']);
});

test('what was stopped is kept, can be started again, and is gone once it is destroyed', async () => {
  await asked('x', create());
  expect(await asked('x', { kind: 'kittiwake', value: { kind: 'stop' } })).toEqual(text('stopped unikernel'));
  expect(await names()).toEqual([]);
  expect(await asked('x', { kind: 'kittiwake', value: { kind: 'stop' } })).toEqual(
    failure('stop: it does not run'),
  );
  expect(await asked('x', unikernel('destroy'))).toEqual(text('destroyed unikernel'));
  expect(await fs.readdir(join(folder, 'db', 'unikernels'))).toEqual([]);
  expect(await fs.readdir(join(folder, 'db', 'images'))).toEqual([]);
});

test('what ended while no daemon ran is started again, or kept, as it was to be', async () => {
  await asked('x', create({ failBehaviour: { kind: 'quit' } }));
  await asked('y', create());
  await listening.close();
  await orchestrator.leave();
  adopted = { kind: 'ended', ended: { status: 2 } };
  await start();
  await expect.poll(names).toEqual([':y']);
  expect(orchestrator.supervisor(parseName('x'))?.state.kind).toBe('ended');
  expect(orchestrator.supervisor(parseName('y'))?.state.kind).toBe('waiting');
});

test('a policy that a certificate had before it was lowered is not taken, and one above it limits it', async () => {
  const policy = (memory: number): Policy => ({ cpuids: [0], unikernels: 9, memory, bridges: [] });
  const grant = (name: string, memory: number, second: number): Promise<Payload | undefined> =>
    asked(name, {
      kind: 'kittiwake',
      value: { kind: 'grant', value: { policy: policy(memory), issued: new Date(second * 1000) } },
    });
  expect(await grant('team:', 64, 1)).toEqual(text('added policy'));
  expect(await grant('team:', 32, 2)).toEqual(text('added policy'));
  expect(await grant('team:', 64, 1)).toEqual(text('added policy'));
  const refused = failure('policy of team: allows 32 MB of memory: 0 MB in use, 33 MB more wanted');
  expect(await asked('team:x', create({ memory: 33 }))).toEqual(refused);
  expect(await grant('team:anna:', 33, 3)).toMatchObject({ kind: 'failure' });
  expect(await grant(':', 33, 3)).toMatchObject({ kind: 'failure' });
  // As it was, after the daemon's end.
  await listening.close();
  await start();
  expect(await grant('team:', 64, 1)).toEqual(text('added policy'));
  expect(await asked('team:x', create({ memory: 33 }))).toEqual(refused);
  expect(await asked('team:x', create({ memory: 32 }))).toEqual(text('created unikernel'));
});

test('beside a policy that was set here, a certificate counts that is issued after it, and none from before', async () => {
  const policy = (memory: number): Policy => ({ cpuids: [0], unikernels: 9, memory, bridges: [] });
  const second = (): number => Math.floor(Date.now() / 1000);
  /** As a certificate says it that is issued at `second`: it is valid from ten seconds before. */
  const grant = (memory: number, at: number): Promise<Payload | undefined> =>
    asked('team:', {
      kind: 'kittiwake',
      value: { kind: 'grant', value: { policy: policy(memory), issued: new Date((at - 10) * 1000) } },
    });
  const standing = async (): Promise<unknown> =>
    (await asked('team:', { kind: 'policy', value: { kind: 'info' } }))?.value;

  const before = second() - 1;
  await asked('team:', { kind: 'policy', value: { kind: 'add', value: policy(16) } });
  const after = second() + 1;
  await grant(64, before);
  expect(await standing()).toMatchObject({ value: [{ policy: { memory: 16 } }] });
  await grant(64, after);
  expect(await standing()).toMatchObject({ value: [{ policy: { memory: 64 } }] });
});

test('a block device is made, filled by a stream, given to a unikernel, read back and removed', async () => {
  const block = (value: Extract<Command, { kind: 'block' }>['value']): Command => ({ kind: 'block', value });
  expect(await asked('team:data', block({ kind: 'add', value: 1 }))).toEqual(text('added block device'));
  expect(await asked('team:data', block({ kind: 'add', value: 1 }))).toEqual(
    failure('block device with same name already exists'),
  );
  const message = (command: Command): Uint8Array =>
    frame(
      encodeMessage({
        sequence: 0n,
        name: parseName('team:data'),
        payload: { kind: 'command', value: command },
      }),
    );
  // What cannot be compressed makes the longest pieces.
  const bytes = noise(300_000);
  const sent = await exchanged(
    Buffer.concat([
      message(block({ kind: 'set', value: true })),
      frame(deflateSync(bytes).subarray(0, 500)),
      frame(deflateSync(bytes).subarray(500)),
      STREAM_END,
    ]),
  );
  expect(sent.map(({ payload }) => payload)).toEqual([text('set block device')]);
  const tooMuch = [message(block({ kind: 'set', value: false })), frame(Buffer.alloc(1_100_000)), STREAM_END];
  expect((await exchanged(Buffer.concat(tooMuch))).map(({ payload }) => payload)).toEqual([
    failure('block device team:data: the data is more than its 1 MB'),
  ]);
  // `albatross-client` has 64 kB for a compressed piece, and loses what is beyond.
  const compressed = await exchanged(message(block({ kind: 'dump', value: 1 })));
  for (const { payload } of compressed) {
    const { value } = payload.kind === 'data' ? payload.value : {};
    const piece = value as { kind?: string; value?: Uint8Array } | undefined;
    if (piece?.kind === 'piece') expect(piece.value?.length).toBeLessThanOrEqual(65_536);
  }
  const [header, ...dumped] = await exchanged(message(block({ kind: 'dump', value: 0 })));
  expect(header?.payload).toEqual({ kind: 'success', value: { kind: 'blockDump', value: false } });
  const pieces = dumped.map(({ payload }) => {
    if (payload.kind !== 'data' || payload.value.kind !== 'block') throw new Error('no block data');
    return payload.value.value;
  });
  expect(pieces.at(-1)).toEqual({ kind: 'end' });
  const read = Buffer.concat(pieces.flatMap((piece) => (piece.kind === 'piece' ? [piece.value] : [])));
  expect(read.equals(Buffer.concat([bytes, Buffer.alloc((1 << 20) - bytes.length)]))).toBe(true);

  const image = solo5Elf({ target: 2, devices: [{ name: 'data', type: 1 }] });
  expect(await asked('team:x', create({ image, blocks: [{ name: 'data' }] }))).toEqual(
    text('created unikernel'),
  );
  expect(await asked(':', block({ kind: 'info' }))).toEqual({
    kind: 'success',
    value: { kind: 'blocks', value: [{ name: parseName('team:data'), size: 1, inUse: true }] },
  });
  expect(await asked('team:data', block({ kind: 'remove' }))).toEqual(failure('remove block: is in use'));
  await asked('team:x', unikernel('destroy'));
  expect(await asked('team:data', block({ kind: 'remove' }))).toEqual(text('removed block'));
  expect(await fs.readdir(join(folder, 'blocks'))).toEqual([]);
});

test('lists have names from the path on that was asked about, and may be empty', async () => {
  const policy: Policy = { cpuids: [0], unikernels: 1, memory: 64, bridges: [] };
  const add: Command = { kind: 'policy', value: { kind: 'add', value: policy } };
  const info: Command = { kind: 'policy', value: { kind: 'info' } };
  const of = (...value: { name: ReturnType<typeof parseName>; policy: Policy }[]): Payload => ({
    kind: 'success',
    value: { kind: 'policies', value },
  });
  expect(await asked('team:', info)).toEqual(of());
  expect(await asked('team:', add)).toEqual(text('added policy'));
  expect(await asked('team:', add)).toEqual(text('no modification of policy'));
  expect(await asked('team:anna:', add)).toEqual(text('added policy'));
  expect(await asked('team:', info)).toEqual(
    of({ name: parseName(':'), policy }, { name: parseName('anna:'), policy }),
  );
  expect(await asked('team:anna:x', create())).toEqual(text('created unikernel'));
  const named = async (scope: string): Promise<unknown> => {
    const answer = await asked(scope, unikernel('info'));
    if (answer?.kind !== 'success' || answer.value.kind !== 'unikernels') throw new Error('no infos');
    return answer.value.value.map(({ name }) => formatName(name));
  };
  expect(await named('team:')).toEqual(['anna:x']);
  expect(await named('team:anna:')).toEqual([':x']);
  expect(await named('team:anna:x')).toEqual(['team:anna:x']);
  expect(await named(':')).toEqual(['team:anna:x']);
});

test('policies, then a command, on one connection', async () => {
  const policy: Policy = { cpuids: [0], unikernels: 1, memory: 64, bridges: [] };
  const message = (name: string, value: Command): Uint8Array =>
    frame(encodeMessage({ sequence: 0n, name: parseName(name), payload: { kind: 'command', value } }));
  const add: Command = { kind: 'policy', value: { kind: 'add', value: policy } };
  const replies = await exchanged(
    Buffer.concat([message('a:', add), message('a:b:', add), message('a:b:x', create())]),
  );
  expect(replies.map(({ payload }) => payload)).toEqual([
    text('added policy'),
    text('added policy'),
    text('created unikernel'),
  ]);
});

describe('closes the connection, and serves the next,', () => {
  test.each<[string, Uint8Array]>([
    ['after what is no message', frame(Buffer.from('hello'))],
    ['after another version', frame(Buffer.from(VECTORS[1]?.[1].replace('020105', '020104') ?? '', 'hex'))],
    ['after a reply', frame(Buffer.from(VECTORS[4]?.[1] ?? '', 'hex'))],
    ['after a frame that is too large', Buffer.from('7fffffff', 'hex')],
    ['after nothing', STREAM_END],
  ])('%s', async (_, bytes) => {
    expect(await exchanged(bytes)).toEqual([]);
    expect(await names()).toEqual([]);
  });

  test('when the client goes away in the middle', async () => {
    const socket = await client();
    socket.write(
      frame(
        encodeMessage({ sequence: 0n, name: parseName('x'), payload: { kind: 'command', value: create() } }),
      ).subarray(0, 40),
    );
    socket.destroy();
    expect(await names()).toEqual([]);
  });
});

test('is not taken over by a second daemon, but after one that was killed', async () => {
  await expect(
    listen(
      path,
      () => Promise.reject(new Error()),
      () => undefined,
    ),
  ).rejects.toThrow('another daemon serves there');
  expect((await fs.stat(path)).mode & 0o777).toBe(0o660);
});
