// A fleet in a file, at an orchestrator in this process.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Refusal } from '../../runtime/daemon/refusal.ts';
import type { Handler } from '../../runtime/daemon/server.ts';
import { FleetWorld, IMAGES } from './fleet-world.ts';

let world: FleetWorld;
beforeEach(async () => {
  world = await FleetWorld.begin();
});
afterEach(() => world.end());

const FLEET = `version: 1
path: team
policies:
  .: { unikernels: 4, memory: 256, cpus: [0, 1], bridges: [service], block: 8 }
  shop: { unikernels: 2, memory: 96, cpus: [1] }
blocks:
  site: { size: 2, contents: site.tar }
unikernels:
  web:
    image: disk.spt
    memory: 32
    blocks: { storage: site }
    startOrder: 20
  first:
    image: none.spt
    arguments: ['--verbose', 'a b', '80']
    restart: no
    startOrder: 10
    cpus: [0]
  shop:till: { image: none.spt, restart: [3, 4], memory: 16 }
`;

test('what is asked for is made in order, and the second time there is nothing to do', async () => {
  await world.write('fleet.yaml', FLEET);
  const first = await world.run('diff', 'fleet.yaml');
  expect(first).toMatchObject({ status: 1, notes: '' });
  expect(first.out.split('\n').map((line) => line.slice(0, 16))).toEqual([
    ...['+ policy of team', '+ policy of team', '+ block team:sit'],
    ...['+ team:first: no', '+ team:web: disk', '+ team:shop:till', ''],
  ]);
  expect(await world.run('apply', 'fleet.yaml', '--dry-run')).toMatchObject({ status: 0, out: first.out });
  expect((await world.states()).length).toBe(0);

  const applied = await world.run('apply', 'fleet.yaml');
  expect(applied).toMatchObject({ status: 0, notes: '' });
  expect(applied.out).toBe(
    `${first.out}${[
      'policy of team',
      'policy of team:shop',
      'block team:site',
      'team:first',
      'team:web',
      'team:shop:till',
    ]
      .map((subject, at) => `${at + 1}/6 ${subject}: done\n`)
      .join('')}`,
  );
  expect(world.started).toEqual(['team:first', 'team:web', 'team:shop:till']);
  const before = await world.states();
  expect(await world.run('apply', 'fleet.yaml')).toEqual({
    ...{ status: 0, notes: '' },
    out: 'nothing to do: there is all of fleet.yaml (3 unikernels, 1 block device, 2 policies)\n',
  });
  expect(await world.states()).toEqual(before);
  expect(await world.run('diff', 'fleet.yaml')).toEqual({ status: 0, out: '', notes: '' });
  expect(await world.run('diff', 'fleet.yaml', '--prune')).toEqual({ status: 0, out: '', notes: '' });
});

test('a change is told field by field, and made; what the file leaves out has its default', async () => {
  await world.write('fleet.yaml', FLEET);
  await world.run('apply', 'fleet.yaml');
  const changed = FLEET.replace('memory: 32', 'memory: 48')
    .replace("'80'", "'8080'")
    .replace('restart: no', 'restart: always')
    .replace('startOrder: 20', 'startOrder: 5')
    .replace('shop:till: { image: none.spt', 'shop:till: { image: other.spt')
    .replace('unikernels: 4, memory: 256', 'unikernels: 5, memory: 200');
  await world.write('fleet.yaml', changed);
  const { out, status } = await world.run('diff', 'fleet.yaml');
  expect(status).toBe(1);
  expect(out.replace(/[0-9a-f]{12}…/g, 'DIGEST').split('\n')).toEqual([
    '~ policy of team: unikernels 4 → 5',
    '~ team:web: memory 32 MB → 48 MB; startOrder 20 → 5',
    "~ team:first: arguments --verbose 'a b' 80 → --verbose 'a b' 8080; restart no → always",
    '~ team:shop:till: image DIGEST → other.spt DIGEST',
    '~ policy of team: memory 256 MB → 200 MB',
    '',
  ]);
  expect(await world.run('apply', 'fleet.yaml')).toMatchObject({ status: 0, notes: '' });
  expect(await world.run('diff', 'fleet.yaml')).toEqual({ status: 0, out: '', notes: '' });
});

test('only by --prune, and only below its path, goes what the file does not have', async () => {
  await world.write('all.yaml', FLEET);
  await world.write(
    'other.yaml',
    FLEET.replace('path: team', 'path: other').replace('unikernels: 4', 'unikernels: 3'),
  );
  await world.run('apply', 'all.yaml');
  await world.run('apply', 'other.yaml');
  await world.write(
    'fleet.yaml',
    'version: 1\npath: team\nunikernels:\n  first: { image: none.spt, restart: no }\n',
  );
  const less = await world.run('apply', 'fleet.yaml');
  expect(less.out).toContain('~ team:first: arguments');
  expect((await world.states()).length).toBe(6);
  expect((await world.run('diff', 'fleet.yaml', '--prune')).out.split('\n')).toEqual([
    ...[
      '- team:shop:till: removed',
      '- team:web: removed',
      '- block team:site: removed, with the 2 MB on it',
    ],
    ...['- policy of team:shop: removed', ''],
  ]);
  expect(await world.run('apply', 'fleet.yaml', '--prune')).toMatchObject({ status: 0 });
  expect((await world.states()).map(({ name }) => name).sort()).toEqual([
    'other:first',
    'other:shop:till',
    'other:web',
    'team:first',
  ]);
  expect(await world.run('diff', 'other.yaml', '--prune')).toMatchObject({ status: 0 });
});

test('whatever message is the last one, before it is done or after, the next apply comes to the same end', async () => {
  const changed = FLEET.replace('memory: 32', 'memory: 48').replace('image: none.spt', 'image: other.spt');
  const last = changed.replace(/\n {2}shop:till.*/, '').replace(/\n {2}shop: .*/, '');
  for (const [file, text] of Object.entries({
    'fleet.yaml': FLEET,
    'changed.yaml': changed,
    'last.yaml': last,
  }))
    await world.write(file, text);
  const content = await fs.readFile(join(world.folder, 'site.tar'));
  let cut = 0;
  for (const file of ['fleet.yaml', 'changed.yaml', 'last.yaml'])
    for (let at = 0, done = false; !done; at += 1)
      for (const moment of ['before', 'half', 'after'] as const) {
        await world.clear();
        if (file !== 'fleet.yaml') await world.run('apply', 'fleet.yaml');
        world.between = dyingAt(at, moment);
        done = (await world.run('apply', file, '--prune')).status === 0;
        world.between = (handler) => handler;
        cut += done ? 0 : 1;
        expect(await world.run('apply', file, '--prune'), `${file}, ${moment} ${at}`).toMatchObject({
          status: 0,
          notes: '',
        });
        expect(await world.run('diff', file, '--prune')).toEqual({ status: 0, out: '', notes: '' });
        const device = await fs.readFile(join(world.folder, 'devices', 'team:site'));
        expect(device.subarray(0, content.length).equals(content), `${file}, ${moment} ${at}`).toBe(true);
      }
  expect(cut).toBeGreaterThan(30);
}, 120_000);

/** Lets go of the client at the `at`th message that changes something: before it is done, when half of what belongs to it has come, or after. */
function dyingAt(at: number, moment: 'before' | 'half' | 'after'): (handler: Handler) => Handler {
  let seen = -1;
  return (handler) => async (message, client) => {
    const command = message.payload.kind === 'command' ? message.payload.value : undefined;
    const reads = ['info', 'states', 'dump'].includes(command?.value.kind ?? '');
    if (!reads) seen += 1;
    if (reads || seen !== at) return handler(message, client);
    if (moment === 'before') throw new Error('gone');
    if (moment === 'after') await handler(message, client);
    else
      await handler(message, {
        ...client,
        async *raw() {
          for await (const piece of client.raw()) {
            yield piece;
            throw new Refusal('gone');
          }
        },
      });
    throw new Error('gone');
  };
}

test('a device that somebody has written to is left as it is', async () => {
  await world.write('fleet.yaml', 'version: 1\nblocks:\n  site: { size: 2, contents: site.tar }\n');
  const content = await fs.readFile(join(world.folder, 'site.tar'));
  const device = async (): Promise<Buffer> => fs.readFile(join(world.folder, 'devices', ':site'));
  const full = Buffer.alloc(2 << 20);
  content.copy(full);
  for (const [what, data, filled] of [
    ['half of it', content.subarray(0, 1 << 20), true],
    ['nothing', Buffer.alloc(10), true],
    ['all of it', content, false],
    ['something else', Buffer.from('mine'), false],
    ['something after it', Buffer.concat([content, Buffer.from('mine')]), false],
    ['something after half of it', Buffer.concat([content.subarray(0, 99_999), Buffer.from('mine')]), false],
  ] as const) {
    await world.clear();
    await fs.writeFile(join(world.folder, 'data.img'), data);
    await world.run('block', 'add', 'site', '--size', '2');
    await world.run('block', 'set', 'site', 'data.img');
    const { out } = await world.run('apply', 'fleet.yaml');
    expect(out.startsWith('~ block site: filled'), what).toBe(filled);
    const expected = Buffer.alloc(2 << 20);
    (filled ? content : data).copy(expected);
    expect((await device()).equals(expected), what).toBe(true);
  }
});

test('what ended is started again, but for what is not to be; what was stopped, too', async () => {
  await world.write('fleet.yaml', FLEET);
  await world.run('apply', 'fleet.yaml');
  world.ends('team:first', { status: 0 });
  await world.run('stop', 'team:web');
  await expect
    .poll(async () => (await world.states()).map(({ state }) => state).sort())
    .toEqual(['ended', 'ended', 'running']);
  const { out, notes } = await world.run('apply', 'fleet.yaml');
  expect(out).toBe('~ team:web: started: it ended (it was asked to end)\n1/1 team:web: done\n');
  expect(notes).toMatch(/^team:first: has ended \(.*\), and stays so, for its restart is no; /);
  expect((await world.run('apply', 'fleet.yaml')).out).toMatch(/^nothing to do/);
});

test('a device goes from one unikernel to another that is started before it', async () => {
  const file = (a: string, b: string): string =>
    `version: 1\nblocks: { one: { size: 1 }, two: { size: 1 } }\nunikernels:\n  a: { image: disk.spt, blocks: { storage: ${a} }, startOrder: 1 }\n  b: { image: disk.spt, blocks: { storage: ${b} } }\n`;
  await world.write('fleet.yaml', file('one', 'two'));
  await world.run('apply', 'fleet.yaml');
  await world.write('fleet.yaml', file('two', 'three').replace('two: {', 'three: { size: 1 }, two: {'));
  expect(await world.run('apply', 'fleet.yaml')).toMatchObject({ status: 0, notes: '' });
  expect((await world.run('diff', 'fleet.yaml')).status).toBe(0);
});

test('after the host starts, unikernels are started in the order of the file', async () => {
  const order = { a: 90, b: 3, c: 70, d: 3, e: 50, f: 0, g: 51 };
  const lines = Object.entries(order).map(
    ([name, at]) => `  ${name}: { image: none.spt, memory: 16, startOrder: ${at} }`,
  );
  await world.write('fleet.yaml', `version: 1\nunikernels:\n${lines.join('\n')}\n  x: { image: none.spt }\n`);
  await world.run('apply', 'fleet.yaml');
  expect(world.started).toEqual(['f', 'b', 'd', 'e', 'x', 'g', 'c', 'a']);
  const made = world.started;
  await world.boot();
  expect(world.started).toEqual(made);
  expect((await world.run('diff', 'fleet.yaml')).status).toBe(0);
});

test('what is exported is what there is: on an empty host it makes the same', async () => {
  const everything = await fs.readFile(join(import.meta.dirname, 'fleet.yaml'), 'utf8');
  const digest = createHash('sha256')
    .update(IMAGES['none.spt'] ?? '')
    .digest('hex');
  await world.write(
    'fleet.yaml',
    everything
      .replace(/digest: \w+/, `digest: ${digest}`)
      .replace(/ {4}health: .*\n/g, '')
      .replace(/, health: \{[^}]*\}/g, ''),
  );
  await fs.mkdir(join(world.folder, 'prebuilt'));
  await fs.writeFile(join(world.folder, 'prebuilt', 'index.json'), '{"images": []}');
  expect(await world.run('apply', 'fleet.yaml')).toMatchObject({ status: 0, notes: '' });
  const { out } = await world.run('export', 'team:one');
  expect(out).toMatch(
    /^# yaml-language-server: \$schema=\/nonexistent\/share\/kittiwake\/schema\/fleet-1.json\nversion: 1\npath: team:one\n/,
  );
  expect(
    await world.run('export', 'team:one', '-o', 'export.yaml', '--images', join(world.folder, 'saved')),
  ).toMatchObject({ status: 0 });
  expect(await world.run('export', 'team:one', '-o', 'export.yaml')).toMatchObject({ status: 71 });
  await world.write('here.yaml', out);
  for (const file of ['here.yaml', 'export.yaml'])
    expect(await world.run('diff', file, '--prune')).toEqual({ status: 0, out: '', notes: '' });
  const plain = async (): Promise<unknown> =>
    (await world.states())
      .map((state) => ({ ...state, started: '', since: '' }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  const before = await plain();
  await world.clear();
  // The images are nowhere now, but for those files.
  expect(await world.run('apply', 'here.yaml')).toMatchObject({
    ...{
      status: 69,
      out: '',
      notes: expect.stringContaining('is here or there; write image: and the file') as string,
    },
  });
  expect(await world.run('apply', 'export.yaml')).toMatchObject({ status: 0, notes: '' });
  expect(await plain()).toEqual(before);
  expect(await world.run('diff', 'export.yaml', '--prune')).toEqual({ status: 0, out: '', notes: '' });
});

test('an image that only the orchestrator has goes from one unikernel to another', async () => {
  const digest = createHash('sha256')
    .update(IMAGES['other.spt'] ?? '')
    .digest('hex');
  await world.write('fleet.yaml', 'version: 1\nunikernels: { a: { image: other.spt, cpus: [0] } }\n');
  await world.run('apply', 'fleet.yaml');
  await world.write('fleet.yaml', `version: 1\nunikernels: { b: { digest: ${digest}, cpus: [1] } }\n`);
  expect(await world.run('apply', 'fleet.yaml', '--prune')).toMatchObject({ status: 0, notes: '' });
  expect((await world.states()).map(({ name, digest: has }) => [name, has])).toEqual([['b', digest]]);
});

test.each([
  [
    'tcp',
    ({ port }: AddressInfo) => `{ tcp: 127.0.0.1:${port}, within: 1 }`,
    /^web: takes connections at 127/m,
  ],
  [
    'http',
    ({ port }: AddressInfo) => `{ http: 'http://127.0.0.1:${port}/', within: 1 }`,
    /^web: answers http:/m,
  ],
  [
    'status',
    ({ port }: AddressInfo) => `{ http: 'http://127.0.0.1:${port}/no', status: 404, within: 1 }`,
    /with 404$/m,
  ],
  ['runs', () => '{ runs: 1 }', /^web: runs for 1 s$/m],
])('apply waits until it is well: %s', async (_, health, said) => {
  const server = createServer((request, response) =>
    response.writeHead(request.url === '/' ? 200 : 404).end(),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const text = (of: string): string =>
    `version: 1\nunikernels:\n  web: { image: none.spt, startOrder: 1, health: ${of} }\n  next: { image: none.spt }\n`;
  await world.write('fleet.yaml', text(health(server.address() as AddressInfo)));
  const first = await world.run('apply', 'fleet.yaml');
  expect(first).toMatchObject({ status: 0, notes: '', out: expect.stringMatching(said) as string });
  // It is asked each time, and what comes later waits.
  expect((await world.run('apply', 'fleet.yaml')).out).toMatch(said);
  server.close();
  await once(server, 'close');
});

test('what is not well ends apply, says why, and nothing that comes later is started', async () => {
  const text = (health: string, image = 'none.spt'): string =>
    `version: 1\nunikernels:\n  web: { image: ${image}, restart: no, startOrder: 1, health: ${health} }\n  next: { image: none.spt }\n`;
  for (const [health, cause] of [
    [
      '{ tcp: 127.0.0.1:1, within: 1 }',
      /^web: it is not well after 1 s \(takes connections at 127\.0\.0\.1:1: ECONNREFUSED\); 'kittiwake logs web'/m,
    ],
    [
      '{ http: "http://127.0.0.1:1/", within: 1 }',
      /answers http:\/\/127\.0\.0\.1:1\/: (ECONNREFUSED|bad port)/,
    ],
    ['{ ping: 240.0.0.1, within: 1 }', /answers pings of 240\.0\.0\.1: no answer|ping is not installed/],
  ] as const) {
    await world.clear();
    await world.write('fleet.yaml', text(health));
    const did = await world.run('apply', 'fleet.yaml');
    expect(did).toMatchObject({ status: 69, notes: expect.stringMatching(cause) as string });
    expect(did.notes).toContain('1 of 2 steps are done; when this is mended, apply again does the others\n');
    expect((await world.states()).map(({ name }) => name)).toEqual(['web']);
    // The same again: what runs and is not well is still waited for.
    expect(await world.run('apply', 'fleet.yaml')).toMatchObject({
      status: 69,
      notes: expect.stringMatching(cause) as string,
    });
  }
  await world.clear();
  await world.write('fleet.yaml', text('{ runs: 600 }'));
  const applied = world.run('apply', 'fleet.yaml');
  await expect.poll(() => world.started).toEqual(['web']);
  world.ends('web', { status: 9 });
  expect(await applied).toMatchObject({
    status: 69,
    notes: expect.stringMatching(/^web: it did not run for 600 s; /m) as string,
  });
});

test('a server that knows only what Albatross does is enough', async () => {
  const asked = new Set<string>();
  world.between = (handler) => async (message, client) => {
    const command = message.payload.kind === 'command' ? message.payload.value : undefined;
    asked.add(`${command?.kind ?? ''} ${command?.value.kind ?? ''}`);
    // It closes the connection at what it does not know, and has no empty lists.
    if (command?.kind === 'kittiwake') return undefined;
    const answer = await handler(message, client);
    if (answer && 'value' in answer && Array.isArray(answer.value) && answer.value.length === 0)
      throw new Refusal(`${command?.kind ?? ''}: not found`);
    return answer;
  };
  await world.write('fleet.yaml', FLEET.replace('startOrder: 20', 'startOrder: 20\n    health: { runs: 1 }'));
  const applied = await world.run('apply', 'fleet.yaml');
  expect(applied).toMatchObject({
    status: 0,
    notes: '',
    out: expect.stringMatching(/^team:web: runs for 1 s$/m) as string,
  });
  const again = await world.run('apply', 'fleet.yaml', '--prune');
  expect(again.out).toMatch(/^nothing to do: .*\nteam:web: runs for 1 s\n$/);
  await world.write('changed.yaml', FLEET.replace('memory: 32', 'memory: 48').replace("'80'", "'81'"));
  expect(await world.run('apply', 'changed.yaml')).toMatchObject({ status: 0, notes: '' });
  expect(await world.run('diff', 'changed.yaml', '--prune')).toEqual({ status: 0, out: '', notes: '' });
  await world.write('empty.yaml', 'version: 1\npath: team\n');
  expect(await world.run('apply', 'empty.yaml', '--prune')).toMatchObject({ status: 0, notes: '' });
  expect([...asked].filter((one) => one.startsWith('kittiwake'))).toEqual(['kittiwake states']);
});
