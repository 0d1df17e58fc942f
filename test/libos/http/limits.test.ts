// Every bound at its edge, and every wait: time is an argument.
import { beforeAll, describe, expect, test } from 'vitest';
import { get, loadHttp, one, parse, type Client, type Site } from './http.ts';

let makeSite: Awaited<ReturnType<typeof loadHttp>>;
beforeAll(async () => {
  makeSite = await loadHttp();
});

const FILES = { a: 'content', big: 'x'.repeat(100_000) };
const give = (client: Client, text: string): number => client.give(Buffer.from(text, 'latin1'));

/** A request whose line, with its CR LF, is `size` bytes. */
const withLine = (size: number): string => {
  const frame = 'GET /a? HTTP/1.1\r\n';
  return `${frame.replace('?', '?'.padEnd(size - frame.length + 1, 'q'))}Host: a\r\n\r\n`;
};

/** A request of `size` bytes. */
const withHead = (size: number): string => get('/a', `X: ${'x'.repeat(size - get('/a', 'X: ').length)}`);

/** A request with content in one chunk of `size` bytes: 13 more with its framing, for sizes of four digits. */
const withChunk = (size: number): string =>
  `${get('/a', 'Transfer-Encoding: chunked')}${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`;

describe('sizes', () => {
  test.each([
    ['the request line', withLine(8192), 200],
    ['the request line, and one byte', withLine(8193), 414],
    ['the request line, without an end', `GET /${'a'.repeat(9000)}`, 414],
    ['a method without an end', 'A'.repeat(9000), 414],
    ['the head', withHead(16384), 200],
    ['the head, and one byte', withHead(16385), 431],
    ['the head, without an end', `GET /a HTTP/1.1\r\nHost: ${'a'.repeat(17000)}`, 431],
    ['fields', get('/a', ...Array<string>(99).fill('A: b')), 200],
    ['fields, and one', get('/a', ...Array<string>(100).fill('A: b')), 431],
    ['content', get('/a', 'Content-Length: 65536') + 'x'.repeat(65536), 200],
    ['content, and one byte', get('/a', 'Content-Length: 65537'), 413],
    ['chunked content', withChunk(65536 - 13), 200],
    ['chunked content, and one byte', withChunk(65536 - 12), 413],
  ])('%s', (_, request, status) => {
    const site = makeSite(FILES);
    const whole = site.ask(request);
    expect(parse(whole)[0]?.status).toBe(status);
    for (const piece of [1, 8191, 16383]) expect(site.ask(request, { piece })).toBe(whole);
    expect(site.counter('partial')).toBe(0);
  });

  test('chunked content has its framing counted to the byte', () => {
    const site = makeSite(FILES, { body: 20 });
    const chunked = (body: string): number | undefined =>
      parse(site.ask(get('/a', 'Transfer-Encoding: chunked') + body))[0]?.status;
    const end = '0\r\n\r\n';
    expect(chunked(`a\r\n0123456789\r\n${end}`)).toBe(200); // exactly 20
    expect(chunked(`b\r\n01234567890\r\n${end}`)).toBe(413);
  });

  test('heads in part have a bound in all', () => {
    const site = makeSite(FILES, { heads: 2048 });
    const part = 'GET /a HTTP/1.1\r\nX: ';
    const first = site.client();
    give(first, part + 'x'.repeat(900));
    const second = site.client();
    give(second, part + 'x'.repeat(900));
    expect(site.counter('partial')).toBe(2048);
    const third = site.client();
    give(third, part);
    const refusal = one(third.drain());
    expect([refusal.status, refusal.fields['retry-after'], third.finished]).toEqual([503, '1', true]);
    // Whole requests need none of it.
    expect(one(site.ask(get('/a'))).status).toBe(200);
    first.close();
    expect(site.counter('partial')).toBe(1024);
    give(second, `\r\nHost: a\r\n\r\n`);
    expect(one(second.drain()).status).toBe(200);
    expect(site.counter('partial')).toBe(0);
    expect(site.refused).toEqual({ heads_full: 1 });
  });

  test('heads that come byte by byte leave no memory behind', () => {
    const site = makeSite(FILES);
    const request = withHead(16384);
    let pages = 0;
    for (let round = 0; round < 600; round++) {
      site.ask(request, { piece: 511 });
      if (round === 10) pages = site.exports.pages();
    }
    expect(site.exports.pages()).toBe(pages);
  });

  test('clients have a bound', () => {
    const site = makeSite(FILES, { clients: 3 });
    const clients = [site.client(), site.client(), site.client()];
    expect(site.connect()).toBeUndefined();
    expect(site.refused).toEqual({ clients_full: 1 });
    expect([site.counter('clients'), site.counter('accepted')]).toEqual([3, 3]);
    clients[1]?.close();
    expect(site.connect()).toBeDefined();
  });
});

describe('a pipeline', () => {
  test('waits in the stream while a response is not sent', () => {
    const client = makeSite(FILES).client();
    const request = get('/big');
    expect(give(client, request.repeat(3))).toBe(request.length);
    expect(give(client, request)).toBe(0);
    expect(one(client.drain(999)).content.length).toBe(100_000);
    expect(give(client, request.slice(0, -1))).toBe(request.length - 1);
    expect(give(client, '\n' + request)).toBe(1);
  });

  test('ends with the last request, and what follows is thrown away', () => {
    const site = makeSite(FILES);
    const client = site.client();
    const request = get('/a', 'Connection: close');
    expect(give(client, request + 'x'.repeat(5000))).toBe(request.length + 5000);
    expect(one(client.drain()).status).toBe(200);
    expect(client.finished).toBe(true);
    expect(give(client, request)).toBe(request.length);
    expect(client.drain()).toBe('');
    expect(site.counter('requests')).toBe(1);
  });

  test('of a client that sends no more is answered as far as it was read', () => {
    const site = makeSite(FILES);
    const client = site.client();
    give(client, get('/a'));
    client.end();
    expect(client.finished).toBe(false);
    expect(one(client.drain()).content).toBe('content');
    expect(client.finished).toBe(true);
    const half = site.client();
    give(half, 'GET /a HT');
    half.end();
    expect([half.drain(), half.finished, half.failed]).toEqual(['', true, false]);
    expect(site.counter('partial')).toBe(0);
  });
});

describe('waits', () => {
  /** Lets the client's time pass to its deadline, and shows that nothing happens before. */
  const expectDeadline = (client: Client, deadline: number): void => {
    expect(client.deadline).toBeCloseTo(deadline, 6);
    client.expire(deadline - 0.001);
    expect(client.finished).toBe(false);
    expect(client.drain()).toBe('');
    client.expire(deadline);
  };

  test('for a first request end without a word', () => {
    const site = makeSite(FILES);
    const client = site.client(5);
    expectDeadline(client, 15);
    expect([client.drain(), client.finished, client.failed]).toEqual(['', true, false]);
    expect(client.deadline).toBe(Infinity);
    expect(site.refused).toEqual({ idle: 1 });
  });

  test('for a head are not made longer by dripping', () => {
    const site = makeSite(FILES);
    const client = site.client(0);
    for (let second = 0; second < 9; second++) {
      client.now = second;
      give(client, 'GET /a HTTP/1.1\r\n'.charAt(second));
    }
    expectDeadline(client, 10);
    expect(one(client.drain()).status).toBe(408);
    expect(client.finished).toBe(true);
    expect(site.refused).toEqual({ head_time: 1 });
    expect(site.counter('partial')).toBe(0);
  });

  test('for the next request are longer, then as for the first from its first byte on', () => {
    const site = makeSite(FILES);
    const idle = site.client(0);
    idle.now = 3;
    idle.exchange(get('/a'));
    expectDeadline(idle, 33);
    expect([idle.drain(), idle.finished]).toEqual(['', true]);
    const busy = site.client(0);
    busy.exchange(get('/a'));
    busy.now = 12;
    give(busy, 'GET');
    busy.now = 17;
    give(busy, ' ');
    expectDeadline(busy, 22);
    expect(one(busy.drain()).status).toBe(408);
  });

  test('for content', () => {
    const site = makeSite(FILES);
    const client = site.client(0);
    client.now = 4;
    give(client, get('/a', 'Content-Length: 10'));
    client.now = 8;
    give(client, '12345');
    expectDeadline(client, 14);
    expect(one(client.drain()).status).toBe(408);
    expect(site.refused).toEqual({ body_time: 1 });
    expect(site.counter('successful')).toBe(0);
    expect(site.counter('clientErrors')).toBe(1);
  });

  test('for the client to read: a rate in every ten seconds', () => {
    const site = makeSite(FILES);
    const client = site.client(0);
    give(client, get('/big'));
    expect(client.take(4096)).toHaveLength(4096);
    client.expire(10);
    expect(client.finished).toBe(false);
    expect(client.take(4095)).toHaveLength(4095);
    expect(client.deadline).toBe(20);
    client.expire(20);
    expect([client.finished, client.failed, client.drain()]).toEqual([true, true, '']);
    expect(site.refused).toEqual({ slow_reader: 1 });
  });

  test('for a client that reads fast begin anew with every response', () => {
    const client = makeSite(FILES).client(0);
    for (const now of [0, 9, 18, 27]) {
      client.now = now;
      client.exchange(get('/a'));
      expect(client.deadline).toBe(now + 30);
    }
  });

  test('are a quarter as long when three quarters of the places are taken', () => {
    const site = makeSite(FILES, { clients: 4 });
    expect([1, 2, 3].map(() => site.client(0).deadline)).toEqual([10, 10, 10]);
    const last = site.client(0);
    expect(last.deadline).toBe(2.5);
    last.exchange(get('/a'));
    expect(last.deadline).toBe(7.5);
  });
});

describe('a device that fails', () => {
  test('is an error while nothing is sent', () => {
    const site = makeSite(FILES);
    const client = site.client();
    give(client, get('/big'));
    site.healthy = false;
    expect(one(client.drain()).status).toBe(500);
    expect([client.finished, client.failed]).toEqual([true, false]);
    expect(site.refused).toEqual({ content_unreadable: 1 });
    expect([site.counter('successful'), site.counter('serverErrors')]).toEqual([0, 1]);
  });

  test('cuts off a response that has begun, so that nobody takes a part for the whole', () => {
    const site = makeSite(FILES);
    const client = site.client();
    give(client, get('/big'));
    site.healthy = false;
    const head = client.take(100);
    expect(head).toHaveLength(100);
    expect(head + client.drain(100)).not.toContain('x'.repeat(10));
    expect([client.finished, client.failed]).toEqual([true, true]);
    expect(site.refused).toEqual({ content_lost: 1 });
    expect(client.deadline).toBe(Infinity);
    client.close();
  });

  test('does not matter for what is in memory, nor for HEAD', () => {
    const site = makeSite(FILES);
    site.ask(get('/a'));
    site.healthy = false;
    expect(one(site.ask(get('/a'))).content).toBe('content');
    expect(one(site.ask(get('/big').replace('GET', 'HEAD')), 'HEAD').status).toBe(200);
  });
});

test('every refusal has words, a label of its own and a status', () => {
  const { exports } = makeSite(FILES);
  const labels = new Set<string>();
  const site: Site = makeSite(FILES);
  for (let why = 1; why < exports.REFUSALS.value; why++) {
    const [label, reason] = [exports.label(why), exports.reason(why)].map((pointer) =>
      Buffer.from(
        exports.memory.buffer,
        pointer,
        new DataView(exports.memory.buffer).getUint32(pointer - 4, true),
      ).toString('utf16le'),
    );
    expect(label).toMatch(/^[a-z_]+$/);
    expect(reason).toMatch(/^[ -~]{10,}$/);
    expect(reason).not.toBe('no reason');
    labels.add(label ?? '');
    expect([0, 400, 404, 405, 406, 408, 412, 413, 414, 416, 417, 431, 500, 501, 503, 505]).toContain(
      exports.status(why),
    );
  }
  expect(labels.size).toBe(exports.REFUSALS.value - 1);
  expect(site.refused).toEqual({});
});

test('counters', () => {
  const site = makeSite({ ...FILES, 'd/index.html': 'd' });
  const requests = [get('/a'), get('/d'), get('/no'), 'X\r\n\r\n'];
  const got = requests.map((request) => site.ask(request)).join('');
  const counted = [
    'accepted',
    'requests',
    'successful',
    'redirections',
    'clientErrors',
    'serverErrors',
  ] as const;
  expect(counted.map((name) => site.counter(name))).toEqual([4, 4, 1, 1, 2, 0]);
  expect(site.counter('bytesIn')).toBe(requests.join('').length);
  expect(site.counter('bytesOut')).toBe(got.length);
});
