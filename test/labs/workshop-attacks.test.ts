// A workshop, attacked by who sits in the same network: codes by the dozen, forms that never end, names that are none, other people's seats,
// and the presenter's chair.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { CLOSE } from '../../labs/server/protocol.ts';
import { JOIN_PATH, PRESENTER_PATH } from '../../labs/server/workshop/protocol.ts';
import { Client } from './client.ts';
import { CODE, form, join, post, Presenter, SECRET, serveWorkshop, sitDown } from './room.ts';

const spied = vi.spyOn(console, 'error').mockImplementation(() => undefined);
/** Whatever was tried, no secret is in what the server says to its operator. */
afterEach(() => {
  expect(JSON.stringify(spied.mock.calls)).not.toMatch(new RegExp(`${SECRET}|${CODE}`));
  spied.mockClear();
});

const TOKEN = /^[\w-]{22}$/;

/** The status a presenter's handshake is answered with. */
function presenterGets(
  port: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const { socket } = new Presenter(port, headers);
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_, response) => resolve(response.statusCode));
    socket.on('open', () => resolve(101));
  });
}

test('a form is taken from the own page only: not from another origin, nor by another name, nor without an origin', async () => {
  const { port } = await serveWorkshop();
  const own = `127.0.0.1:${port}`;
  for (const origin of [
    undefined,
    'null',
    '',
    'http://evil.example',
    `http://localhost:${port}`,
    `https://${own}`,
  ])
    expect([origin, (await post(port, { body: form('Anna'), headers: { Origin: origin } })).status]).toEqual([
      origin,
      403,
    ]);
  for (const host of ['evil.example', `evil.example:${port}`])
    expect(
      (await post(port, { body: form('Anna'), headers: { Host: host, Origin: `http://${host}` } })).status,
    ).toBe(421);
  expect(await join(port, 'Anna')).toMatch(TOKEN);
});

test('what is no such form is refused before it is read, or as soon as it is too long', async () => {
  const { port } = await serveWorkshop();
  const status = async (body: string, headers = {}, method = 'POST') =>
    (await post(port, { body, headers, method })).status;
  for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/json', undefined])
    expect(await status(form('Anna'), { 'Content-Type': type })).toBe(415);
  expect(await status(form('Anna'), {}, 'PUT')).toBe(405);
  expect(await status(form('A'.repeat(1200)))).toBe(413);
  expect(await status(form('A'.repeat(1200)), { 'Transfer-Encoding': 'chunked' })).toBe(413);
  for (const body of [
    '',
    'code=a',
    'name=a',
    `${form('a')}&name=b`,
    `${form('a')}&seat=1`,
    'code[]=a&name=b',
  ])
    expect([body, await status(body)]).toEqual([body, 400]);
  expect(await status('code=%ff%fe&name=%00')).toBe(303);
});

test('names are names: no control characters, no changes of direction, no markup, no tower of accents', async () => {
  const { port } = await serveWorkshop({ seats: 20 });
  for (const name of [
    '',
    '   ',
    'a'.repeat(33),
    'An\u0000na',
    'An\nna',
    '\u202eannA',
    'An\u2066na',
    'An\u200bna',
    '<b>Anna</b>',
    'Anna & Ben',
    '😀',
    '-Anna',
    "'; --",
    `a${'\u0301'.repeat(20)}`,
    '../../etc',
  ])
    expect([name, await join(port, name)]).toEqual([name, 'name']);
  for (const name of ["O'Neil", 'Jean-Luc', 'J. R.', 'Zoë', 'Zoe\u0308', 'रीता', '3PO', 'x'.repeat(32)])
    expect([name, await join(port, name)]).toEqual([name, expect.stringMatching(TOKEN)]);
});

test('a code is not guessed: from one address after ten no other is looked at, the right one neither', async () => {
  const { port } = await serveWorkshop();
  for (let guess = 0; guess < 10; guess++)
    expect(await join(port, 'Eve', `gull-${guess}`)).toBe('wrong-code');
  for (const code of ['gull-9999', CODE]) expect(await join(port, 'Eve', code)).toBe('too-fast');
  // Who sits elsewhere is not held up by that.
  expect(await join(port, 'Anna', CODE, '127.0.0.2')).toMatch(TOKEN);
});

test('from many addresses neither: altogether it is forty, and those who have joined go on', async () => {
  const { port } = await serveWorkshop();
  const anna = await sitDown(port, 'Anna');
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, guess) => join(port, 'Eve', `gull-${guess}`, `127.0.1.${guess + 1}`)),
  );
  expect(answers.filter((answer) => answer === 'wrong-code').length).toBeLessThanOrEqual(42);
  expect(answers.at(-1)).toBe('too-fast');
  expect(await join(port, 'Ben', CODE, '127.0.2.1')).toBe('too-fast');
  anna.say({ type: 'open', lab: 'fake/greeting' });
  expect(await anna.run('first')).toMatchObject({ outcome: 'passed' });
});

test('forms that never come whole are not waited for, and bounded', async () => {
  const { port } = await serveWorkshop({
    limits: {
      door: { formMs: 2000, forms: 3, formsEach: 2 },
      lab: {},
      attempts: { each: [1, 9], all: [1, 9] },
      presenter: {},
    },
  });
  /** A join whose last bytes do not come; resolves when the server has its beginning, with what it answers until it closes. */
  const begun = async (localAddress: string) => {
    const socket = createConnection({ host: '127.0.0.1', port, localAddress });
    let answer = '';
    socket.on('error', () => undefined).on('data', (text: Buffer) => (answer += text.toString()));
    const closed = once(socket, 'close').then(() => answer);
    socket.write(
      `POST ${JOIN_PATH} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}\r\n` +
        'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 30\r\nExpect: 100-continue\r\n\r\ncode=',
    );
    await once(socket, 'data');
    return { closed };
  };
  const slow = [await begun('127.0.0.1'), await begun('127.0.0.1'), await begun('127.0.0.2')];
  expect((await post(port, { body: form('Anna') })).status).toBe(429);
  expect((await post(port, { body: form('Anna'), localAddress: '127.0.0.3' })).status).toBe(429);
  for (const { closed } of slow)
    expect(await closed).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 408/);
  expect(await join(port, 'Anna')).toMatch(TOKEN);
});

test('a flood of joins fills the seats and no more', async () => {
  const { port } = await serveWorkshop({ seats: 3 });
  const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => join(port, `Eve ${index}`)));
  expect(answers.filter((answer) => TOKEN.test(answer))).toHaveLength(3);
  expect(answers.filter((answer) => answer === 'full')).toHaveLength(27);
});

test("one attendee's token opens no other's session, and no attendee is the presenter", async () => {
  const { port, machines } = await serveWorkshop();
  const tokens = [await join(port, 'Anna'), await join(port, 'Ben')] as const;
  const anna = await Client.welcome(port, tokens[0]);
  anna.client.say({ type: 'open', lab: 'fake/greeting' });
  await anna.client.run('first');
  const ben = await Client.welcome(port, tokens[1], anna.reader);
  expect(ben.reader).not.toBe(anna.reader);
  expect(await ben.client.hear('machine')).toEqual({ type: 'machine', state: 'none' });
  expect(machines).toHaveLength(1);
  for (const message of [{ type: 'close' }, { type: 'free', id: 1 }, { type: 'hello', secret: SECRET }]) {
    const { client } = await Client.welcome(port, tokens[1]);
    client.socket.send(JSON.stringify(message));
    expect(await client.end()).toBe(CLOSE.forbidden);
  }
  for (const token of [tokens[0].slice(0, -1), `${tokens[0]}A`, CODE, SECRET, ben.reader]) {
    const client = await new Client(port).open();
    client.say({ type: 'hello', token, reader: anna.reader });
    expect(await client.end()).toBe(CLOSE.forbidden);
  }
  expect(anna.client.closed).toBeUndefined();
});

test('an attendee has three pages at most', async () => {
  const { port } = await serveWorkshop();
  const token = await join(port, 'Anna');
  for (let page = 0; page < 3; page++) await Client.welcome(port, token);
  const fourth = await new Client(port).open();
  fourth.say({ type: 'hello', token });
  expect(await fourth.end()).toBe(CLOSE.crowded);
});

test("the presenter's view is not guessed, and does nothing before it has said the secret", async () => {
  const { port } = await serveWorkshop();
  const token = await join(port, 'Anna');
  for (const secret of [SECRET.slice(1), `${SECRET}S`, SECRET.toLowerCase(), CODE, token]) {
    const guess = await Presenter.at(port, secret);
    expect(await guess.end()).toBe(CLOSE.forbidden);
    expect(guess.rooms).toEqual([]);
  }
  for (const message of [{ type: 'close' }, { type: 'free', id: 1 }, { type: 'hello' }, 'text', null]) {
    const early = new Presenter(port);
    await once(early.socket, 'open');
    early.socket.send(JSON.stringify(message));
    expect(await early.end()).toBe(CLOSE.forbidden);
    expect(early.rooms).toEqual([]);
  }
  const presenter = await Presenter.at(port);
  expect(await presenter.sees(() => true)).toMatchObject({ open: true, attendees: [{ name: 'Anna' }] });
  expect(JSON.stringify(presenter.rooms)).not.toMatch(new RegExp(`${SECRET}|${token}`));
  presenter.say({ type: 'hello', secret: SECRET });
  expect(await presenter.end()).toBe(CLOSE.forbidden);
  // After ten wrong ones the right one has to wait.
  for (let guess = 0; guess < 10; guess++) await (await Presenter.at(port, 'x')).end();
  expect(await (await Presenter.at(port)).end()).toBe(CLOSE.forbidden);
});

test("the presenter's view is not opened from another machine, another name or a page elsewhere", async () => {
  const { port } = await serveWorkshop({ presenterHosts: new Set(['127.0.0.1:1']) });
  expect(await presenterGets(port)).toBe(403);
  const here = await serveWorkshop();
  for (const Origin of ['null', 'http://evil.example', `http://localhost:${here.port}`])
    expect(await presenterGets(here.port, { Origin })).toBe(403);
  for (const address of ['192.168.1.20', '10.127.0.0.1', '::ffff:192.168.1.20', 'fe80::1', '']) {
    const elsewhere = await serveWorkshop({}, address);
    expect([address, await presenterGets(elsewhere.port)]).toEqual([address, 403]);
    expect(await join(elsewhere.port, 'Anna')).toMatch(TOKEN);
  }
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
    expect(await presenterGets((await serveWorkshop({}, address)).port)).toBe(101);
});

test('presenter views are bounded, and so is what they say', async () => {
  const { port } = await serveWorkshop();
  const views = await Promise.all(Array.from({ length: 8 }, () => Presenter.at(port)));
  expect(await presenterGets(port)).toBe(503);
  for (let index = 0; index < 200; index++) views[0]?.say({ type: 'open' });
  expect(await views[0]?.end()).toBe(CLOSE.flood);
  views[1]?.socket.send(Buffer.alloc(2000));
  expect(await views[1]?.end()).toBe(1009);
  expect((await fetch(`http://127.0.0.1:${port}${PRESENTER_PATH}`)).status).toBe(426);
});
