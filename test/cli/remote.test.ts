// What people type about remotes: names for orchestrators elsewhere.
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listRemotes, remoteOf, remotesFolder } from '../../runtime/client/remotes.ts';
import { seeded } from '../random.ts';
import { kittiwake } from './kittiwake.ts';

let folder: string;
let ca: string;
const before = process.env['XDG_CONFIG_HOME'];
beforeAll(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'kittiwake-remotes-'));
  ca = join(folder, 'ca');
  process.env['XDG_CONFIG_HOME'] = join(folder, 'config');
  expect(await kittiwake('ca', 'init', ca, '--server', 'lab')).toMatchObject({ status: 0 });
});
afterAll(async () => {
  if (before === undefined) delete process.env['XDG_CONFIG_HOME'];
  else process.env['XDG_CONFIG_HOME'] = before;
  await fs.rm(folder, { recursive: true });
});

const remote = (...args: string[]): ReturnType<typeof kittiwake> => kittiwake('remote', ...args);
const add = (name: string, host: string, ...more: string[]): ReturnType<typeof kittiwake> =>
  remote('add', name, host, '--identity', ca, ...more);

test('a remote is added, listed, asked, and forgotten', async () => {
  expect((await remote('list')).out).toBe('NAME  HOST  IDENTITY  SERVER NAME\n');
  expect(await add('lab', '127.0.0.1:1', '--server-name', 'lab.example')).toMatchObject({
    ...{ status: 0, notes: '', out: `lab: 127.0.0.1:1, asked as ${ca} says\n` },
  });
  const kept = { name: 'lab', address: '127.0.0.1:1', identity: ca, serverName: 'lab.example' };
  expect(JSON.parse((await remote('list', '--json')).out)).toEqual([kept]);
  expect((await remote('list')).out).toContain(`lab   127.0.0.1:1  ${ca}`);
  // Nobody serves there, so it was asked there.
  expect(await kittiwake('ps', '--remote', 'lab')).toMatchObject({
    ...{ status: 69, notes: expect.stringMatching(/^127\.0\.0\.1:1: nobody serves there/) as unknown },
  });
  expect(await remote('rm', 'lab')).toMatchObject({ status: 0, out: 'lab: is forgotten\n' });
  expect((await remote('list')).out).toBe('NAME  HOST  IDENTITY  SERVER NAME\n');
  expect(await kittiwake('ps', '--remote', 'lab')).toMatchObject({
    ...{ status: 64, notes: expect.stringMatching(/no remote has that name, and no --identity/) as unknown },
  });
});

test('an option says otherwise than the remote does', async () => {
  await add('other', '127.0.0.1:1');
  const did = await kittiwake('ps', '--remote', 'other', '--identity', '/nonexistent');
  expect(did).toMatchObject({ status: 66, notes: expect.stringMatching(/^\/nonexistent\//) as unknown });
  await remote('rm', 'other');
});

test.each<[string, () => ReturnType<typeof kittiwake>, number, RegExp]>([
  ['no identity', () => remote('add', 'x', 'host'), 64, /no --identity given/],
  ['no certificates', () => remote('add', 'x', 'host', '--identity', '/nonexistent'), 66, /there is none/],
  ['no address', () => add('x', 'a:b:c'), 64, /'a:b:c' is no address/],
  ['no name', () => add('../x', 'host'), 64, /\.\.\/x/],
  ['nothing more', () => remote('add', 'x'), 64, /takes NAME HOST/],
  ['one that is not there', () => remote('rm', 'x'), 66, /remote x: there is none/],
])('is refused: %s', async (_, asked, status, cause) => {
  const did = await asked();
  expect(did.notes).toMatch(cause);
  expect(did).toMatchObject({ status, out: '' });
  expect(await listRemotes(remotesFolder(), () => undefined)).toEqual([]);
});

test('a name is taken once, and what has it stays', async () => {
  await add('twice', 'one.example');
  expect(await add('twice', 'two.example')).toMatchObject({
    ...{ status: 64, notes: expect.stringMatching(/there is one; remove it first/) as unknown },
  });
  expect(await remoteOf(remotesFolder(), 'twice')).toEqual({ address: 'one.example', identity: ca });
  expect(await fs.readdir(remotesFolder())).toEqual(['twice.json']);
  await remote('rm', 'twice');
});

test('a file that is none is named with what to do, and hides no other', async () => {
  await add('good', 'host.example');
  const file = join(remotesFolder(), 'bad.json');
  const whole = JSON.stringify({ address: 'host', identity: '/ca' });
  const below = seeded(20261121);
  const damaged = Array.from({ length: 200 }, () => {
    const cut = Buffer.from(whole).subarray(0, below(whole.length));
    if (cut.length > 0) cut[below(cut.length)] = below(256);
    return cut;
  });
  for (const bytes of [...damaged, '[]', '{"address":"h","identity":"relative"}', ' '.repeat(20_000)]) {
    await fs.writeFile(file, bytes);
    const { out, notes, status } = await remote('list');
    expect({ status, good: out.includes('good'), bad: out.includes('bad') }).toEqual({
      ...{ status: 0, good: true, bad: false },
    });
    expect(notes).toContain(`${file}: it says nothing about a remote; remove it, and add that again`);
  }
  expect(await kittiwake('ps', '--remote', 'bad')).toMatchObject({ status: 66 });
  await fs.rm(file);
  await remote('rm', 'good');
});

test('remotes are in the folder that is meant for such files', () => {
  expect(remotesFolder({ XDG_CONFIG_HOME: '/c' })).toBe('/c/kittiwake/remotes');
  expect(remotesFolder({ XDG_CONFIG_HOME: 'relative' })).toMatch(/^\/.*\/\.config\/kittiwake\/remotes$/);
});
