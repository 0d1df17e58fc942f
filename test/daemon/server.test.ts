// The daemon's socket, spoken to as Albatross's clients do.
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Disk } from '../../runtime/daemon/disk.ts';
import { Orchestrator } from '../../runtime/daemon/orchestrator.ts';
import type { Ended } from '../../runtime/daemon/restart.ts';
import { listen, type Listening } from '../../runtime/daemon/server.ts';
import type { Launcher } from '../../runtime/daemon/supervisor.ts';
import type { Command } from '../../runtime/protocol/command.ts';
import type { Config } from '../../runtime/protocol/config.ts';
import { Deframer, frame, STREAM_END } from '../../runtime/protocol/frame.ts';
import { decodeMessage, encodeMessage, type Payload } from '../../runtime/protocol/message.ts';
import { parseName } from '../../runtime/protocol/name.ts';
import type { Policy } from '../../runtime/protocol/policy.ts';
import { VECTORS } from '../protocol/vectors.ts';

const HOST: Policy = {
  cpuids: [0, 1],
  unikernels: Infinity,
  memory: 4096,
  block: 1000,
  bridges: ['service'],
};
const IMAGE = Buffer.from('\x7fELF, as it were');

let folder: string;
let path: string;
let listening: Listening;
let log: string[];
let events: string[];
let ends: ((ended: Ended) => void)[];
let refusal: string | undefined;
let orchestrator: Orchestrator;

const launcher: Launcher = {
  start() {
    if (refusal !== undefined) return Promise.reject(new Error(refusal));
    const { promise, resolve } = Promise.withResolvers<Ended>();
    ends.push(resolve);
    return Promise.resolve({
      pid: 1000 + ends.length,
      ended: promise,
      kill: (signal) => resolve({ signal }),
    });
  },
};

async function start(): Promise<void> {
  const { disk, remembered } = await Disk.open(join(folder, 'db'));
  orchestrator = new Orchestrator({
    ...{ disk, remembered, launcher, reach: 'ancestors', host: HOST },
    event: (subject, text) => events.push(`${subject} ${text}`),
    lines: () => undefined,
  });
  await orchestrator.start();
  const handler = ({ name, payload }: ReturnType<typeof decodeMessage>) => {
    if (payload.kind !== 'command') throw new Error('not a command');
    return orchestrator.execute(name, payload.value);
  };
  listening = await listen(path, handler, (line) => log.push(line));
}

beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'kittiwake-server-'));
  path = join(folder, 'vmmd.sock');
  [log, events, ends, refusal] = [[], [], [], undefined];
  await start();
});
afterEach(async () => {
  await listening.close();
  await orchestrator.stop();
  await fs.rm(folder, { recursive: true });
});

async function client(): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}

/** What comes back for `bytes`, until the daemon closes. */
async function exchanged(bytes: Uint8Array): Promise<ReturnType<typeof decodeMessage>[]> {
  const socket = await client();
  socket.write(bytes);
  const deframer = new Deframer();
  const replies: ReturnType<typeof decodeMessage>[] = [];
  for await (const chunk of socket)
    for (const body of deframer.push(chunk as Buffer)) replies.push(decodeMessage(body));
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

test('after it was ended without a word, everything runs again', async () => {
  await asked('a', create({ startup: 60 }));
  await asked('b', create({ startup: 10 }));
  await listening.close();
  events = [];
  await start();
  expect((await names()).sort()).toEqual([':a', ':b']);
  expect(events.map((event) => event.split(' ')[0])).toEqual([':b', ':a']);
});

test('what cannot be started when the daemon begins is tried again, and is not forgotten', async () => {
  await asked('a', create());
  await listening.close();
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
      'what belongs to another socket',
      'x',
      { kind: 'stats', value: { kind: 'subscribe' } },
      'stats: not a command of this socket',
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

test('one that ends by itself and is not to be started again is gone from the list and the disk', async () => {
  await asked('x', create({ failBehaviour: { kind: 'quit' } }));
  ends[0]?.({ status: 0 });
  await expect.poll(names).toEqual([]);
  expect(await fs.readdir(join(folder, 'db', 'unikernels'))).toEqual([]);
  expect(orchestrator.supervisor(parseName('x'))?.state).toMatchObject({
    kind: 'ended',
    why: 'ended with status 0',
  });
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
