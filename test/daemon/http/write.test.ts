// What can be changed by HTTP, of a daemon in memory.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Done, Problem } from '../../../runtime/api/schemas.ts';
import { formatName, parseName } from '../../../runtime/protocol/name.ts';
import { HOST, IMAGE } from '../tls/world.ts';
import { Memory } from './memory.ts';

let memory: Memory;
let answer: (request: Request) => Promise<Response>;
beforeEach(async () => {
  memory = await Memory.begin();
  answer = memory.app();
});
afterEach(() => memory.end());

type Sent = { readonly json?: unknown; readonly body?: BodyInit; readonly headers?: Record<string, string> };

function send(method: string, path: string, { json, body, headers = {} }: Sent = {}): Promise<Response> {
  const sent = json === undefined ? body : JSON.stringify(json);
  const type = json === undefined ? {} : { 'Content-Type': 'application/json' };
  return answer(
    new Request(`http://localhost${path}`, {
      ...{ method, headers: { ...type, ...headers }, duplex: 'half' },
      ...(sent === undefined ? {} : { body: sent }),
    }),
  );
}

async function did(response: Response): Promise<[number, string]> {
  return [response.status, Done.parse(await response.json()).done];
}
async function refused(response: Response): Promise<[number, string]> {
  return [response.status, Problem.parse(await response.json()).detail];
}

function form(settings: unknown, image: Uint8Array = IMAGE): FormData {
  const made = new FormData();
  made.set('settings', new Blob([JSON.stringify(settings)], { type: 'application/json' }));
  made.set('image', new Blob([new Uint8Array(image)]), 'image.spt');
  return made;
}

describe('unikernels', () => {
  test('are made with an image, replaced, and made again of the same image by its digest', async () => {
    const settings = {
      memory: 40,
      arguments: ['--a=1'],
      addName: true,
      restart: 'no',
      startOrder: 7,
      cpus: [0],
    };
    expect(await did(await send('PUT', '/v1/unikernels/team:a', { body: form(settings) }))).toEqual([
      201,
      'force created unikernel',
    ]);
    const shown = (await (await send('GET', '/v1/unikernels/team:a')).json()) as { digest: string };
    expect(shown).toMatchObject({ name: 'team:a', ...settings });
    expect(memory.started.get('team:a')?.unikernel.config).toMatchObject({
      memory: 40,
      startup: 7,
      addName: true,
    });
    expect((await send('PUT', '/v1/unikernels/team:a', { body: form({}) })).status).toBe(200);
    const { digest } = shown;
    expect(await did(await send('PUT', '/v1/unikernels/b', { json: { digest } }))).toEqual([
      201,
      'force created unikernel',
    ]);
    // All CPUs that the policies allow, where none are named.
    expect(memory.started.get(':b')?.unikernel).toMatchObject({
      digest,
      config: { memory: 64, cpuids: HOST.cpuids, failBehaviour: { kind: 'restart', value: [2, 255] } },
    });
    const image = await send('GET', '/v1/unikernels/b/image');
    expect([image.headers.get('etag'), new Uint8Array(await image.arrayBuffer())]).toEqual([
      `"${digest}"`,
      new Uint8Array(IMAGE),
    ]);
  });

  test('are made only where there is none, or replaced only as they were seen', async () => {
    const none = { 'If-None-Match': '*' };
    expect(await did(await send('PUT', '/v1/unikernels/a', { body: form({}), headers: none }))).toEqual([
      201,
      'created unikernel',
    ]);
    expect(await refused(await send('PUT', '/v1/unikernels/a', { body: form({}), headers: none }))).toEqual([
      412,
      'If-None-Match: it is there already',
    ]);
    const tag = (await send('GET', '/v1/unikernels/a')).headers.get('etag') ?? '';
    const asSeen = { 'If-Match': tag };
    expect(
      (await send('PUT', '/v1/unikernels/a', { body: form({ memory: 16 }), headers: asSeen })).status,
    ).toBe(200);
    for (const [method, path] of [
      ['PUT', '/v1/unikernels/a'],
      ['DELETE', '/v1/unikernels/a'],
      ['POST', '/v1/unikernels/a/restart'],
      ['POST', '/v1/unikernels/a/stop'],
    ] as const)
      expect((await send(method, path, { headers: asSeen })).status).toBe(412);
    expect((await send('DELETE', '/v1/unikernels/gone', { headers: { 'If-Match': '*' } })).status).toBe(412);
  });

  test('are restarted with some other settings, and keep the others', async () => {
    await memory.create('a', { arguments: ['x'], memory: 20, failBehaviour: { kind: 'quit' } });
    expect(await did(await send('POST', '/v1/unikernels/a/restart'))).toEqual([200, 'restarted unikernel']);
    expect(
      await did(await send('POST', '/v1/unikernels/a/restart', { json: { arguments: ['y', 'z'] } })),
    ).toEqual([200, 'restarted unikernel']);
    expect(memory.started.get(':a')?.unikernel.config).toMatchObject({
      ...{ arguments: ['y', 'z'], memory: 20, failBehaviour: { kind: 'quit' }, addName: true, cpuids: [0] },
    });
    expect(await refused(await send('POST', '/v1/unikernels/b/restart'))).toEqual([
      404,
      'restart: not found',
    ]);
  });

  test('are stopped, listed as ended, and forgotten', async () => {
    await memory.create('a');
    expect(await did(await send('POST', '/v1/unikernels/a/stop'))).toEqual([200, 'stopped unikernel']);
    expect(await (await send('GET', '/v1/unikernels/a')).json()).toMatchObject({ state: 'ended' });
    expect((await send('POST', '/v1/unikernels/a/stop')).status).toBe(409);
    expect(await did(await send('DELETE', '/v1/unikernels/a'))).toEqual([200, 'destroyed unikernel']);
    expect((await send('GET', '/v1/unikernels/a')).status).toBe(404);
    expect(await refused(await send('DELETE', '/v1/unikernels/a'))).toEqual([404, 'destroy: not found']);
  });

  test('are refused with the policy that is in the way', async () => {
    const limits = { unikernels: 1, memory: 32, cpus: [0] };
    expect((await send('PUT', '/v1/policies/team', { json: limits })).status).toBe(201);
    const response = await send('PUT', '/v1/unikernels/team:a', { body: form({ cpus: [0] }) });
    expect(Problem.parse(await response.json())).toEqual({
      ...{ type: '/v1/problems/policy', title: 'A policy is in the way', status: 403, policy: 'team:' },
      detail: 'policy of team: allows 32 MB of memory: 0 MB in use, 64 MB more wanted',
    });
  });

  test.each([
    ['no form', { body: 'x', headers: { 'Content-Type': 'multipart/form-data; boundary=x' } }, 400, 'body: '],
    ['no boundary', { body: 'x', headers: { 'Content-Type': 'multipart/form-data' } }, 400, 'body: '],
    ['another type', { body: '{}', headers: { 'Content-Type': 'text/plain' } }, 415, 'body: '],
    ['nothing', {}, 400, 'body: '],
    ['no JSON', { body: '{', headers: { 'Content-Type': 'application/json' } }, 400, 'body: it is not JSON'],
    ['no digest', { json: {} }, 400, 'body.digest: '],
    ['an unknown digest', { json: { digest: 'a'.repeat(64) } }, 422, 'send the image itself'],
    ['an unknown setting', { json: { digest: 'a'.repeat(64), memroy: 4 } }, 400, 'memroy'],
    ['a setting of another type', { json: { digest: 'a'.repeat(64), memory: '4' } }, 400, 'body.memory'],
    ['a MAC that is none', { json: { networks: [{ name: 'a', mac: 'x' }] } }, 400, 'body.networks.0.mac'],
    ['no image', { body: form({}, new Uint8Array(0)) }, 422, 'image'],
    ['what is no image', { body: form({}, new Uint8Array(100)) }, 422, 'image'],
    ['an image of another digest', { body: form({ digest: 'a'.repeat(64) }) }, 422, 'not the digest'],
    [
      'a device it does not want',
      { body: form({ networks: [{ name: 'x', bridge: 'service' }] }) },
      422,
      'wants none',
    ],
  ])('are not made of %s', async (_, sent, status, reason) => {
    const response = await send('PUT', '/v1/unikernels/a', sent);
    expect(await refused(response)).toEqual([status, expect.stringContaining(reason)]);
    expect(memory.started.size).toBe(0);
  });

  test('a body larger than an image may be is refused before all of it has come', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 1 << 20;
        controller.enqueue(new Uint8Array(1 << 20).fill(97));
      },
    });
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x' };
    const response = await send('PUT', '/v1/unikernels/a', { body: endless, headers });
    expect(await refused(response)).toEqual([413, expect.stringContaining('body: ')]);
    expect(sent).toBeLessThan(80 << 20);
    // What it held is free again.
    expect((await send('PUT', '/v1/unikernels/a', { body: form({}, Buffer.alloc(60 << 20)) })).status).toBe(
      422,
    );
  });
});

describe('policies', () => {
  test('are set, shown, and removed', async () => {
    const policy = { unikernels: 2, memory: 64, block: null, cpus: [0, 1], bridges: ['service'] };
    expect(await did(await send('PUT', '/v1/policies/team', { json: policy }))).toEqual([
      201,
      'added policy',
    ]);
    expect(await (await send('GET', '/v1/policies/team')).json()).toEqual({ path: 'team:', ...policy });
    expect((await send('PUT', '/v1/policies/team', { json: { unikernels: null, memory: 64 } })).status).toBe(
      200,
    );
    expect(await did(await send('DELETE', '/v1/policies/team'))).toEqual([200, 'removed policy']);
    expect(await refused(await send('DELETE', '/v1/policies/team'))).toEqual([404, 'unknown policy']);
    const root = await send('PUT', '/v1/policies/:', { json: { unikernels: 1, memory: 1 } });
    expect(await refused(root)).toEqual([403, expect.stringContaining('what the host has')]);
  });
});

describe('block devices', () => {
  const data = (name: string): Promise<Response> => send('GET', `/v1/blocks/${name}/data`);

  test('are made, filled, read and removed', async () => {
    expect(await did(await send('PUT', '/v1/blocks/a', { json: { size: 2 } }))).toEqual([
      201,
      'added block device',
    ]);
    expect(await did(await send('PUT', '/v1/blocks/a', { json: { size: 2 } }))).toEqual([
      200,
      'is there already',
    ]);
    expect((await send('PUT', '/v1/blocks/a', { json: { size: 3 } })).status).toBe(409);
    expect((await send('PUT', '/v1/blocks/a/data', { body: 'hello' })).status).toBe(200);
    const read = Buffer.from(await (await data('a')).arrayBuffer());
    expect([read.length, read.toString('latin1', 0, 6)]).toEqual([2 << 20, 'hello\0']);
    expect(
      await refused(await send('PUT', '/v1/blocks/a/data', { body: Buffer.alloc((2 << 20) + 1) })),
    ).toEqual([413, expect.stringContaining(String(2 << 20))]);
    // What was there is there still.
    expect(Buffer.from(await (await data('a')).arrayBuffer()).equals(read)).toBe(true);
    expect((await send('DELETE', '/v1/blocks/a')).status).toBe(200);
    expect((await data('a')).status).toBe(404);
    expect(await refused(await send('DELETE', '/v1/blocks/a'))).toEqual([404, 'remove block: not found']);
  });

  test('an upload that breaks off changes nothing', async () => {
    await send('PUT', '/v1/blocks/a', { json: { size: 1 } });
    await send('PUT', '/v1/blocks/a/data', { body: 'before' });
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from('after'));
        controller.error(new Error('gone'));
      },
    });
    expect((await send('PUT', '/v1/blocks/a/data', { body: broken })).ok).toBe(false);
    await expect
      .poll(async () => Buffer.from(await (await data('a')).arrayBuffer()).toString('latin1', 0, 6))
      .toBe('before');
  });
});

test('names are lower case, whatever is asked with', async () => {
  await send('PUT', '/v1/unikernels/Team:A', { body: form({}) });
  expect([...memory.started.keys()]).toEqual([formatName(parseName('team:a'))]);
});
