// The typed client, against the API before a daemon in memory; and what it makes of streams of events.
import { afterEach, beforeEach, expect, expectTypeOf, test } from 'vitest';
import { HttpClient, HttpError } from '../../runtime/client/http.ts';
import { serverSentEvents } from '../../runtime/client/sse.ts';
import type { Unikernel } from '../../runtime/api/schemas.ts';
import { Memory } from '../daemon/http/memory.ts';
import { IMAGE } from '../daemon/tls/world.ts';

let memory: Memory;
let client: HttpClient;
beforeEach(async () => {
  memory = await Memory.begin();
  client = new HttpClient({ base: 'http://localhost', fetch: memory.app() });
});
afterEach(() => memory.end());

test('a unikernel over its life', async () => {
  const made = await client.call('putUnikernel', {
    name: 'team:a',
    body: { settings: { memory: 32, arguments: ['x'] }, image: new Uint8Array(IMAGE) },
    ifNoneMatch: '*',
  });
  expect(made).toEqual({ name: 'team:a', done: 'created unikernel' });
  const shown = await client.call('getUnikernel', { name: 'team:a' });
  expectTypeOf(shown).toEqualTypeOf<Unikernel>();
  expect(shown).toMatchObject({ state: 'running', memory: 32 });
  await client.call('putUnikernel', { name: 'b', body: { settings: { digest: shown.digest } } });
  const { items } = await client.call('listUnikernels', { query: { scope: ':', limit: 1 } });
  expect(items.map(({ name }) => name)).toEqual(['b']);
  expect(await new Response(await client.call('getImage', { name: 'b' })).bytes()).toEqual(
    new Uint8Array(IMAGE),
  );
  await client.call('restartUnikernel', { name: 'b', body: { arguments: ['y'] } });
  await client.call('restartUnikernel', { name: 'b' });
  expect(await client.call('getStatistics', { name: 'b' })).toMatchObject({ name: 'b' });
  expect(await client.call('getMetrics', {})).toContain(
    'kittiwake_unikernel_state{name="b",state="running"} 1\n',
  );
  await client.call('deleteUnikernel', { name: 'b' });
  const refused = client.call('getUnikernel', { name: 'b' });
  await expect(refused).rejects.toThrow(HttpError);
  await expect(refused).rejects.toMatchObject({ problem: { status: 404, type: '/v1/problems/not-found' } });
});

test('a block device, and what is on it', async () => {
  await client.call('putBlock', { name: 'a', body: { size: 1 } });
  await client.call('putBlockData', { name: 'a', body: new TextEncoder().encode('hello') });
  const data = await new Response(await client.call('getBlockData', { name: 'a' })).bytes();
  expect([data.length, Buffer.from(data).toString('latin1', 0, 5)]).toEqual([1 << 20, 'hello']);
});

test('a console is followed, and gone on with after what was had', async () => {
  await memory.create('a');
  memory.print(':a', 'one\ntwo\n');
  let last = '';
  for await (const { id, data } of client.follow('followConsole', { name: 'a', query: { lines: 10 } })) {
    expectTypeOf(data.line).toBeString();
    last = id ?? '';
    if (data.line === 'two') break;
  }
  memory.print(':a', 'three\n');
  const found: string[] = [];
  for await (const { data } of client.follow('followConsole', { name: 'a', lastEventId: last })) {
    found.push(data.line);
    break;
  }
  expect(found).toEqual(['three']);
  await expect.poll(() => memory.listeners).toBe(0);
});

test('statistics come with their names, until nobody wants them', async () => {
  await memory.create('team:a');
  await memory.create('b');
  for await (const { data } of client.follow('followStatistics', { query: { scope: 'team:' } })) {
    expect(data.name).toBe('team:a');
    break;
  }
  await expect.poll(() => memory.listeners).toBe(0);
});

test('types: what an operation does not take cannot be said', () => {
  const never = async (): Promise<void> => {
    // @ts-expect-error It has a name.
    await client.call('getUnikernel', {});
    // @ts-expect-error Streams are followed.
    await client.call('followConsole', { name: 'a' });
    // @ts-expect-error Sizes are numbers.
    await client.call('putBlock', { name: 'a', body: { size: '1' } });
  };
  expect(never).toBeTypeOf('function');
});

test('events come out the same however they are cut', async () => {
  const text = ': hello\r\nid: 1\r\nevent: line\r\ndata: é\r\ndata\r\n\r\ndata:x\rid: 2\r\rdata: lost';
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size <= bytes.length; size += 1) {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        const next = pieces.shift();
        if (next) controller.enqueue(next);
        else controller.close();
      },
    });
    const found: unknown[] = [];
    for await (const said of serverSentEvents(stream)) found.push(said);
    expect(found).toEqual([
      { event: 'line', id: '1', data: 'é\n' },
      { event: 'message', id: '2', data: 'x' },
    ]);
  }
});
