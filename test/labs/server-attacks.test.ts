// The lab server, attacked: by pages from elsewhere, by who guesses, by what is no message, and by floods.
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { createConnection } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { CONNECTION_LIMITS } from '../../labs/server/connection.ts';
import { CLOSE, FRAME_MAX } from '../../labs/server/protocol.ts';
import { seeded } from '../random.ts';
import { Client, type Claims } from './client.ts';
import { serve, TOKEN } from './fake.ts';

const limits = (connection: Partial<typeof CONNECTION_LIMITS>) => ({
  limits: { connection: { ...CONNECTION_LIMITS, ...connection } },
});

const spied = vi.spyOn(console, 'error').mockImplementation(() => undefined);
/** Whatever was tried, no secret is in what the server says to its operator. */
afterEach(() => {
  expect(JSON.stringify(spied.mock.calls)).not.toContain(TOKEN);
  spied.mockClear();
});

/** The status of the answer to a handshake that is refused. */
function refusedWith(port: number, claims: Claims): Promise<number | undefined> {
  const client = new Client(port, claims);
  return new Promise((resolve) => {
    client.socket.on('unexpected-response', (_, response) => resolve(response.statusCode));
    client.socket.on('open', () => resolve(101));
  });
}

test('pages from elsewhere do not connect, nor does who names no origin or another name of this machine', async () => {
  const { port } = await serve();
  const own = `127.0.0.1:${port}`;
  for (const origin of [
    undefined,
    'null',
    '',
    'http://evil.example',
    'http://127.0.0.1',
    `http://127.0.0.1:${port + 1}`,
    `https://${own}`,
    `http://${own}.evil.example`,
    `http://${own}@evil.example`,
    `http://localhost:${port}`,
    `http://${own}/`,
  ])
    expect([origin, await refusedWith(port, { origin })]).toEqual([origin, 403]);
  // A name that was pointed at this machine (DNS rebinding): page and server agree on it, and it is not ours.
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    `0.0.0.0:${port}`,
    `127.0.0.1`,
    `[::1]:${port}`,
  ])
    expect([host, await refusedWith(port, { host, origin: `http://${host}` })]).toEqual([host, 403]);
  expect(await refusedWith(port, { host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(
    101,
  );
});

test('other addresses take no upgrade, and a rebound name gets no page either', async () => {
  const { port } = await serve();
  for (const path of ['/', '/-/lab/', '/-/LAB', '/%2d/lab', '/-/lab%00', '//-/lab'])
    expect([path, await refusedWith(port, { path })]).toEqual([path, 403]);
  const status = (host: string, path: string, method = 'GET') =>
    new Promise<number | undefined>((resolve) => {
      request({ host: '127.0.0.1', port, path, method, headers: { Host: host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
  expect(await status(`127.0.0.1:${port}`, '/page')).toBe(200);
  expect(await status(`evil.example:${port}`, '/page')).toBe(421);
  expect(await status(`evil.example:${port}`, '/-/lab')).toBe(421);
  expect(await status(`127.0.0.1:${port}`, '/page', 'POST')).toBe(405);
});

test('without the token nobody gets in, and its beginning opens no more than another guess', async () => {
  const { port, readers } = await serve();
  for (const token of [TOKEN.slice(0, -1), `${TOKEN}A`, TOKEN.toLowerCase(), 'x', TOKEN.replace(/.$/, 'B')]) {
    const client = await new Client(port).open();
    client.say({ type: 'hello', token });
    expect(await client.end()).toBe(CLOSE.forbidden);
    expect(client.heard).toEqual([]);
  }
  const early = await new Client(port).open();
  early.say({ type: 'open', lab: 'fake/greeting' });
  expect(await early.end()).toBe(CLOSE.forbidden);
  const keys = await new Client(port).open();
  keys.type('ls\r');
  expect(await keys.end()).toBe(CLOSE.forbidden);
  expect(await readdir(readers)).toEqual([]);
});

test('who says nothing is not waited for, and who says hello twice is cut off', async () => {
  const { port } = await serve(limits({ helloMs: 50 }));
  expect(await (await new Client(port).open()).end()).toBe(CLOSE.late);
  const { client } = await Client.welcome(port, TOKEN);
  client.say({ type: 'hello', token: TOKEN });
  expect(await client.end()).toBe(CLOSE.forbidden);
});

test('a reader that is no reader of ours is a new one: no file is looked for where it says', async () => {
  const { port, readers } = await serve();
  for (const reader of ['../../../../etc/passwd', '..', '', 'a'.repeat(64), 'A'.repeat(22), '/etc/passwd']) {
    const { client, reader: given } = await Client.welcome(port, TOKEN, reader);
    expect(given).toMatch(/^[\w-]{22}$/);
    expect(given).not.toBe(reader);
    client.socket.close();
  }
  expect((await readdir(readers)).every((name) => /^[\w-]{22}\.json$/.test(name))).toBe(true);
});

test('labs and parts are those of the repository: no path, no command, no name of an object', async () => {
  const { port, machines } = await serve();
  const { client } = await Client.welcome(port, TOKEN);
  client.say({ type: 'run', part: 'first' });
  expect((await client.hear('refused')).what).toMatch(/no lab is open/);
  for (const lab of ['fake/nothing', 'constructor', 'proto', 'runner', 'vm/root']) {
    client.say({ type: 'open', lab });
    expect((await client.hear('refused')).what).toBe(
      `lab '${lab}': the handbook has no such lab; load the page again`,
    );
  }
  client.say({ type: 'open', lab: 'fake/greeting' });
  for (const type of ['run', 'start-at'] as const) {
    client.say({ type, part: 'fourth' });
    expect((await client.hear('refused')).what).toMatch(
      /^part 'fourth': lab 'fake\/greeting' has no such part/,
    );
  }
  expect(machines).toEqual([]);
  for (const message of [
    { type: 'open', lab: '../runner/state' },
    { type: 'open', lab: 'fake/greeting\0' },
    { type: 'open', lab: '__proto__' },
    { type: 'run', part: 'first; rm -rf /' },
    { type: 'run', part: 'first', commands: 'id' },
    { type: 'resize', cols: 1e9, rows: 24 },
    { type: 'resize', cols: 80.5, rows: 24 },
    { type: 'exec', commands: 'id' },
    { type: 'hello' },
    [],
    null,
    'text',
  ]) {
    const other = (await Client.welcome(port, TOKEN)).client;
    other.socket.send(JSON.stringify(message));
    expect([message, await other.end()]).toEqual([message, CLOSE.forbidden]);
  }
});

test('a frame too large, a flood of messages and one of keys end the connection, and no other', async () => {
  const { port } = await serve();
  const { client: quiet } = await Client.welcome(port, TOKEN);
  const large = (await Client.welcome(port, TOKEN)).client;
  large.socket.send(Buffer.alloc(FRAME_MAX + 1));
  expect(await large.end()).toBe(1009);
  const chatty = (await Client.welcome(port, TOKEN)).client;
  for (let index = 0; index < 1000; index++) chatty.say({ type: 'resize', cols: 80, rows: 24 });
  expect(await chatty.end()).toBe(CLOSE.flood);
  const typing = (await Client.welcome(port, TOKEN)).client;
  for (let index = 0; index < 40; index++) typing.socket.send(Buffer.alloc(FRAME_MAX));
  expect(await typing.end()).toBe(CLOSE.flood);
  quiet.say({ type: 'open', lab: 'fake/greeting' });
  expect(await quiet.run('first')).toMatchObject({ outcome: 'passed' });
});

test('connections are bounded: of strangers, of a reader, of all', async () => {
  const { port } = await serve({ limits: { strangers: 3, connectionsPerReader: 2, connections: 5 } });
  const strangers = await Promise.all([1, 2, 3].map(() => new Client(port).open()));
  expect(await refusedWith(port, {})).toBe(503);
  for (const stranger of strangers) stranger.socket.close();
  await Promise.all(strangers.map((stranger) => stranger.end()));
  const { client, reader } = await Client.welcome(port, TOKEN);
  await Client.welcome(port, TOKEN, reader);
  const third = await new Client(port).open();
  third.say({ type: 'hello', token: TOKEN, reader });
  expect(await third.end()).toBe(CLOSE.crowded);
  for (let index = 0; index < 3; index++) await Client.welcome(port, TOKEN);
  expect(await refusedWith(port, {})).toBe(503);
  client.say({ type: 'open', lab: 'fake/greeting' });
  expect(await client.run('first')).toMatchObject({ outcome: 'passed' });
});

test('readers are bounded, too', async () => {
  const { port } = await serve({ limits: { readers: 2 } });
  const { client } = await Client.welcome(port, TOKEN);
  await Client.welcome(port, TOKEN);
  const third = await new Client(port).open();
  third.say({ type: 'hello', token: TOKEN });
  expect(await third.end()).toBe(CLOSE.crowded);
  client.socket.close();
  await client.end();
  await expect.poll(() => Client.welcome(port, TOKEN)).toBeDefined();
});

test('who never reads holds the terminal up, and is cut off; the machine lives on', async () => {
  const { port, machines } = await serve(limits({ pingMs: 500 }));
  const { client, reader } = await Client.welcome(port, TOKEN);
  client.say({ type: 'open', lab: 'fake/greeting' });
  await client.run('first');
  const [machine] = machines;
  if (!machine) throw new Error('a machine was started');
  client.socket.pause();
  const screenful = Buffer.alloc(16 * 1024, 'x');
  await expect
    .poll(() => {
      for (let index = 0; index < 64 && !machine.held; index++) machine.purpose.onScreen(screenful);
      return machine.held;
    })
    .toBe(true);
  client.socket.terminate();
  await expect.poll(() => machine.held).toBe(false);
  const again = await Client.welcome(port, TOKEN, reader);
  expect(await again.client.hear('machine')).toMatchObject({ state: 'ready' });
});

test('who does not answer is cut off', async () => {
  const { port } = await serve(limits({ pingMs: 100 }));
  const { client } = await Client.welcome(port, TOKEN);
  client.socket.pong = () => undefined;
  (client.socket as unknown as { _autoPong: boolean })._autoPong = false;
  await client.end();
});

test('bytes that are no WebSocket end with their connection', async () => {
  const { port } = await serve();
  for (const bytes of [
    '\0\0\0\0',
    'GET /-/lab HTTP/1.1\r\nUpgrade: websocket\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ]) {
    const socket = createConnection(port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.write(bytes);
    await new Promise((resolve) => socket.on('close', resolve));
  }
});

test.each([1, 2, 3])('frames by chance do no harm (seed %i)', async (seed) => {
  const { port } = await serve();
  const { client: quiet } = await Client.welcome(port, TOKEN);
  const next = seeded(seed);
  const pick = <T>(items: readonly T[]): T => items[next(items.length)] as T;
  const values = [
    null,
    0,
    -1,
    1e308,
    '',
    'first',
    'fake/greeting',
    TOKEN,
    [],
    {},
    'a'.repeat(5000),
    '\u0000',
    true,
  ];
  const types = ['hello', 'open', 'run', 'start-at', 'reset', 'stop', 'resize', 'toString', '__proto__'];
  const keys = ['token', 'reader', 'lab', 'part', 'cols', 'rows', 'constructor'];
  for (let turn = 0; turn < 40; turn++) {
    const { client } = await Client.welcome(port, TOKEN);
    for (let frame = 0; frame < 20 && !client.closed; frame++) {
      const kind = next(4);
      if (kind === 0) client.socket.send(Buffer.from(Array.from({ length: next(200) }, () => next(256))));
      else if (kind === 1)
        client.socket.send(Buffer.from(Array.from({ length: next(200) }, () => next(256))).toString());
      else {
        const message = {
          type: pick(types),
          [pick(keys)]: pick(values),
          ...(next(2) && { [pick(keys)]: pick(values) }),
        };
        const text = JSON.stringify(message);
        client.socket.send(next(8) === 0 ? text.slice(0, next(text.length)) : text);
      }
    }
    client.socket.close();
    await client.end();
  }
  quiet.say({ type: 'open', lab: 'fake/greeting' });
  expect(await quiet.run('first')).toMatchObject({ outcome: 'passed' });
});
