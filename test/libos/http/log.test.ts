// The access log: the Combined Log Format, and nothing of a stranger's in it that could be taken for something else.
import { beforeAll, describe, expect, test } from 'vitest';
import { get, loadHttp, NOW, type Site } from './http.ts';

let makeSite: Awaited<ReturnType<typeof loadHttp>>;
beforeAll(async () => {
  makeSite = await loadHttp();
});

const FILES = { a: 'content', 'd/index.html': 'd' };

const lineOf = (request: string): string => {
  const site = makeSite(FILES, { logs: true });
  site.ask(request);
  expect(site.log).toHaveLength(1);
  return site.log[0] ?? '';
};

const TIME = '21/Nov/2026:08:49:37 +0000';

test('a line', () => {
  expect(new Date(NOW * 1000).toISOString()).toBe('2026-11-21T08:49:37.000Z');
  expect(lineOf(get('/a?b', 'Referer: http://r/', 'User-Agent: curl/8'))).toBe(
    `10.0.0.1 - - [${TIME}] "GET /a?b HTTP/1.1" 200 7 "http://r/" "curl/8"`,
  );
});

test.each([
  ['HEAD /a HTTP/1.0\r\n\r\n', '"HEAD /a HTTP/1.0" 200 0 "-" "-"'],
  [get('/d'), '"GET /d HTTP/1.1" 308 0 "-" "-"'],
  [get('/no'), '"GET /no HTTP/1.1" 404 30 "-" "-"'],
  [get('/a', 'Range: bytes=1-3'), '"GET /a HTTP/1.1" 206 3 "-" "-"'],
  [get('/a', 'If-None-Match: *'), '"GET /a HTTP/1.1" 304 0 "-" "-"'],
  ['GET /\n', '"-" 400 31 "-" "-"'],
  ['GET  /a HTTP/1.1\r\n\r\n', '"GET  /a HTTP/1.1" 400 71 "-" "-"'],
])('%j', (request, end) => {
  expect(lineOf(request)).toBe(`10.0.0.1 - - [${TIME}] ${end}`);
});

test('what could end a quoted part, and what a terminal would obey, is escaped', () => {
  const line = lineOf(get('/a"b\\c', 'User-Agent: "\\x\xff\te', 'Referer: "" 200 "'));
  expect(line).toContain('"GET /a\\x22b\\x5cc HTTP/1.1"');
  expect(line).toContain('"\\x22\\x22 200 \\x22" "\\x22\\x5cx\\xff\\x09e"');
  expect(lineOf('GET /\x1b[2J HTTP/1.1\r\n\r\n')).toContain('"GET /\\x1b[2J HTTP/1.1" 400');
});

test('a long part is cut', () => {
  const long = '\xff'.repeat(3000);
  const line = lineOf(get(`/a?${'q'.repeat(5000)}`, `User-Agent: ${long}`, `Referer: ${long}`));
  expect(line.length).toBeLessThanOrEqual(3 * 1024 + 256);
  const parts = /"(GET [^"]*)" 200 7 "([^"]*)" "([^"]*)"$/.exec(line)?.slice(1);
  expect(parts?.map((part) => part.length > 1000 && part.length <= 1022)).toEqual([true, true, true]);
  expect(parts?.[1]).toMatch(/^(\\xff)+$/);
});

describe('addresses', () => {
  const addressOf = (bytes: string): string => {
    const site: Site = makeSite(FILES, { logs: true });
    Buffer.from(site.exports.memory.buffer, site.exports.peer.value, 16).set(Buffer.from(bytes, 'hex'));
    site.ask(get('/a'));
    return site.log[0]?.split(' ')[0] ?? '';
  };

  test.each([
    ['00000000000000000000ffff00000000', '0.0.0.0'],
    ['00000000000000000000ffffc0a8ff0a', '192.168.255.10'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['fe800000000000000000000000000002', 'fe80::2'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010db8000100000000000200000000', '2001:db8:1::2:0:0'],
    ['12340abc00de000f1111222233334444', '1234:abc:de:f:1111:2222:3333:4444'],
  ])('%s', (bytes, text) => {
    expect(addressOf(bytes)).toBe(text);
  });
});

test('nothing is written without a log', () => {
  const site = makeSite(FILES);
  site.ask(get('/a'));
  expect(site.log).toEqual([]);
});
