// What people type about tokens.
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tokenOf } from '../../runtime/tokens.ts';
import { kittiwake } from './kittiwake.ts';

let tokens: string;
beforeAll(async () => {
  tokens = join(await fs.mkdtemp(join(tmpdir(), 'kittiwake-tokens-')), 'tokens');
});
afterAll(() => fs.rm(join(tokens, '..'), { recursive: true }));

const token = (...args: string[]): ReturnType<typeof kittiwake> =>
  kittiwake('token', ...args, '--tokens', tokens);
const create = (name: string, ...more: string[]): ReturnType<typeof kittiwake> =>
  token('create', name, '--scope', 'Team:', '--verbs', 'read,create,read', ...more);

test('a token is made, told once, listed, and revoked', async () => {
  expect((await token('list')).out).toBe('NAME  SCOPE  EXPIRES  VERBS\n');
  const { status, out, notes } = await create('ci', '--days', '2');
  expect([status, notes]).toEqual([0, '']);
  expect(tokenOf(tokens, out.trim())).toMatchObject({
    name: 'ci',
    scope: 'team:',
    verbs: ['read', 'create'],
  });
  const [listed] = JSON.parse((await token('list', '--json')).out) as { expires: string }[];
  const days = (Date.parse(listed?.expires ?? '') - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(1.9);
  expect(days).toBeLessThanOrEqual(2);
  expect((await token('list')).out).toMatch(/^ci {4}team: {2}\d{4}-\d\d-\d\dT[\d:]+Z {2}read,create$/m);
  expect(await create('ci')).toMatchObject({
    status: 64,
    notes: expect.stringContaining('revoke it first') as unknown,
  });
  expect(await token('revoke', 'ci')).toMatchObject({ status: 0, out: 'ci: is let in no more\n' });
  expect(tokenOf(tokens, out.trim())).toBeUndefined();
  expect(await token('revoke', 'ci')).toMatchObject({
    status: 66,
    notes: expect.stringContaining('there is none') as unknown,
  });
  expect(await fs.readdir(tokens)).toEqual([]);
});

test('what is kept can be read by kittiwaked-http, whatever the umask', async () => {
  const before = process.umask(0o077);
  try {
    const folder = join(tokens, '..', 'a', 'b');
    await kittiwake('token', 'create', 'ci', '--scope', ':', '--verbs', 'read', '--tokens', folder);
    const modes = await Promise.all(
      [join(folder, '..'), folder, join(folder, 'ci.json')].map(
        async (path) => (await fs.stat(path)).mode & 0o777,
      ),
    );
    expect(modes).toEqual([0o755, 0o755, 0o644]);
  } finally {
    process.umask(before);
  }
});

test.each([
  [['create', 'x', '--verbs', 'read'], '--scope'],
  [['create', 'x', '--scope', ':'], '--verbs'],
  [['create', 'x', '--scope', ':', '--verbs', 'read,fly'], "'fly' is none"],
  [['create', 'x', '--scope', 'a b', '--verbs', 'read'], 'a b'],
  [['create', '../x', '--scope', ':', '--verbs', 'read'], '../x'],
  [['create', 'x', '--scope', ':', '--verbs', 'read', '--days', '0'], '--days'],
  [['revoke', '../x'], '../x'],
  [['create'], 'takes NAME'],
])('%j makes no sense', async (args, reason) => {
  expect(await token(...args)).toMatchObject({
    status: 64,
    out: '',
    notes: expect.stringContaining(reason) as unknown,
  });
});
