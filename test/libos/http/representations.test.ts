// What is sent of a file: media type, coding, validators, caching, and the fields the site adds.
import { beforeAll, describe, expect, test } from 'vitest';
import { get, loadHttp, MODIFIED, NOW, one, parse, type Site } from './http.ts';

let makeSite: Awaited<ReturnType<typeof loadHttp>>;
beforeAll(async () => {
  makeSite = await loadHttp();
});

describe('the media type', () => {
  const TYPES: Readonly<Record<string, string>> = {
    'a.html': 'text/html; charset=utf-8',
    'a.css': 'text/css; charset=utf-8',
    'a.js': 'text/javascript; charset=utf-8',
    'a.mjs': 'text/javascript; charset=utf-8',
    'a.json': 'application/json',
    'a.js.map': 'application/json',
    'a.webmanifest': 'application/manifest+json',
    'a.xml': 'application/xml',
    'a.txt': 'text/plain; charset=utf-8',
    'a.sh': 'text/plain; charset=utf-8',
    'a.svg': 'image/svg+xml',
    'a.png': 'image/png',
    'a.jpg': 'image/jpeg',
    'a.webp': 'image/webp',
    'a.avif': 'image/avif',
    'a.ico': 'image/x-icon',
    'a.woff2': 'font/woff2',
    'a.wasm': 'application/wasm',
    'wasm.en.pagefind': 'application/octet-stream',
    'a.pf_meta': 'application/octet-stream',
    'a.pf_index': 'application/octet-stream',
    'a.pf_fragment': 'application/octet-stream',
    'a.unknown': 'application/octet-stream',
    'a.pf_fragmentx': 'application/octet-stream',
    'a.': 'application/octet-stream',
    a: 'application/octet-stream',
    html: 'application/octet-stream',
    'a.html/b': 'application/octet-stream',
  };

  test.each(Object.entries(TYPES))('of %s', (name, type) => {
    expect(one(makeSite({ [name]: 'x' }).ask(get(`/${name}`))).fields['content-type']).toBe(type);
  });
});

describe('the coding (RFC 9110, 12.5.3)', () => {
  let site: Site;
  beforeAll(() => {
    site = makeSite({
      both: 'plain',
      'both.gz': 'gzipped',
      'both.br': 'brotlied',
      one: 'plain',
      'one.gz': 'gzipped',
      none: 'plain',
    });
  });

  test.each([
    ['both', 'br', 'brotlied'],
    ['both', 'gzip, deflate, br, zstd', 'brotlied'],
    ['both', 'gzip', 'gzipped'],
    ['both', 'x-gzip', 'gzipped'],
    ['both', 'GZip', 'gzipped'],
    ['both', 'gzip, br;q=0.9', 'gzipped'],
    ['both', 'gzip;q=0.5, br;q=0.501', 'brotlied'],
    ['both', 'gzip;q=0.501, br;q=0.5', 'gzipped'],
    ['both', 'br;q=0, gzip', 'gzipped'],
    ['both', 'br ; Q=0.000 ,\tgzip;q=1.000', 'gzipped'],
    ['both', 'br;q=0.001', 'brotlied'],
    ['both', '*', 'brotlied'],
    ['both', '*, br;q=0', 'gzipped'],
    ['both', '*;q=0', 'refused'],
    ['both', '*;q=0, gzip;q=0.1', 'gzipped'],
    ['both', '*;q=0, identity', 'plain'],
    ['both', 'identity', 'plain'],
    ['both', 'identity, br;q=0.5', 'plain'],
    ['both', 'identity;q=0.5, br;q=0.5', 'brotlied'],
    ['both', 'identity;q=0', 'refused'],
    ['both', 'identity;q=0, gzip', 'gzipped'],
    ['both', '', 'plain'],
    ['both', 'deflate, zstd', 'plain'],
    ['both', 'br;q=2', 'plain'],
    ['both', 'br;q=1.1', 'plain'],
    ['both', 'br;q=', 'plain'],
    ['both', 'br;q=0.0001', 'plain'],
    ['both', 'br;x=1', 'plain'],
    ['both', 'br gzip', 'plain'],
    ['both', ',,br,', 'brotlied'],
    ['one', 'br, gzip;q=0.1', 'gzipped'],
    ['one', 'br', 'plain'],
    ['one', 'br, identity;q=0', 'refused'],
    ['none', 'br, gzip', 'plain'],
    ['none', 'identity;q=0', 'refused'],
  ])('of %s for %j', (name, accepted, content) => {
    const response = one(site.ask(get(`/${name}`, `Accept-Encoding: ${accepted}`)));
    if (content === 'refused') expect(response.status).toBe(406);
    else {
      expect(response.content).toBe(content);
      const coding = { plain: undefined, gzipped: 'gzip', brotlied: 'br' }[content];
      expect(response.fields['content-encoding']).toBe(coding);
      expect(response.fields['vary']).toBe(name === 'none' ? undefined : 'Accept-Encoding');
      expect(response.fields['content-type']).toBe('application/octet-stream');
    }
  });

  test('without the field is none', () => {
    const response = one(site.ask(get('/both')));
    expect(response.content).toBe('plain');
    expect(response.fields['vary']).toBe('Accept-Encoding');
  });

  test('may be named on several lines', () => {
    const response = one(site.ask(get('/both', 'Accept-Encoding: br;q=0.1', 'Accept-Encoding: gzip')));
    expect(response.content).toBe('gzipped');
  });

  test('gives each its own strong tag', () => {
    const tags = ['identity', 'gzip', 'br'].map(
      (coding) => one(site.ask(get('/both', `Accept-Encoding: ${coding}`))).fields['etag'],
    );
    expect(new Set(tags).size).toBe(3);
    for (const tag of tags) expect(tag).toMatch(/^"[0-9a-f]{16}(-gzip|-br)?"$/);
  });

  test('of the page for nothing', () => {
    const with404 = makeSite({ '404.html': 'plain', '404.html.br': 'brotlied' });
    const response = one(with404.ask(get('/x', 'Accept-Encoding: br')));
    expect([response.status, response.content]).toEqual([404, 'brotlied']);
    expect(one(with404.ask(get('/x', 'Accept-Encoding: identity;q=0, gzip'))).content).toBe('plain');
  });
});

describe('a response', () => {
  const site = (): Site => makeSite({ 'a.txt': 'content', '_astro/a.x1.js': 'js', 'x_astro/a.js': 'js' });

  test('has these fields', () => {
    expect(one(site().ask(get('/a.txt'))).fields).toEqual({
      date: new Date(NOW * 1000).toUTCString(),
      'content-length': '7',
      'accept-ranges': 'bytes',
      etag: expect.stringMatching(/^"[0-9a-f]{16}"$/) as string,
      'last-modified': new Date(MODIFIED * 1000).toUTCString(),
      'cache-control': 'no-cache',
      'content-type': 'text/plain; charset=utf-8',
    });
  });

  test('to HEAD has those of GET and no content', () => {
    const made = site();
    const plain = made.ask(get('/a.txt'));
    expect(made.ask(get('/a.txt').replace('GET', 'HEAD'))).toBe(plain.slice(0, -7));
    const missing = made.ask(get('/b'));
    expect(made.ask(get('/b').replace('GET', 'HEAD'))).toBe(
      missing.slice(0, missing.indexOf('\r\n\r\n') + 4),
    );
  });

  test('to HEAD may be followed by another', () => {
    const text = site().ask(get('/a.txt').replace('GET', 'HEAD') + get('/a.txt'));
    expect(parse(text, ['HEAD']).map(({ content }) => content)).toEqual(['', 'content']);
  });

  test('of a file with a hash in its name is kept for ever', () => {
    const forever = 'public, max-age=31536000, immutable';
    expect(one(site().ask(get('/_astro/a.x1.js'))).fields['cache-control']).toBe(forever);
    expect(one(site().ask(get('/x_astro/a.js'))).fields['cache-control']).toBe('no-cache');
  });

  test('of an empty file', () => {
    const response = one(makeSite({ empty: '', a: 'a' }).ask(get('/empty')));
    expect([response.status, response.fields['content-length']]).toEqual([200, '0']);
  });

  test('to OPTIONS says what is allowed', () => {
    const response = one(site().ask(get('/a.txt').replace('GET', 'OPTIONS')));
    expect([response.status, response.fields['allow']]).toEqual([204, 'GET, HEAD, OPTIONS']);
    expect(one(site().ask(get('/a.txt').replace('GET', 'PUT'))).fields['allow']).toBe('GET, HEAD, OPTIONS');
  });

  test('was never modified in the future (RFC 9110, 8.8.2.1)', () => {
    const before = makeSite({ a: 'a' }, { wall: 1000 });
    expect(one(before.ask(get('/a'))).fields['last-modified']).toBe(new Date(1_000_000).toUTCString());
  });

  test('tells HTTP/1.0 that the stream stays', () => {
    const text = site().ask('GET /a.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect(one(text).fields['connection']).toBe('keep-alive');
  });
});

test('heads are kept in bounded memory, also while clients need those that had to go', () => {
  const names = Array.from({ length: 400 }, (_, i) => `file${i}.txt`);
  const site = makeSite(Object.fromEntries(names.map((name) => [name, `content of ${name}`])));
  let pages = 0;
  for (let round = 0; round < 40; round++) {
    const clients = names.map(() => site.client());
    clients.forEach((client, i) => client.give(Buffer.from(get(`/${names[i]}`))));
    for (const [i, client] of clients.entries()) {
      expect(one(client.drain(i % 3 === 0 ? 50 : 5000)).content).toBe(`content of ${names[i]}`);
      client.close();
    }
    if (round === 2) pages = site.exports.pages();
  }
  expect(site.exports.pages()).toBe(pages);
  expect(site.counter('headHits')).toBeGreaterThan(0);
  expect(site.counter('headMisses')).toBeGreaterThan(names.length);
});

describe('the date', () => {
  test('goes on, also where the head was kept', () => {
    const site = makeSite({ a: 'a' });
    const dateAt = (second: number): string | undefined => {
      site.setWall(second);
      return one(site.ask(get('/a'))).fields['date'];
    };
    for (const second of [NOW, NOW, NOW + 1, NOW + 3600, NOW - 5]) {
      expect(dateAt(second)).toBe(new Date(second * 1000).toUTCString());
    }
    expect([site.counter('headMisses'), site.counter('headHits')]).toEqual([1, 4]);
  });

  test('of a head that is half sent stays', () => {
    const site = makeSite({ a: 'a' });
    const whole = site.ask(get('/a'));
    const slow = site.client();
    slow.give(Buffer.from(get('/a')));
    const first = slow.take(45);
    site.setWall(NOW + 11);
    expect(one(site.ask(get('/a'))).fields['date']).toBe(new Date((NOW + 11) * 1000).toUTCString());
    expect(first + slow.drain()).toBe(whole);
  });

  test.each([0, 951_782_399, 951_782_400, 1_709_164_800, 4_102_444_799, 4_107_542_400])('%d', (second) => {
    const site = makeSite({ a: 'a' }, { wall: second });
    expect(one(site.ask(get('/a'))).fields['date']).toBe(new Date(second * 1000).toUTCString());
  });
});

describe('fields of the site', () => {
  const rules = (...lines: string[]): Site =>
    makeSite({
      'a.html': 'a',
      'b/c.html': 'c',
      'b/c.htmlx': 'x',
      'b/d.html': 'd',
      '404.html': 'no',
      '.headers': lines.join('\n'),
    });

  test('come from all lines that fit, the longest path first', () => {
    const site = rules(
      '/\tX-Content-Type-Options: nosniff',
      '',
      '/\tX-A: everywhere',
      '/b/c.html\tx-a: c',
      '/b/\tX-A: b',
      "/b/c.html\tContent-Security-Policy: default-src 'none'; script-src 'sha256-x/y='\r",
    );
    expect(site.rulesProblem).toBe('');
    const fields = (path: string): (string | undefined)[] => {
      const all = one(site.ask(get(path))).fields;
      return ['x-content-type-options', 'x-a', 'content-security-policy'].map((name) => all[name]);
    };
    expect(fields('/a.html')).toEqual(['nosniff', 'everywhere', undefined]);
    expect(fields('/b/d.html')).toEqual(['nosniff', 'b', undefined]);
    expect(fields('/b/c.html')).toEqual(['nosniff', 'c', "default-src 'none'; script-src 'sha256-x/y='"]);
    expect(fields('/b/c.htmlx')).toEqual(['nosniff', 'b', undefined]);
    expect(fields('/nothing')).toEqual(['nosniff', 'everywhere', undefined]);
    expect(fields('/b')).toEqual(['nosniff', 'everywhere', undefined]);
    expect(fields('/%')).toEqual(['nosniff', 'everywhere', undefined]);
  });

  test('replace ours where they may', () => {
    const site = rules('/a.html\tCache-Control: no-store', '/a.html\tContent-Type: text/x-a');
    const { fields } = one(site.ask(get('/a.html')));
    expect([fields['cache-control'], fields['content-type']]).toEqual(['no-store', 'text/x-a']);
    expect(one(site.ask(get('/a.html', 'If-None-Match: *'))).fields['cache-control']).toBe('no-store');
  });

  test('are not served', () => {
    expect(one(rules('/\tA: b').ask(get('/.headers'))).status).toBe(404);
  });

  test.each([
    ['a.html\tA: b', 'line 1: begin it with a path'],
    ['/\tA: b\n/a.html A: b', 'line 2: begin it with a path'],
    ['/', 'line 1: begin it with a path'],
    ['/a b\tA: b', 'line 1: begin it with a path'],
    ['/\tA b', 'line 1: behind the tab'],
    ['/\t: b', 'line 1: behind the tab'],
    ['/\tA : b', 'line 1: behind the tab'],
    ['/\tA: b\rC: d', 'line 1: behind the tab'],
    ['/\tA: b\0', 'line 1: behind the tab'],
    ['\n/\tContent-Length: 1', 'line 2: the server sets'],
    ['/\tDATE: x', 'line 1: the server sets'],
    ['/\tVary: *', 'line 1: the server sets'],
    ['/\tA: b\n/\ta: c', 'line 2: the path has this field already'],
    [`/\tA: ${'b'.repeat(4092)}`, 'more than 4096 bytes'],
    [`/\tA: ${'b'.repeat(2043)}\n/a\tB: ${'b'.repeat(2044)}`, 'more than 4096 bytes'],
    [Array.from({ length: 33 }, (_, i) => `/\tA${i}: b`).join('\n'), '32 fields'],
    ['\n'.repeat(2048), '2048 lines'],
    ['x'.repeat((1 << 18) + 1), '262144 bytes'],
  ])('are refused: %#', (text, problem) => {
    const site = makeSite({ a: 'a', '.headers': text });
    expect(site.rulesProblem).toContain(problem);
  });

  test('may be as many and as long as is allowed', () => {
    const site = rules(`/\tA: ${'b'.repeat(2043)}`, `/a.html\tB: ${'b'.repeat(2043)}`);
    expect(site.rulesProblem).toBe('');
    const { fields } = one(site.ask(get('/a.html')));
    expect([fields['a']?.length, fields['b']?.length]).toEqual([2043, 2043]);
  });
});
