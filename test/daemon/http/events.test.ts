// Server-sent events of a daemon in memory.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConsoleLine, Event } from '../../../runtime/api/schemas.ts';
import { Memory } from './memory.ts';

let memory: Memory;
let answer: (request: Request) => Promise<Response>;
beforeEach(async () => {
  memory = await Memory.begin();
  answer = memory.app();
});
afterEach(() => memory.end());

interface Said {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** What a stream says, one event after the other. */
class Listener {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = '';

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** The next event; undefined at the end. */
  async next(): Promise<Said | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const field = (name: string): string | undefined =>
          new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        const data = field('data');
        if (data === undefined) continue;
        return { event: field('event'), id: field('id'), data: JSON.parse(data) as unknown };
      }
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += Buffer.from(value).toString();
    }
  }

  end(): Promise<void> {
    return this.#reader.cancel();
  }
}

async function listen(path: string, headers: HeadersInit = {}): Promise<Listener> {
  const response = await answer(new Request(`http://localhost${path}`, { headers }));
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  if (!response.body) throw new Error('no body');
  return new Listener(response.body);
}

async function lines(listener: Listener, count: number): Promise<Said[]> {
  const found: Said[] = [];
  while (found.length < count) {
    const said = await listener.next();
    if (!said) break;
    expect([said.event, ConsoleLine.parse(said.data)]).toEqual(['line', said.data]);
    found.push(said);
  }
  return found;
}
const texts = (said: readonly Said[]): string[] => said.map(({ data }) => (data as ConsoleLine).line);

describe('a console', () => {
  test('is followed from its last lines on', async () => {
    await memory.create('a');
    memory.print(':a', 'one\ntwo\n');
    const listener = await listen('/v1/unikernels/a/console/events?lines=1');
    expect(texts(await lines(listener, 1))).toEqual(['two']);
    memory.print(':a', 'three\ndata: four\r\n');
    expect(texts(await lines(listener, 2))).toEqual(['three', 'data: four\r']);
    await listener.end();
  });

  test('goes on after the line that was had last, with none left out and none twice', async () => {
    await memory.create('a');
    const all = Array.from({ length: 9 }, (_, at) => `line ${at}`);
    // All of the same millisecond.
    memory.print(':a', `${all.join('\n')}\n`);
    for (let had = 1; had < all.length; had += 1) {
      const first = await listen('/v1/unikernels/a/console/events?lines=1024');
      const last = (await lines(first, had)).at(-1)?.id ?? '';
      await first.end();
      const second = await listen('/v1/unikernels/a/console/events', { 'Last-Event-ID': last });
      expect(texts(await lines(second, all.length - had))).toEqual(all.slice(had));
      await second.end();
    }
  });

  test.each(['', 'x', '2026-13-01T00:00:00.000Z_1', '2026-01-01T00:00:00.000Z_-1', '_1'])(
    'is not followed from %j',
    async (id) => {
      await memory.create('a');
      const response = await answer(
        new Request('http://localhost/v1/unikernels/a/console/events', { headers: { 'Last-Event-ID': id } }),
      );
      expect(response.status).toBe(400);
    },
  );

  test('of nobody is not there', async () => {
    expect((await answer(new Request('http://localhost/v1/unikernels/a/console/events'))).status).toBe(404);
  });
});

test('events are those of the scope', async () => {
  const listener = await listen('/v1/events?scope=team:');
  await memory.create('other');
  await memory.create('team:a');
  const said = await listener.next();
  expect(said).toMatchObject({ event: 'event', data: { name: 'team:a' } });
  expect(Event.parse(said?.data)).toEqual(said?.data);
  await listener.end();
});

test('who ends listening is forgotten by the daemon', async () => {
  const before = memory.listeners;
  const listener = await listen('/v1/events');
  expect(memory.listeners).toBe(before + 1);
  await listener.end();
  await expect.poll(() => memory.listeners).toBe(before);
});
