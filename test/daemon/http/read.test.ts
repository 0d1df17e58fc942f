// What can be read by HTTP, of a daemon in memory: each answer is what the description says.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openapi } from '../../../runtime/api/openapi.ts';
import { operations, type Operation, type OperationId } from '../../../runtime/api/operations.ts';
import { PROBLEMS } from '../../../runtime/api/problems.ts';
import { Problem } from '../../../runtime/api/schemas.ts';
import { parseName } from '../../../runtime/protocol/name.ts';
import { Memory } from './memory.ts';

let memory: Memory;
let answer: (request: Request) => Promise<Response>;
beforeAll(async () => {
  memory = await Memory.begin();
  answer = memory.app();
  await memory.client.ask(parseName('team:data'), { kind: 'block', value: { kind: 'add', value: 2 } });
  const limits = { cpuids: [0], unikernels: 3, memory: 256, block: 10, bridges: ['service'] };
  await memory.client.ask({ path: ['team'] }, { kind: 'policy', value: { kind: 'add', value: limits } });
  await memory.create('hello', { arguments: ['--ipv4=10.0.0.2/24'] });
  await memory.create('team:web');
  await memory.create('team:quits', { failBehaviour: { kind: 'quit' } });
  memory.print(':hello', 'one\ntwo\nthree\n');
  memory.started.get('team:quits')?.end({ status: 7 });
});
afterAll(() => memory.end());

const get = (path: string, headers: HeadersInit = {}): Promise<Response> =>
  answer(new Request(`http://localhost${path}`, { headers }));

/** The JSON at `path`, which is what the description of `id` says. */
async function read(id: OperationId, path: string): Promise<unknown> {
  const response = await get(path);
  const value: unknown = await response.json();
  expect([path, response.status, response.headers.get('content-type')]).toEqual([
    path,
    200,
    'application/json',
  ]);
  const { answer: said }: Operation = operations[id];
  if (said.kind === 'json') expect(said.schema.parse(value)).toEqual(value);
  return value;
}

async function problem(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const found = Problem.parse(await response.json());
  expect(found.status).toBe(response.status);
  return found;
}

test('unikernels, and how they are', async () => {
  await expect
    .poll(() => read('getUnikernel', '/v1/unikernels/team:quits'))
    .toMatchObject({ state: 'ended', last: { status: 7 }, why: expect.stringContaining('7') as unknown });
  expect(await read('listUnikernels', '/v1/unikernels')).toMatchObject({
    items: [{ name: 'hello' }, { name: 'team:quits' }, { name: 'team:web', state: 'running', pid: 4321 }],
  });
  expect(await read('listUnikernels', '/v1/unikernels?scope=team:')).toMatchObject({
    items: [{ name: 'team:quits' }, { name: 'team:web' }],
  });
  expect(await read('getUnikernel', '/v1/unikernels/hello')).toMatchObject({
    ...{ name: 'hello', memory: 32, cpus: [0], arguments: ['--ipv4=10.0.0.2/24'], restart: 'always' },
    digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
  });
});

test('pages of a list follow each other', async () => {
  const first = (await read('listUnikernels', '/v1/unikernels?limit=2')) as {
    items: unknown[];
    next: string;
  };
  expect(first).toMatchObject({ items: [{ name: 'hello' }, { name: 'team:quits' }], next: 'team:quits' });
  const second = await read('listUnikernels', `/v1/unikernels?limit=2&after=${first.next}`);
  expect(second).toMatchObject({ items: [{ name: 'team:web' }] });
  expect(second).not.toHaveProperty('next');
});

test('consoles', async () => {
  const console = (await read('getConsole', '/v1/unikernels/hello/console?lines=2')) as { lines: object[] };
  expect(console.lines).toMatchObject([{ line: 'two' }, { line: 'three' }]);
  expect(await read('listInactiveConsoles', '/v1/inactive-consoles')).toEqual({ items: ['team:quits'] });
});

test('block devices and policies', async () => {
  expect(await read('listBlocks', '/v1/blocks')).toEqual({
    items: [{ name: 'team:data', size: 2, inUse: false }],
  });
  expect(await read('getBlock', '/v1/blocks/team:data')).toMatchObject({ size: 2 });
  const team = { path: 'team:', unikernels: 3, memory: 256, block: 10, cpus: [0], bridges: ['service'] };
  expect(await read('getPolicy', '/v1/policies/team')).toEqual(team);
  expect(await read('getPolicy', '/v1/policies/:')).toMatchObject({ path: ':', unikernels: null });
  expect(await read('listPolicies', '/v1/policies?path=team')).toEqual({ items: [team] });
  expect(await read('listPolicies', '/v1/policies?path=nobody')).toEqual({ items: [] });
});

test('what it says of itself', async () => {
  expect(await read('getHealth', '/v1/health')).toEqual({ status: 'ok' });
  expect(await read('getVersion', '/v1/version')).toMatchObject({ api: 'v1' });
  expect(await read('getDescription', '/v1/openapi.json')).toEqual(openapi('from source'));
  for (const kind of Object.keys(PROBLEMS))
    expect(await (await get(`/v1/problems/${kind}`)).text()).toContain(PROBLEMS[kind as 'policy'][1]);
});

test('what has not changed is not sent again', async () => {
  const first = await get('/v1/unikernels/hello');
  const tag = first.headers.get('etag') ?? '';
  const again = await get('/v1/unikernels/hello', { 'If-None-Match': tag });
  expect([again.status, await again.text()]).toEqual([304, '']);
  expect((await get('/v1/unikernels/team:web', { 'If-None-Match': tag })).status).toBe(200);
});

describe('what makes no sense is refused, with the reason', () => {
  test.each([
    ['/v1/unikernels/nobody', 404, 'unikernel :nobody: there is none'],
    ['/v1/blocks/nobody', 404, 'block device :nobody: there is none'],
    ['/v1/policies/nobody', 404, 'policy of nobody:: there is none'],
    ['/v1/unikernels/nobody/console', 404, 'unikernel :nobody: there is none'],
    ['/v1/problems/toString', 404, 'there is no such problem'],
    ['/v1/nothing', 404, 'there is no such resource'],
    ['/', 404, 'there is no such resource'],
    ['/v1/unikernels/..%2f..%2fetc', 400, 'name: '],
    ['/v1/unikernels/team:', 400, 'name: '],
    ['/v1/unikernels/-rf', 400, 'name: '],
    ['/v1/unikernels/%00', 400, 'name: '],
    ['/v1/unikernels/a%0ab', 400, 'name: '],
    [`/v1/unikernels/${'a:'.repeat(40)}a`, 400, '32 is the most'],
    ['/v1/unikernels?limit=0', 400, 'query.limit'],
    ['/v1/unikernels?limit=1e9', 400, 'query.limit'],
    ['/v1/unikernels?limit=x', 400, 'query.limit'],
    ['/v1/unikernels?limit=1&limit=2', 400, 'query.limit: given twice'],
    ['/v1/unikernels?__proto__=1', 400, 'query'],
    ['/v1/unikernels?what=1', 400, 'query'],
    ['/v1/unikernels/hello?scope=:', 400, 'query'],
    ['/v1/unikernels?scope=a b', 400, 'query.scope'],
    ['/v1/unikernels/hello/console?lines=1025', 400, 'query.lines'],
  ])('%s', async (path, status, reason) => {
    const response = await get(path);
    const { detail, type } = await problem(response);
    expect([response.status, detail]).toEqual([status, expect.stringContaining(reason)]);
    expect(Object.keys(PROBLEMS).map((kind) => `/v1/problems/${kind}`)).toContain(type);
  });

  test('a method that a resource does not have', async () => {
    const response = await answer(new Request('http://localhost/v1/version', { method: 'DELETE' }));
    expect(await problem(response)).toMatchObject({ status: 405 });
    expect(response.headers.get('allow')).toBe('GET');
  });
});

test('where no daemon is, that is what is said', async () => {
  const other = await Memory.begin();
  const ask = other.app();
  await other.end();
  const response = await ask(new Request('http://localhost/v1/health'));
  expect(await problem(response)).toMatchObject({
    status: 503,
    detail: expect.stringContaining('no kittiwaked') as unknown,
  });
});
