// Clients that mean harm: slow, many, large, malformed. What is served meanwhile, and what is held for them.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../../../runtime/daemon/http/serve.ts';
import { TCP_LIMITS } from '../../../runtime/daemon/http/tls.ts';
import { fractions } from '../../random.ts';
import { pems } from '../tls/world.ts';
import { ask, TcpWorld } from './tcp-world.ts';

let world: TcpWorld;
beforeEach(async () => {
  world = await TcpWorld.begin();
});
afterEach(() => world.end());

const LIMIT_MS = 60_000;

/** All that comes on a connection on which `text` was said, until it ends. */
async function say(port: number, ...pieces: (string | Buffer)[]): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  let heard = '';
  socket.on('data', (piece: Buffer) => (heard += piece.toString('latin1')));
  for (const piece of pieces) socket.write(piece);
  await once(socket, 'close');
  return heard;
}

const LINE = 'GET /v1/version HTTP/1.1\r\n';
const HOST = 'Host: localhost\r\n';

test('who is too slow with their headers is let go of', { timeout: LIMIT_MS }, async () => {
  const limits = { ...LIMITS, headersMs: 300 };
  const port = await world.listen(false, { limits });
  expect(await say(port, LINE)).toContain('408 Request Timeout');
  expect(await say(port)).toContain('408');
});

test('who is too slow with their handshake is let go of', { timeout: LIMIT_MS }, async () => {
  const port = await world.listen(true, { tcpLimits: { ...TCP_LIMITS, handshakeMs: 300 } });
  expect(await say(port)).toBe('');
  expect(await say(port, Buffer.from('160301', 'hex'))).toBe('');
});

test('who neither sends their body nor reads is let go of', { timeout: LIMIT_MS }, async () => {
  const token = await world.token('ci', ':', ['block', 'read']);
  const port = await world.listen(false, { limits: { ...LIMITS, idleMs: 300 } });
  const head = `PUT /v1/blocks/a HTTP/1.1\r\n${HOST}Authorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n`;
  await say(port, head, '{');
});

test.each([
  ['headers that are too many bytes', [LINE, HOST, `X: ${'a'.repeat(20_000)}\r\n\r\n`], '431'],
  ['no host', [LINE, '\r\n'], '400'],
  ['no HTTP', ['\x16\x03\x01\x02\x00\x01\x00'], '400'],
  ['two lengths', [LINE, HOST, 'Content-Length: 1\r\nContent-Length: 2\r\n\r\n'], '400'],
  ['a length and chunks', [LINE, HOST, 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'], '400'],
  ['a line that is folded', [LINE, HOST, 'X: a\r\n b\r\n\r\n'], '40'],
  [
    'a path that goes up',
    ['GET /v1/../../etc/passwd HTTP/1.1\r\n', HOST, 'Connection: close\r\n\r\n'],
    '401',
  ],
  ['a backslash', ['GET /v1\\x HTTP/1.1\r\n', HOST, 'Connection: close\r\n\r\n'], '40'],
  ['a URL of its own', ['GET http://evil/v1/version HTTP/1.1\r\n', HOST, 'Connection: close\r\n\r\n'], '40'],
  ['another host', [LINE, 'Host: evil.example\r\nConnection: close\r\n\r\n'], '403'],
  ['another host with a port of ours', [LINE, 'Host: evil.example:8080\r\nConnection: close\r\n\r\n'], '403'],
  ['a host in a host', [LINE, 'Host: localhost@evil\r\nConnection: close\r\n\r\n'], '40'],
  ['a page of another origin', [LINE, HOST, 'Origin: https://evil\r\nConnection: close\r\n\r\n'], '403'],
  ['no origin that can be named', [LINE, HOST, 'Origin: null\r\nConnection: close\r\n\r\n'], '403'],
  ['a picture on a page', [LINE, HOST, 'Sec-Fetch-Site: cross-site\r\nConnection: close\r\n\r\n'], '403'],
  ['CONNECT', ['CONNECT evil:80 HTTP/1.1\r\n', HOST, '\r\n'], ''],
  ['an upgrade', [LINE, HOST, 'Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n'], '40'],
  ['TRACE', ['TRACE /v1/version HTTP/1.1\r\n', HOST, 'Connection: close\r\n\r\n'], '40'],
])('%s', { timeout: LIMIT_MS }, async (_, pieces, status) => {
  const port = await world.listen(false, { limits: { ...LIMITS, headersMs: 2_000, idleMs: 2_000 } });
  const heard = await say(port, ...pieces);
  expect(heard.slice(0, 'HTTP/1.1 4'.length + 2)).toContain(status === '' ? '' : `HTTP/1.1 ${status}`);
  expect(heard).not.toContain('"version"');
});

test('a flood of one address is turned away, and leaves room for others', { timeout: LIMIT_MS }, async () => {
  const port = await world.listen(true, { tcpLimits: { ...TCP_LIMITS, perAddress: 4 } });
  const open: Socket[] = [];
  let turnedAway = 0;
  for (let count = 0; count < 40; count += 1) {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => undefined);
    socket.once('close', () => (turnedAway += 1));
    open.push(socket);
  }
  await expect.poll(() => turnedAway).toBe(36);
  for (const socket of open) socket.destroy();
  await expect.poll(() => turnedAway).toBe(40);
  const { status } = await ask(port, pems(world.root.certificate), '/v1/version');
  expect(status).toBe(401);
});

test('streams are limited for each token', { timeout: LIMIT_MS }, async () => {
  await world.memory.create('hello');
  const port = await world.listen(true, { turns: { streamsEach: 2 } });
  const root = pems(world.root.certificate);
  const path = '/v1/unikernels/hello/console/events';
  const headers = async (name: string): Promise<Record<string, string>> => ({
    Authorization: `Bearer ${await world.token(name, ':', ['console'])}`,
  });
  const [one, other] = [await headers('one'), await headers('other')];
  for (let count = 0; count < 2; count += 1) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    void ask(port, root, path, { headers: one, begun: () => resolve(undefined) }).catch(() => undefined);
    await promise;
  }
  const refused = await ask(port, root, path, { headers: one });
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '2']);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  void ask(port, root, path, { headers: other, begun: () => resolve(undefined) }).catch(() => undefined);
  await promise;
});

test('nothing is kept for who listens and does not read', { timeout: LIMIT_MS }, async () => {
  await world.memory.create('hello');
  const token = await world.token('ci', ':', ['console']);
  const port = await world.listen(false, { limits: { ...LIMITS, idleMs: 1_000 } });
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.write(
    `GET /v1/unikernels/hello/console/events HTTP/1.1\r\n${HOST}Authorization: Bearer ${token}\r\n\r\n`,
  );
  await once(socket, 'readable');
  const line = `${'x'.repeat(500)}\n`.repeat(200);
  let told = 0;
  // 100 MB, in whole: more than sockets hold, and the daemon keeps for who falls behind.
  for (let count = 0; count < 1_000; count += 1) {
    world.memory.print(':hello', line);
    await new Promise(setImmediate);
  }
  socket.on('data', ({ length }: Buffer) => (told += length));
  await closed;
  expect(told).toBeLessThan(50 << 20);
});

describe('a page', () => {
  test('of an origin that is allowed asks what may be asked, and reads the answer', async () => {
    const origin = 'https://console.example';
    const port = await world.listen(true, {}, [origin]);
    const root = pems(world.root.certificate);
    const asked = await ask(port, root, '/v1/unikernels', {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'PUT' },
    });
    expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([204, origin]);
    expect(asked.headers['access-control-allow-headers']).toContain('Authorization');
    const token = await world.token('ci', ':', ['read']);
    const headers = { Origin: origin, Authorization: `Bearer ${token}` };
    const got = await ask(port, root, '/v1/unikernels', { headers });
    expect([got.status, got.headers['access-control-allow-origin'], got.headers['vary']]).toEqual([
      200,
      origin,
      'Origin',
    ]);
    const other = await ask(port, root, '/v1/unikernels', {
      headers: { ...headers, Origin: 'https://evil' },
    });
    expect([other.status, other.headers['access-control-allow-origin']]).toEqual([403, undefined]);
  });
});

test(
  'whatever is said, it is answered or ended, and what comes after is answered',
  { timeout: LIMIT_MS },
  async () => {
    const token = await world.token('ci', ':', ['read', 'create', 'block', 'policy', 'console']);
    const port = await world.listen(false, { limits: { ...LIMITS, headersMs: 500, idleMs: 500 } });
    const next = fractions(2026);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
    const junk = (): string =>
      Array.from({ length: Math.floor(next() * 30) }, () => String.fromCharCode(next() * 256)).join('');
    const parts = [
      'GET',
      'PUT',
      'POST',
      ' ',
      '/v1/unikernels',
      '/v1/blocks/a',
      '/data',
      '%',
      '%00',
      '..',
      '?scope=',
      '\r\n',
      ' HTTP/1.1\r\n',
      HOST,
      'Content-Length: 5\r\n',
      'Transfer-Encoding: chunked\r\n',
      `Authorization: Bearer ${token}\r\n`,
      'Content-Type: application/json\r\n',
      '\r\n',
      '{"size":',
      '5\r\nhello\r\n',
      '\0',
      ':',
    ];
    const rounds = Array.from({ length: 150 }, async () => {
      const text = Array.from({ length: 3 + Math.floor(next() * 12) }, () =>
        next() < 0.15 ? junk() : pick(parts),
      ).join('');
      const whole =
        next() < 0.5
          ? `${pick(['GET', 'PUT', 'DELETE'])} /v1/${junk().replaceAll(/[\s\0-\x1f]/g, '')} HTTP/1.1\r\n${HOST}${text}`
          : text;
      await say(port, Buffer.from(whole, 'latin1'));
    });
    for (const round of rounds) await round;
    const good = await say(port, LINE, HOST, `Authorization: Bearer ${token}\r\nConnection: close\r\n\r\n`);
    expect(good).toContain('"api":"v1"');
    expect(world.memory.log.filter((line) => line.startsWith('failed'))).toEqual([]);
  },
);
