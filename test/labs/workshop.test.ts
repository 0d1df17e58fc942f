// A workshop: who joins gets a session of their own, and the presenter sees who is where.
import { readdir } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { CLOSE, WORKSHOP_ENTRANCE } from '../../labs/server/protocol.ts';
import { VACANT_MS } from '../../labs/server/workshop/seats.ts';
import { Client } from './client.ts';
import { join, post, Presenter, serveWorkshop, sitDown } from './room.ts';

const tellSoon = { limits: { presenter: { tellMs: 20 } } };

test('eight attendees at once: each has a machine, and none sees another', async () => {
  const { port, machines, readers } = await serveWorkshop();
  const names = ['Anna', 'Ben', 'Chloé', 'Đặng', 'Eszter', 'Фёдор', 'Grace', '春'];
  const clients = await Promise.all(
    names.map(async (name) => {
      const token = await join(port, name);
      const { client } = await Client.welcome(port, token);
      expect(client.heard[0]).toMatchObject({ type: 'welcome', name });
      return client;
    }),
  );
  for (const client of clients) client.say({ type: 'open', lab: 'fake/greeting' });
  for (const part of ['first', 'second', 'third'])
    for (const { outcome } of await Promise.all(clients.map((client) => client.run(part))))
      expect(outcome).toBe('passed');
  for (const [index, client] of clients.entries()) client.type(`a secret of ${names[index]}`);
  await Promise.all(clients.map((client, index) => client.sees(`a secret of ${names[index]}`)));
  for (const client of clients) {
    expect(client.screen.match(/a secret of/g)).toHaveLength(1);
    expect(client.heard.filter(({ type }) => type === 'ended')).toHaveLength(3);
  }
  expect(machines).toHaveLength(8);
  await expect.poll(() => readdir(readers)).toHaveLength(8);
});

test('the form is answered with an address, the token in its fragment, and nothing to be kept', async () => {
  const { port } = await serveWorkshop();
  const { status, location, headers, text } = await post(port, { body: 'code=GULL 4821&name=+Anna++B.+' });
  expect(status).toBe(303);
  expect(location).toMatch(/^\/#lab=[\w-]{22}$/);
  expect(text).toBe('');
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  expect(headers).not.toHaveProperty('set-cookie');
  const { client } = await Client.welcome(port, location?.slice('/#lab='.length) ?? '');
  expect(client.heard[0]).toMatchObject({ name: 'Anna B.' });
  expect(await post(port, { method: 'GET' })).toMatchObject({ status: 303, location: '/join/' });
  const entrance = await fetch(`http://127.0.0.1:${port}/-/lab`);
  expect(await entrance.json()).toEqual(WORKSHOP_ENTRANCE);
});

test('says why somebody is not let in, and nothing else', async () => {
  const { port } = await serveWorkshop({ seats: 1 });
  expect(await join(port, 'Anna', 'gull-4822')).toBe('wrong-code');
  expect(await join(port, ' ')).toBe('name');
  expect(await join(port, 'Anna')).toMatch(/^[\w-]{22}$/);
  expect(await join(port, 'Ben')).toBe('full');
  const presenter = await Presenter.at(port);
  presenter.say({ type: 'close' });
  await presenter.sees(({ open }) => !open);
  expect(await join(port, 'Ben')).toBe('closed');
  expect(await join(port, 'Ben', 'wrong')).toBe('wrong-code');
});

test('the same name twice gets a number, also at the same time, and another token each', async () => {
  const { port } = await serveWorkshop();
  const tokens = await Promise.all(['Anna', 'anna', 'ANNA'].map((name) => join(port, name)));
  expect(new Set(tokens).size).toBe(3);
  const presenter = await Presenter.at(port);
  const { attendees } = await presenter.sees(({ attendees }) => attendees.length === 3);
  expect(attendees.map(({ name }) => name.toLowerCase()).sort()).toEqual(['anna', 'anna 2', 'anna 3']);
});

test('the presenter sees where everybody is, and what went wrong', async () => {
  const { port } = await serveWorkshop(tellSoon);
  const presenter = await Presenter.at(port);
  expect(await presenter.sees(() => true)).toMatchObject({
    ...{ type: 'room', code: 'gull-4821', open: true, seats: 8, wrongCodes: 0, attendees: [] },
    address: `http://127.0.0.1:${port}/join/`,
    machines: { running: 0, most: 8, waiting: 0 },
  });
  await join(port, 'Eve', 'owl-0000');
  const anna = await sitDown(port, 'Anna');
  expect(await presenter.finds('Anna', ({ pages }) => pages === 1)).toMatchObject({
    ...{ id: 1, lab: null, part: null, partIndex: 0, partCount: 0, parts: [], passed: 0, stuck: null },
    machine: { state: 'none' },
  });
  anna.say({ type: 'open', lab: 'fake/greeting' });
  await anna.run('first');
  expect(await presenter.finds('Anna', ({ passed }) => passed === 1)).toMatchObject({
    ...{ lab: 'fake/greeting', title: 'G', part: 'second', partIndex: 1, partCount: 3 },
    ...{ parts: ['passed', 'none', 'none'], machine: { state: 'ready' } },
  });
  anna.type('n=bad\r');
  anna.say({ type: 'reset' });
  await anna.hear('machine', ({ state }) => state === 'starting');
  await anna.hear('machine', ({ state }) => state === 'ready');
  for (let time = 0; time < 3; time++) await anna.run('second');
  expect(await presenter.finds('Anna', ({ stuck }) => stuck === 'failed')).toMatchObject({
    ...{ part: 'second', failedPart: 'second', cause: 'it printed something else than expected' },
  });
  await anna.run('first');
  await anna.run('second');
  const passed = await presenter.finds('Anna', (attendee) => attendee.passed === 2);
  expect(passed).not.toHaveProperty('failedPart');
  await anna.run('third');
  expect(await presenter.finds('Anna', (attendee) => attendee.passed === 3)).toMatchObject({
    ...{ part: null, partIndex: 3, stuck: null },
  });
  expect(presenter.rooms.at(-1)).toMatchObject({ wrongCodes: 1, machines: { running: 1 } });
  // What is typed is nobody's business.
  expect(JSON.stringify(presenter.rooms)).not.toContain('n=bad');
});

test('a part that runs is shown, and so is a place in the line', async () => {
  const { port } = await serveWorkshop({
    bounds: { hasRoom: (running) => running < 1, startsAtOnce: 1 },
    machines: 1,
    ...tellSoon,
  });
  const presenter = await Presenter.at(port);
  const [anna, ben] = [await sitDown(port, 'Anna'), await sitDown(port, 'Ben')];
  for (const client of [anna, ben]) {
    client.say({ type: 'open', lab: 'fake/late' });
    client.say({ type: 'run', part: 'sleep' });
    await client.hear('machine', ({ state }) => state === 'starting' || state === 'waiting');
  }
  const running = await presenter.finds('Anna', ({ runningSince }) => runningSince !== undefined);
  expect(running).toMatchObject({ part: 'sleep', partIndex: 1, stuck: null });
  const waiting = await presenter.finds('Ben', ({ machine }) => machine.state === 'waiting');
  expect(waiting.machine).toEqual({ state: 'waiting', place: 1 });
  expect(presenter.rooms.at(-1)?.machines).toEqual({ running: 1, most: 1, waiting: 1 });
});

test('the presenter ends a machine, and a seat; who had it may join again', async () => {
  const { port, machines, readers } = await serveWorkshop(tellSoon);
  const presenter = await Presenter.at(port);
  const token = await join(port, 'Anna');
  const { client } = await Client.welcome(port, token);
  client.say({ type: 'open', lab: 'fake/greeting' });
  await client.run('first');
  const { id } = await presenter.finds('Anna', ({ passed }) => passed === 1);
  presenter.say({ type: 'end-machine', id });
  expect(await client.hear('machine', ({ state }) => state === 'ended')).toMatchObject({
    why: /^the presenter/,
  });
  expect(machines[0]?.stopped).toBe(true);
  expect(await client.run('first')).toMatchObject({ outcome: 'passed' });
  presenter.say({ type: 'free', id: 999 });
  presenter.say({ type: 'free', id });
  expect(await client.end()).toBe(CLOSE.forbidden);
  await presenter.sees(({ attendees }) => attendees.length === 0 && machines[1]?.stopped === true);
  await expect.poll(() => readdir(readers)).toEqual([]);
  const later = await new Client(port).open();
  later.say({ type: 'hello', token });
  expect(await later.end()).toBe(CLOSE.forbidden);
  await sitDown(port, 'Anna');
  expect(await presenter.finds('Anna', (attendee) => attendee.id !== id)).toMatchObject({ id: id + 1 });
});

test('when all seats are taken, one that nobody has used for ten minutes is given away, and no other', async () => {
  const { port } = await serveWorkshop({ seats: 2 });
  const [left, here] = [await join(port, 'Left'), await join(port, 'Here')];
  const { client } = await Client.welcome(port, here);
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() + VACANT_MS - 60_000);
  expect(await join(port, 'New')).toBe('full');
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 120_000);
  expect(await join(port, 'New')).toMatch(/^[\w-]{22}$/);
  vi.restoreAllMocks();
  const late = await new Client(port).open();
  late.say({ type: 'hello', token: left });
  expect(await late.end()).toBe(CLOSE.forbidden);
  expect(client.closed).toBeUndefined();
});

test('the end of the workshop is told, and leaves no machine', async () => {
  const { port, machines, server } = await serveWorkshop();
  const presenter = await Presenter.at(port);
  const client = await sitDown(port, 'Anna');
  client.say({ type: 'open', lab: 'fake/greeting' });
  await client.run('first');
  await server.close();
  expect(await client.end()).toBe(1001);
  expect(await presenter.end()).toBe(1001);
  expect(machines[0]?.stopped).toBe(true);
});
