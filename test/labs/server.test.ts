// What a reader does with the lab server, by its protocol, on machines that are shells of this machine.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Client } from './client.ts';
import { serve, TOKEN } from './fake.ts';

test('runs a lab top to bottom, streams what it prints, and tells one story on the screen', async () => {
  const { port } = await serve();
  const { client } = await Client.welcome(port, TOKEN);
  expect(await client.hear('machine')).toEqual({ type: 'machine', state: 'none' });
  client.say({ type: 'open', lab: 'fake/greeting' });
  expect((await client.hear('lab')).parts.map(({ part, state }) => `${part} ${state}`)).toEqual([
    'first none',
    'second none',
    'third none',
  ]);
  client.say({ type: 'run', part: 'first' });
  await client.hear('machine', ({ state }) => state === 'starting');
  await client.hear('machine', ({ state }) => state === 'ready');
  await client.hear('started');
  expect(await client.hear('output')).toMatchObject({ part: 'first', text: 'hello\n' });
  expect(await client.hear('ended')).toMatchObject({ outcome: 'passed', exit: 0, causes: [], rows: [] });
  for (const part of ['second', 'third']) expect(await client.run(part)).toMatchObject({ outcome: 'passed' });
  const { parts } = await client.hear('lab');
  expect(parts.every(({ state, here, at }) => state === 'passed' && here && at)).toBe(true);
  for (const text of ['operator@lab:~$', ' word=hello\r\n', 'hello\r\n', 'first: as expected'])
    await client.sees(text);
});

test('says which line differs, and goes on', async () => {
  const { port } = await serve();
  const { client } = await Client.welcome(port, TOKEN);
  client.say({ type: 'open', lab: 'fake/greeting' });
  expect(await client.run('second')).toMatchObject({
    outcome: 'failed',
    causes: ['it printed something else than expected'],
    rows: [
      { kind: 'missing', expected: 'hello again' },
      { kind: 'unexpected', got: ' again' },
    ],
  });
  await client.sees('expected  hello again');
  const { parts } = await client.hear('lab', ({ parts }) => parts[1]?.state === 'failed');
  expect(parts.map(({ state }) => state)).toEqual(['skipped', 'failed', 'none']);
  expect(await client.run('first')).toMatchObject({ outcome: 'passed' });
  expect(await client.run('second')).toMatchObject({ outcome: 'passed' });
});

test('starts at a part in the state before it, and resets to a fresh machine', async () => {
  const { port, machines } = await serve();
  const { client } = await Client.welcome(port, TOKEN);
  client.say({ type: 'open', lab: 'fake/greeting' });
  client.say({ type: 'start-at', part: 'second' });
  expect(await client.hear('started')).toEqual({ type: 'started', part: 'first', replay: true });
  expect(await client.hear('ended')).toMatchObject({ part: 'first', outcome: 'passed' });
  await client.hear('machine', ({ state }) => state === 'ready');
  expect(machines.map(({ purpose, kept }) => [purpose.before, kept])).toEqual([['second', ['second']]]);
  client.say({ type: 'run', part: 'second' });
  expect(await client.hear('ended', ({ part }) => part === 'second')).toMatchObject({ outcome: 'passed' });
  client.say({ type: 'reset' });
  await client.hear('machine', ({ state }) => state === 'ready');
  expect(machines.map(({ stopped }) => stopped)).toEqual([true, false]);
  // The variable went with the old one.
  expect(await client.run('second')).toMatchObject({ outcome: 'failed' });
});

test('of a machine that another takes the place of nothing is told', async () => {
  const { port, machines } = await serve();
  const { client } = await Client.welcome(port, TOKEN);
  const told = (): string[] => client.heard.flatMap((one) => (one.type === 'machine' ? [one.state] : []));
  client.say({ type: 'open', lab: 'fake/greeting' });
  client.say({ type: 'reset' });
  await client.hear('machine', ({ state }) => state === 'starting');
  client.say({ type: 'reset' });
  await client.hear('machine', ({ state }) => state === 'ready');
  // It ends when the next one has come, and has run a part.
  const { promise, resolve: end } = Promise.withResolvers<undefined>();
  if (machines[1]) machines[1].lingers = promise;
  client.say({ type: 'open', lab: 'fake/late' });
  expect(await client.run('quick')).toMatchObject({ outcome: 'passed' });
  expect(machines.map(({ stopped }) => stopped)).toEqual([true, true, false]);
  const labs = (): number => client.heard.filter(({ type }) => type === 'lab').length;
  const before = labs();
  end(undefined);
  await expect.poll(labs).toBeGreaterThan(before);
  client.say({ type: 'stop' });
  await client.hear('refused');
  expect(told().filter((state) => state !== 'starting')).toEqual(['none', 'ready', 'ready']);
});

test('keeps progress over a reload, a restart of the server, and not over an edit', async () => {
  const { port, readers } = await serve();
  const { client, reader } = await Client.welcome(port, TOKEN);
  client.say({ type: 'open', lab: 'fake/greeting' });
  await client.run('first');
  const seen = client.screen;
  client.socket.close();

  const again = await Client.welcome(port, TOKEN, reader);
  expect(again.reader).toBe(reader);
  expect(await again.client.hear('machine')).toMatchObject({ state: 'ready' });
  expect((await again.client.hear('lab')).parts[0]).toMatchObject({ state: 'passed', here: true });
  await again.client.sees(seen);
  const [name = ''] = await readdir(readers);
  expect(name).toBe(`${reader}.json`);
  await expect.poll(() => readFile(join(readers, name), 'utf8')).toContain('passed');

  const restarted = await serve({ readers });
  const later = await Client.welcome(restarted.port, TOKEN, reader);
  later.client.say({ type: 'open', lab: 'fake/greeting' });
  const { parts } = await later.client.hear('lab');
  expect(parts[0]).toMatchObject({ state: 'passed' });
  expect(parts[0]).not.toHaveProperty('here');

  const kept = await readFile(join(readers, name), 'utf8');
  await writeFile(join(readers, name), kept.replace(/"digest":"../, '"digest":"zz'));
  const edited = await serve({ readers });
  const last = await Client.welcome(edited.port, TOKEN, reader);
  last.client.say({ type: 'open', lab: 'fake/greeting' });
  expect((await last.client.hear('lab')).parts[0]).toMatchObject({ state: 'none' });
});

test('stops a part; it is not noted, and the machine goes on', async () => {
  const { port } = await serve();
  const { client } = await Client.welcome(port, TOKEN);
  client.say({ type: 'open', lab: 'fake/long' });
  client.say({ type: 'run', part: 'sleep' });
  await client.hear('started');
  client.say({ type: 'run', part: 'sleep' });
  expect((await client.hear('refused')).what).toBe("part 'sleep': 'sleep' is running; wait, or stop it");
  client.say({ type: 'stop' });
  expect(await client.hear('ended')).toMatchObject({ outcome: 'failed', causes: ['it was stopped'] });
  const { parts } = await client.hear('lab');
  expect(parts[0]).toMatchObject({ state: 'none', here: true });
  client.say({ type: 'stop' });
  expect((await client.hear('refused')).what).toMatch(/^stop: nothing is running/);
  expect(await client.run('much')).toMatchObject({ outcome: 'passed' });
});

test('shows of a flood of output what anybody reads, and says so', async () => {
  const { port } = await serve();
  const { client } = await Client.welcome(port, TOKEN);
  client.say({ type: 'open', lab: 'fake/long' });
  await client.run('much');
  const shown = client.heard.flatMap((message) => (message.type === 'output' ? [message.text] : [])).join('');
  expect(shown.length).toBeLessThan(257 * 1024);
  expect(shown).toMatch(/\(the rest of the output is not shown\)\n$/);
});

test('two pages of one reader see the same; the terminal is one', async () => {
  const { port, machines } = await serve();
  const { client, reader } = await Client.welcome(port, TOKEN);
  const { client: other } = await Client.welcome(port, TOKEN, reader);
  client.say({ type: 'open', lab: 'fake/greeting' });
  client.say({ type: 'resize', cols: 100, rows: 30 });
  await client.run('first');
  expect(await other.hear('ended')).toMatchObject({ part: 'first' });
  other.type('ls\r');
  await client.sees('ls\r');
  expect(machines[0]?.typed).toEqual(['ls\r']);
  expect(machines[0]?.purpose.size).toEqual({ cols: 100, rows: 30 });
});

test('two readers never see each other', async () => {
  const { port, machines } = await serve();
  const readers = await Promise.all([Client.welcome(port, TOKEN), Client.welcome(port, TOKEN)]);
  const [one, two] = readers.map(({ client }) => client);
  if (!one || !two) throw new Error('two were asked for');
  for (const client of [one, two]) client.say({ type: 'open', lab: 'fake/greeting' });
  await one.run('first');
  expect(await two.run('second')).toMatchObject({ outcome: 'failed' });
  one.type('a secret of one');
  await one.sees('a secret of one');
  two.type('a secret of two');
  await two.sees('a secret of two');
  expect(machines).toHaveLength(2);
  expect(two.screen).not.toContain('a secret of one');
  expect(JSON.stringify(two.heard)).not.toContain('"part":"first","outcome"');
  expect(one.screen).not.toContain('a secret of two');
  expect(one.heard.filter(({ type }) => type === 'ended')).toHaveLength(1);
});

test('who finds no room waits in line, is told the place, and gets in when another leaves', async () => {
  const { port, machines } = await serve({ bounds: { hasRoom: (running) => running < 1, startsAtOnce: 1 } });
  const clients = [];
  for (let index = 0; index < 3; index++) {
    const { client } = await Client.welcome(port, TOKEN);
    client.say({ type: 'open', lab: 'fake/greeting' });
    client.say({ type: 'reset' });
    await client.hear('machine', ({ state }) => state === (index === 0 ? 'ready' : 'waiting'));
    clients.push(client);
  }
  const [, second, third] = clients;
  expect(third?.heard.at(-1)).toMatchObject({ state: 'waiting', place: 2 });
  second?.say({ type: 'stop' });
  await second?.hear('machine', ({ state }) => state === 'none');
  await third?.hear('machine', ({ place }) => place === 1);
  machines[0]?.end();
  await clients[0]?.hear('machine', ({ state }) => state === 'ended');
  await third?.hear('machine', ({ state }) => state === 'ready');
});

test('a machine nobody uses is ended, and the page is told', async () => {
  const { port, machines } = await serve({ limits: { idleMs: 300, sweepMs: 20 } });
  const { client } = await Client.welcome(port, TOKEN);
  client.say({ type: 'open', lab: 'fake/greeting' });
  client.say({ type: 'reset' });
  expect(await client.hear('machine', ({ state }) => state === 'ended')).toMatchObject({
    why: /nobody used it/,
  });
  expect(machines[0]?.stopped).toBe(true);
});

test('a machine nobody looks at is ended, sooner while others wait', async () => {
  const bounds = { hasRoom: (running: number) => running < 1, startsAtOnce: 1 };
  const { port } = await serve({ bounds, limits: { leftWhileOthersWaitMs: 50, sweepMs: 20 } });
  const first = await Client.welcome(port, TOKEN);
  first.client.say({ type: 'open', lab: 'fake/greeting' });
  await first.client.run('first');
  first.client.socket.close();
  const { client } = await Client.welcome(port, TOKEN);
  client.say({ type: 'open', lab: 'fake/greeting' });
  expect(await client.run('first')).toMatchObject({ outcome: 'passed' });
});

test('the end of the server is told, and leaves no machine', async () => {
  const { port, machines, server } = await serve();
  const { client } = await Client.welcome(port, TOKEN);
  client.say({ type: 'open', lab: 'fake/long' });
  client.say({ type: 'run', part: 'sleep' });
  await client.hear('started');
  await server.close();
  expect(await client.end()).toBe(1001);
  expect(machines[0]?.stopped).toBe(true);
});
