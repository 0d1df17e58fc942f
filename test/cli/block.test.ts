// What people type about block devices and images, at an orchestrator in this process: by its socket, and by certificates.
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IMAGE, World } from '../daemon/tls/world.ts';
import { noise } from '../random.ts';
import { kittiwake } from './kittiwake.ts';

const MB = 1 << 20;

let world: World;
let ca: string;
beforeAll(async () => {
  world = await World.begin();
  ca = await world.rootFolder();
  const grant = ['--unikernels', '2', '--memory', '64', '--cpu', '1', '--block', '8'];
  expect(await kittiwake('ca', 'delegate', ca, 'anna', ...grant)).toMatchObject({ status: 0 });
});
afterAll(() => world.end());

const file = (name: string): string => join(world.folder, name);
const ways: Readonly<Record<string, (...args: string[]) => ReturnType<typeof kittiwake>>> = {
  'by the socket': (...args) => kittiwake(...args, '--sockets', world.folder),
  'by certificate': (...args) =>
    kittiwake(...args, '--remote', `127.0.0.1:${world.port}`, '--identity', join(ca, 'anna')),
};

test.each(Object.entries(ways))('%s a device is made, filled, read and removed', async (_, ask) => {
  const content = noise(2 * MB + 12345);
  await fs.writeFile(file('content'), content);
  const name = 'anna:data';
  expect(await ask('block', 'add', name, '--size', '3')).toEqual({
    ...{ status: 0, notes: '', out: 'anna:data: added block device\n' },
  });
  expect(await ask('block', 'set', name, file('content'))).toMatchObject({ status: 0, notes: '' });
  expect((await ask('block', 'list')).out).toBe('NAME       SIZE  IN USE\nanna:data  3 MB  no\n');
  expect(await ask('block', 'dump', name, '-o', file('dump'))).toEqual({
    ...{ status: 0, notes: '', out: `anna:data: 3 MB written to ${file('dump')}\n` },
  });
  const dump = await fs.readFile(file('dump'));
  expect(dump.length).toBe(3 * MB);
  expect(dump.subarray(0, content.length).equals(content)).toBe(true);
  expect(dump.subarray(content.length).every((byte) => byte === 0)).toBe(true);

  expect(await ask('block', 'dump', name, '-o', file('dump'))).toMatchObject({
    ...{ status: 71, notes: expect.stringContaining('it is there already; --force overwrites it') as string },
  });
  await ask('block', 'set', name, file('dump'));
  expect(await ask('block', 'dump', name, '-o', file('dump'), '--force', '--json')).toMatchObject({
    status: 0,
  });
  expect((await fs.readFile(file('dump'))).equals(dump)).toBe(true);
  expect(await ask('block', 'rm', name)).toMatchObject({ status: 0, out: 'anna:data: removed block\n' });
  expect(JSON.parse((await ask('block', 'list', '--json')).out)).toEqual([]);
  expect((await fs.readdir(world.folder)).filter((one) => one.startsWith('.'))).toEqual([]);
  await fs.rm(file('dump'));
});

test.each(Object.entries(ways))('%s the size of a device is that of what is put on it', async (_, ask) => {
  await fs.writeFile(file('small'), 'abc');
  expect(await ask('block', 'add', 'anna:small', '--from', file('small'))).toMatchObject({ status: 0 });
  expect(JSON.parse((await ask('block', 'list', '--json')).out)).toEqual([
    { name: 'anna:small', size: 1, inUse: false },
  ]);
  expect(await ask('block', 'rm', 'anna:small')).toMatchObject({ status: 0 });
});

test.each<[string, string[], number, RegExp]>([
  ['no size', ['block', 'add', 'x'], 64, /no size given/],
  ['a path', ['block', 'add', 'x:', '--size', '1'], 64, /'x:': a path; name a block device/],
  ['a file that is not there', ['block', 'add', 'x', '--from', '/nonexistent'], 66, /no such file/],
  [
    'too small for its file',
    ['block', 'add', 'x', '--from', process.execPath, '--size', '1'],
    64,
    /MB at least/,
  ],
  ['none of that name', ['block', 'set', 'x', import.meta.filename], 69, /set block: not found/],
  ['none to dump', ['block', 'dump', 'x', '-o', 'y'], 69, /block device x: there is none/],
  ['none to remove', ['block', 'rm', 'x'], 69, /remove block: not found/],
  ['no file for a dump', ['block', 'dump', 'x'], 64, /no file given/],
  ['no image', ['image', 'get', 'x', '-o', 'y'], 69, /get: no unikernel found/],
])('is refused, and told why: %s', async (_, args, status, cause) => {
  const did = await ways['by the socket']?.(...args);
  expect(did).toMatchObject({ status, out: '', notes: expect.stringMatching(cause) as string });
});

test('a device is not left behind half filled', async () => {
  const ask = ways['by the socket'];
  // Its size is none, and it cannot be read from its beginning.
  expect(await ask?.('block', 'add', 'half', '--from', '/proc/self/mem')).toMatchObject({ status: 71 });
  expect(JSON.parse((await ask?.('block', 'list', '--json'))?.out ?? '')).toEqual([]);
});

test.each(Object.entries(ways))('%s an image comes as it is', async (way, ask) => {
  const name = `anna:${way.replaceAll(' ', '-')}`;
  await fs.writeFile(file('image'), IMAGE);
  expect(await ask('create', name, file('image'), '--mem', '16', '--cpu', '1')).toMatchObject({ status: 0 });
  expect(await ask('image', 'get', name, '-o', file('got'))).toMatchObject({ status: 0, notes: '' });
  expect((await fs.readFile(file('got'))).equals(IMAGE)).toBe(true);
  expect(await ask('image', 'get', name, '-o', file('got'))).toMatchObject({ status: 71 });
  expect(await ask('image', 'get', name, '-o', file('got'), '--force')).toMatchObject({ status: 0 });
  expect(await ask('rm', name)).toMatchObject({ status: 0 });
  await fs.rm(file('got'));
});
