// Who may ask for what by TCP: tokens and certificates, and what each of them is good for.
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keyOf } from '../../../runtime/protocol/fingerprint.ts';
import { issueLeaf, issueRoot, newKeys } from '../../../runtime/protocol/issue.ts';
import { listTokens, removeToken } from '../../../runtime/tokens.ts';
import { HOST, INFO, pem, pems } from '../tls/world.ts';
import { ask, LATER, TcpWorld, type Answer } from './tcp-world.ts';

let world: TcpWorld;
let port = 0;
beforeEach(async () => {
  world = await TcpWorld.begin();
  port = await world.listen(true);
  await world.memory.create('hello');
  await world.memory.create('team:web');
});
afterEach(() => world.end());

const TEAM = { cpuids: [0], unikernels: 3, memory: 128, block: 10, bridges: [] };

type Given = Parameters<typeof ask>[3];
const get = (path: string, given: Given = {}): Promise<Answer> =>
  ask(port, pems(world.root.certificate), path, given);
const by = (token: string): { headers: Record<string, string> } => ({
  headers: { Authorization: `Bearer ${token}` },
});
const put = (path: string, value: unknown, given: NonNullable<Given>): Promise<Answer> =>
  get(path, {
    ...given,
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', ...given.headers },
    body: JSON.stringify(value),
  });

test('nobody is told anything who shows neither', async () => {
  for (const path of ['/v1/version', '/v1/unikernels', '/v1/nothing', '/v1/openapi.json']) {
    const { status, headers, json } = await get(path);
    expect([status, headers['www-authenticate'], json['type']]).toEqual([
      401,
      'Bearer',
      '/v1/problems/unauthorized',
    ]);
  }
});

describe('a token', () => {
  test('allows its verbs, at and below its scope, and nothing else', async () => {
    const token = await world.token('ci', 'team:', ['read', 'policy', 'block']);
    const tried: [string, string, number][] = [
      ['GET', '/v1/version', 200],
      ['GET', '/v1/unikernels?scope=team:', 200],
      ['GET', '/v1/unikernels/team:web', 200],
      ['GET', '/v1/unikernels', 403],
      ['GET', '/v1/unikernels?scope=team', 403],
      ['GET', '/v1/unikernels/hello', 403],
      ['GET', '/v1/unikernels/nobody', 403],
      ['GET', '/v1/unikernels/teamx:web', 403],
      ['GET', '/v1/unikernels/team:web/console', 403],
      ['GET', '/v1/unikernels/team:web/image', 403],
      ['DELETE', '/v1/unikernels/team:web', 403],
      ['POST', '/v1/unikernels/team:web/restart', 403],
      ['POST', '/v1/unikernels/team:web/stop', 403],
      ['GET', '/v1/events', 403],
      ['GET', '/v1/policies', 403],
      ['GET', '/v1/policies/team', 404],
      ['DELETE', '/v1/policies/team', 403],
      ['DELETE', '/v1/policies/team:a', 404],
      ['DELETE', '/v1/policies/:', 403],
      ['GET', '/v1/blocks/team:a', 404],
      ['GET', '/v1/blocks/a', 403],
    ];
    for (const [method, path, status] of tried)
      expect([method, path, (await get(path, { method, ...by(token) })).status]).toEqual([
        method,
        path,
        status,
      ]);
    expect([...world.memory.started.keys()].sort()).toEqual([':hello', 'team:web']);
  });

  test('of a path does not set the limits of that path, and makes nothing where none are set', async () => {
    const token = await world.token('ci', 'team:', ['policy', 'create', 'read', 'block']);
    const limits = { unikernels: 1, memory: 64 };
    const own = await put('/v1/policies/team', limits, by(token));
    expect([own.status, own.json['policy']]).toEqual([403, 'team:']);
    const block = await put('/v1/blocks/team:sub:data', { size: 1 }, by(token));
    expect([block.status, block.json['policy']]).toEqual([403, 'team:sub:']);
    expect((await put('/v1/policies/team:sub', { ...limits, block: 1 }, by(token))).status).toBe(201);
    expect((await put('/v1/blocks/team:sub:data', { size: 1 }, by(token))).status).toBe(201);
  });

  test('does not make a unikernel of an image it may not see', async () => {
    const token = await world.token('ci', 'other:', ['create', 'read']);
    const { json } = await get('/v1/unikernels/hello', by(await world.token('all', ':', ['read'])));
    const made = await put('/v1/unikernels/other:a', { digest: json['digest'] }, by(token));
    expect([made.status, made.json['detail']]).toEqual([
      422,
      expect.stringContaining('send the image itself'),
    ]);
  });

  test('is none where it is wrong, has expired, or was revoked', async () => {
    const token = await world.token('ci', ':', ['read']);
    const old = await world.token('old', ':', ['read'], new Date(Date.now() - 1000).toISOString());
    expect((await get('/v1/unikernels', by(token))).status).toBe(200);
    const wrong = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
    for (const bad of [
      old,
      wrong,
      token.replace('_ci_', '_all_'),
      token.replace('_ci_', '_../ci_'),
      `${token} x`,
      '',
      'kwt__',
    ]) {
      const { status, headers, text } = await get('/v1/unikernels', by(bad));
      expect([bad, status, headers['www-authenticate']]).toEqual([bad, 401, 'Bearer error="invalid_token"']);
      expect(text).not.toContain(token.slice(-20));
    }
    expect((await get('/v1/unikernels', { headers: { Authorization: 'Basic YTpi' } })).status).toBe(401);
    // Nor is it anywhere. What is secret of it may have a `_` of its own.
    const secret = token.slice('kwt_ci_'.length);
    expect(secret).toHaveLength(43);
    expect((await fs.readdir(world.tokens)).sort()).toEqual(['ci.json', 'old.json']);
    for (const file of ['ci.json', 'old.json'])
      expect(await fs.readFile(join(world.tokens, file), 'utf8')).not.toContain(secret);
    await removeToken(world.tokens, 'ci');
    expect((await get('/v1/unikernels', by(token))).status).toBe(401);
    expect(world.memory.log.join('\n')).not.toContain(secret);
  });

  test('that is damaged lets nobody in, and is named', async () => {
    const token = await world.token('ci', ':', ['read']);
    for (const text of [
      '',
      '{}',
      '{"hash":',
      JSON.stringify({ hash: 'a', scope: ':', verbs: ['read'], created: LATER, expires: LATER }),
    ]) {
      await fs.writeFile(join(world.tokens, 'ci.json'), text);
      expect((await get('/v1/unikernels', by(token))).status).toBe(401);
    }
    const damaged: string[] = [];
    expect(await listTokens(world.tokens, (line) => damaged.push(line))).toEqual([]);
    expect(damaged).toEqual([expect.stringContaining('ci.json: it is no token')]);
  });
});

describe('certificates of an authority', () => {
  test('allow what is at and below its path, within its policies', async () => {
    const team = world.authority(world.root, 'team', TEAM);
    const shown = world.shown(team);
    expect((await get('/v1/unikernels?scope=team:', { shown })).json).toMatchObject({
      items: [{ name: 'team:web' }],
    });
    expect((await get('/v1/unikernels/hello', { shown })).status).toBe(403);
    // Its policy was made known by that.
    expect((await get('/v1/policies/team', { shown })).json).toMatchObject({ unikernels: 3, memory: 128 });
    expect((await put('/v1/policies/team', { unikernels: 99, memory: 999 }, { shown })).status).toBe(403);
    const block = await put('/v1/blocks/team:data', { size: 11 }, { shown });
    expect([block.status, block.json['policy']]).toEqual([403, 'team:']);
    expect((await put('/v1/blocks/team:data', { size: 10 }, { shown })).status).toBe(201);
  });

  test('of one below another are for that path, and cannot exceed the other', async () => {
    const team = world.authority(world.root, 'team', TEAM);
    const sub = world.authority({ ...team, policy: HOST }, 'sub', { ...TEAM, block: 20 });
    const shown = world.shown(sub, team);
    expect((await get('/v1/unikernels/team:web', { shown })).status).toBe(403);
    const block = await put('/v1/blocks/team:sub:data', { size: 11 }, { shown });
    expect([block.status, block.json['detail']]).toEqual([403, expect.stringContaining('policy of team:')]);
    expect((await put('/v1/blocks/team:sub:data', { size: 1 }, { shown })).status).toBe(403);
  });

  test('of the root allow everything', async () => {
    const shown = world.shown(world.root);
    expect((await get('/v1/unikernels', { shown })).json).toMatchObject({
      items: [{ name: 'hello' }, { name: 'team:web' }],
    });
  });

  test('are none where they are of another root, are no authority, or were revoked', async () => {
    const keys = newKeys();
    const other = { certificate: issueRoot('root', keys), key: keys.privateKey };
    const foreign = world.authority(other, 'team', TEAM);
    const refused = async (shown: { cert: string; key: string }): Promise<unknown> => {
      const { status, json } = await get('/v1/unikernels?scope=team:', { shown });
      return [status, json['detail']];
    };
    expect(await refused(world.shown(foreign))).toEqual([401, expect.stringContaining('certificate')]);
    expect(await refused(world.shown(foreign, other))).toEqual([401, expect.stringContaining('certificate')]);
    const team = world.authority(world.root, 'team', TEAM);
    const { publicKey, privateKey } = newKeys();
    const leaf = issueLeaf(team, 'web', publicKey, INFO);
    expect(await refused({ cert: pems(leaf, team.certificate), key: pem(privateKey) })).toEqual([
      400,
      expect.stringContaining('an authority has a policy, and no other command'),
    ]);
    expect((await get('/v1/unikernels?scope=team:', { shown: world.shown(team) })).status).toBe(200);
    await fs.writeFile(world.revoked, `key ${keyOf(team.certificate)}\n`);
    expect(await refused(world.shown(team))).toEqual([401, expect.stringContaining('was revoked')]);
    await fs.rm(world.revoked);
    expect(await refused(world.shown(team))).toEqual([401, expect.stringContaining('cannot be told')]);
  });
});

test('who listens with a token that is revoked listens no longer', { timeout: 60_000 }, async () => {
  const token = await world.token('ci', ':', ['read', 'console']);
  const { promise: begun, resolve } = Promise.withResolvers<undefined>();
  const listening = get('/v1/unikernels/hello/console/events', {
    ...by(token),
    begun: () => resolve(undefined),
  });
  await begun;
  await removeToken(world.tokens, 'ci');
  // It ends, and says no more: nothing was printed.
  expect((await listening).text).toMatch(/^retry: \d+\n\n$/);
});
