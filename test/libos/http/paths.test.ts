// From a path to a file: decoding, dot segments (RFC 3986, 5.2.4), hidden files, the index of a folder, the page for nothing.
import { beforeAll, describe, expect, test } from 'vitest';
import { get, loadHttp, one, type Site } from './http.ts';

let makeSite: Awaited<ReturnType<typeof loadHttp>>;
let site: Site;
beforeAll(async () => {
  makeSite = await loadHttp();
  site = makeSite({
    'index.html': 'root',
    'a.txt': 'a',
    'b c&d/index.html': 'spaced',
    'h%C3%A4.txt': 'not decoded twice',
    'hä/index.html': 'umlaut',
    'folder/index.html': 'folder',
    'folder/a.txt': 'inner',
    'folder/deep/index.html': 'deep',
    'index.html/index.html': 'never',
    'noindex/a.txt': 'x',
    'folder.html': 'page',
    '.env': 'secret',
    '.well-known/security.txt': 'contact',
    '.well-known/.env': 'secret',
    '.well-knownx/a': 'secret',
    'folder/.git/config': 'secret',
    'folder/.well-known/a': 'secret',
    '..a': 'secret',
    '404.html': 'nothing here',
  });
});

describe('a file', () => {
  test.each([
    ['/', 'root'],
    ['', 'root'],
    ['/a.txt', 'a'],
    ['/%61.%74xt', 'a'],
    ['/a.txt?b', 'a'],
    ['/folder/', 'folder'],
    ['/folder/index.html', 'folder'],
    ['/folder/deep/', 'deep'],
    ['/b%20c&d/', 'spaced'],
    ['/b%20c%26d/index.html', 'spaced'],
    ['/h%C3%A4/', 'umlaut'],
    ['/h%25C3%25A4.txt', 'not decoded twice'],
    ['/folder.html', 'page'],
    ['/.well-known/security.txt', 'contact'],
    ['/%2ewell-known/security.txt', 'contact'],
  ])("'%s'", (path, content) => {
    const response = one(site.ask(get(path === '' ? 'http://a' : path)));
    expect(response.status).toBe(200);
    expect(response.content).toBe(content);
  });
});

describe('dot segments are resolved', () => {
  test.each([
    ['/./a.txt', 'a'],
    ['/folder/../a.txt', 'a'],
    ['/folder/deep/../../a.txt', 'a'],
    ['/folder/%2e%2E/a.txt', 'a'],
    ['/folder/./deep/./', 'deep'],
    ['/folder/deep/..', 'folder'],
    ['/folder/deep/.', 'deep'],
    ['/.', 'root'],
    ['/folder/..', 'root'],
    ['/nowhere/../a.txt', 'a'],
  ])('%s', (path, content) => {
    expect(one(site.ask(get(path))).content).toBe(content);
  });

  test.each(['/..', '/../a.txt', '/folder/../../a.txt', '/%2e%2e/a.txt', '/./../a', '/a/../../index.html'])(
    '%s leads out of the site',
    (path) => {
      expect(one(site.ask(get(path))).status).toBe(400);
    },
  );
});

describe('malformed', () => {
  test.each(['/%', '/%2', '/%zz', '/a%0', '/%00', '/a.txt%00', '/a.txt%00.html', '/%-1', '/a%2'])(
    '%s',
    (path) => {
      const response = one(site.ask(get(path)));
      expect(response.status).toBe(400);
      expect(response.content).toBe('the path is malformed or leads out of the site\n');
      expect(response.fields['connection']).toBeUndefined();
    },
  );
});

describe('nothing', () => {
  test.each([
    '/b',
    '/A.TXT',
    '/a.txt/',
    '/a.tx',
    '/a.txtx',
    '/noindex',
    '/noindex/',
    '//',
    '//a.txt',
    '/folder//',
    '/folder//a.txt',
    '/folder%2fa.txt',
    '/folder%2F..%2Fa.txt',
    '/folder\\a.txt',
    '/folder%5ca.txt',
    '/a.txt%0a',
    '/a.txt%7f',
    '/a.txt%20',
    '/.env',
    '/%2eenv',
    '/folder/.git/config',
    '/folder/.well-known/a',
    '/.well-known/.env',
    '/.well-knownx/a',
    '/.well-known',
    '/.well-known/',
    '/..a',
    '/...',
    '/.headers',
    `/${'a'.repeat(1024)}`,
    `/${'a'.repeat(1025)}`,
    `/${'%61'.repeat(2000)}`,
    `/${'a/'.repeat(600)}`,
  ])('%s', (path) => {
    const response = one(site.ask(get(path)));
    expect(response.status).toBe(404);
    expect(response.content).toBe('nothing here');
    expect(response.fields['content-type']).toBe('text/html; charset=utf-8');
    expect(response.fields['cache-control']).toBe('no-cache');
    expect(response.fields['accept-ranges']).toBeUndefined();
  });

  test('without a page for it', () => {
    const response = one(makeSite({ a: 'a' }).ask(get('/b')));
    expect(response.status).toBe(404);
    expect(response.content).toBe('there is nothing at this path\n');
    expect(response.fields['content-type']).toBe('text/plain; charset=utf-8');
  });

  test('conditions and ranges do not count', () => {
    const response = one(site.ask(get('/b', 'If-Match: "x"', 'If-None-Match: *', 'Range: bytes=0-1')));
    expect(response.status).toBe(404);
    expect(response.content).toBe('nothing here');
  });
});

describe('a folder without its slash', () => {
  test.each([
    ['/folder', '/folder/'],
    ['/folder/deep', '/folder/deep/'],
    ['/folder?a=b&c', '/folder/?a=b&c'],
    ['/folder/./deep?', '/folder/deep/?'],
    ['/b%20c&d', '/b%20c&d/'],
    ['/h%c3%a4', '/h%c3%a4/'],
    ['/folder/../folder', '/folder/'],
    ['http://a/folder', '/folder/'],
  ])('%s', (path, location) => {
    const response = one(site.ask(get(path)));
    expect(response.status).toBe(308);
    expect(response.fields['location']).toBe(location);
    expect(response.fields['content-length']).toBe('0');
  });

  test('with everything as long as can be', () => {
    const name = 'ä'.repeat(90);
    const long = makeSite({ [`${name.slice(0, 40)}/index.html`]: 'x' });
    const path = `/${'%C3%A4'.repeat(40)}`;
    const query = '?'.padEnd(8192 - 'GET  HTTP/1.1\r\n'.length - path.length, 'q');
    const response = one(long.ask(get(path + query)));
    expect(response.fields['location']).toBe(`${path.toLowerCase()}/${query}`);
  });
});
