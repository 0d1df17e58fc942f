// Requests that a seed spoils, cut by the seed: no trap, only responses that parse, the same in any pieces, and flat memory.
import { beforeAll, expect, test } from 'vitest';
import { seeded } from '../../random.ts';
import { get, loadHttp, parse, type Site } from './http.ts';

let makeSite: Awaited<ReturnType<typeof loadHttp>>;
beforeAll(async () => {
  makeSite = await loadHttp();
});

const site = (): Site =>
  makeSite(
    {
      'index.html': 'root',
      'a.txt': 'content',
      'a.txt.br': 'br',
      'd/index.html': 'd',
      '404.html': 'no',
      big: 'x'.repeat(9000),
    },
    { logs: true },
  );

const SEEDS = [
  get('/a.txt', 'Accept-Encoding: gzip;q=0.5, br, *;q=0', 'User-Agent: x', 'Referer: y'),
  get('/', 'If-None-Match: "a", W/"b"', 'If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT'),
  get('/big', 'Range: bytes=10-20', 'If-Range: "x"'),
  get('/d?q', 'Connection: keep-alive, close'),
  get('/%61%2e/../d/./', 'If-Match: *'),
  get('/a.txt', 'Content-Length: 5', 'Expect: 100-continue') + 'abcde',
  `${get('/a.txt', 'Transfer-Encoding: chunked')}3;a=b\r\nabc\r\n0\r\nA: b\r\n\r\n`,
  'OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n',
  'HEAD http://a/big HTTP/1.0\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'));

const INTERESTING = Buffer.from('\r\n\0 \t:;,/%.?#*"\\=-0129azAZ\x7f\x80\xff', 'latin1');

/** A few requests, some octets of them changed, taken out or doubled. */
function spoil(random: (below: number) => number): Buffer {
  const parts = Array.from({ length: 1 + random(3) }, () => SEEDS[random(SEEDS.length)] ?? Buffer.alloc(0));
  let bytes = Buffer.concat(parts);
  for (let count = random(5); count > 0; count--) {
    const at = random(bytes.length);
    const size = random(4) === 0 ? random(40) : 1;
    const head = bytes.subarray(0, at);
    const octet = random(2) === 0 ? random(256) : (INTERESTING[random(INTERESTING.length)] ?? 0);
    const kind = random(4);
    if (kind === 0) bytes = Buffer.concat([head, bytes.subarray(at + size)]);
    else if (kind === 1) bytes = Buffer.concat([head, Buffer.alloc(size, octet), bytes.subarray(at)]);
    else if (kind === 2) bytes = Buffer.concat([head, bytes.subarray(at, at + size), bytes.subarray(at)]);
    else bytes = Buffer.concat([head, Buffer.from([octet]), bytes.subarray(at + 1)]);
    if (bytes.length === 0) bytes = Buffer.from('x');
  }
  return bytes;
}

/** The responses without those to HEAD having to be known: heads only. */
const heads = (text: string): string[] => text.match(/HTTP\/1\.1 \d\d\d [^\r]*/g) ?? [];

test('5000 spoiled streams', () => {
  const random = seeded(20_261_121);
  const one = site();
  let pages = 0;
  for (let round = 0; round < 5000; round++) {
    const bytes = spoil(random);
    const whole = one.ask(bytes);
    if (!bytes.includes('HEAD'))
      for (const { status } of parse(whole)) expect(status).toBeGreaterThanOrEqual(100);
    if (round % 5 === 0) {
      const manner = { piece: 1 + random(30), room: 1 + random(300) };
      expect(one.ask(bytes, manner), JSON.stringify(bytes.toString('latin1'))).toBe(whole);
    }
    expect(heads(whole).every((line) => !line.includes(' 500 '))).toBe(true);
    if (round === 500) pages = one.exports.pages();
  }
  expect(one.exports.pages()).toBe(pages);
  expect([one.counter('clients'), one.counter('partial')]).toEqual([0, 0]);
  for (const line of one.log)
    expect(line).toMatch(/^10\.0\.0\.1 - - \[[^\]]+\] "[ -!#-~]*" \d{3} \d+ "[ -!#-~]*" "[ -!#-~]*"$/);
});

test('clients that come, do anything in any order, and go', () => {
  const random = seeded(7);
  const one = site();
  const clients: (ReturnType<Site['client']> | undefined)[] = Array.from({ length: 50 }, () => undefined);
  let now = 0;
  let pages = 0;
  for (let step = 0; step < 40_000; step++) {
    now += random(100) === 0 ? random(12) : 0.001;
    const place = random(clients.length);
    const client = clients[place];
    if (!client) {
      clients[place] = one.connect(now);
      continue;
    }
    client.now = now;
    const what = random(20);
    if (what < 8) client.give(spoil(random).subarray(0, 1 + random(200)));
    else if (what < 16) client.take(random(400));
    else if (what < 18) client.expire(now);
    else if (what < 19 && random(4) === 0) client.end();
    else if (random(4) === 0 || client.finished) {
      client.close();
      clients[place] = undefined;
    }
    if (step === 10_000) pages = one.exports.pages();
  }
  expect(one.exports.pages()).toBe(pages);
  for (const client of clients) client?.close();
  expect([one.counter('clients'), one.counter('partial')]).toEqual([0, 0]);
});
