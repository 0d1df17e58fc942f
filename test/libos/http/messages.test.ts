// Requests as RFC 9112 has them and as it forbids them: a table by section, each case also byte by byte and into one byte of room.
import { beforeAll, describe, expect, test } from 'vitest';
import { get, loadHttp, parse } from './http.ts';

let makeSite: Awaited<ReturnType<typeof loadHttp>>;
beforeAll(async () => {
  makeSite = await loadHttp();
});

const FILES = {
  'index.html': '<p>root</p>',
  'a.txt': 'a text',
  'big.txt': 'x'.repeat(5000),
  'folder/index.html': '<p>folder</p>',
  '404.html': '<p>nothing</p>',
};

interface Case {
  readonly title: string;
  readonly request: string;
  /** Of the responses, in order. */
  readonly statuses: readonly number[];
  /** Whether the server ends the stream. */
  readonly ends?: boolean;
  /** The refusal that is counted. */
  readonly refused?: string;
}

const ok = get('/a.txt');
const content = (framing: string, body: string): string =>
  `GET /a.txt HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${body}`;

const bad = (title: string, request: string, refused: string, status = 400): Case => ({
  title,
  request,
  statuses: [status],
  ends: true,
  refused,
});

const CASES: Readonly<Record<string, readonly Case[]>> = {
  'RFC 9112, 2.2: parsing': [
    { title: 'a request', request: ok, statuses: [200] },
    { title: 'one empty line before it is skipped', request: `\r\n${ok}`, statuses: [200] },
    { title: 'and before the next one', request: `${ok}\r\n${ok}`, statuses: [200, 200] },
    bad('two empty lines', `\r\n\r\n${ok}`, 'line_malformed'),
    bad('a line that ends with LF only', 'GET / HTTP/1.1\nHost: a\n\n', 'line_end'),
    bad('an empty line of LF only', 'GET / HTTP/1.1\r\nHost: a\r\n\n', 'line_end'),
    bad('LF first', '\nGET / HTTP/1.1\r\n\r\n', 'line_malformed'),
    bad('CR in a value', get('/', 'A: b\rc'), 'line_end'),
    bad('CR in the request line', 'GET /\r HTTP/1.1\r\nHost: a\r\n\r\n', 'line_malformed'),
    bad('two CR', 'GET / HTTP/1.1\r\r\nHost: a\r\n\r\n', 'line_malformed'),
    bad('whitespace before the first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'field_folded'),
    bad('TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'line_malformed'),
  ],
  'RFC 9112, 2.3 and RFC 9110, 2.5: version': [
    { title: 'HTTP/1.0 ends', request: 'GET /a.txt HTTP/1.0\r\n\r\n', statuses: [200], ends: true },
    {
      title: 'HTTP/1.0 with keep-alive stays',
      request: 'GET /a.txt HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n'.repeat(2),
      statuses: [200, 200],
    },
    { title: 'HTTP/1.9 is HTTP/1.1', request: ok.replace('/1.1', '/1.9'), statuses: [200] },
    bad('HTTP/2.0', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'version', 505),
    bad('HTTP/0.9', 'GET / HTTP/0.9\r\n\r\n', 'version', 505),
    bad('lower case', ok.replace('HTTP', 'http'), 'line_malformed'),
    bad('more digits', ok.replace('1.1', '1.10'), 'line_malformed'),
    bad('no version', 'GET /\r\n\r\n', 'line_malformed'),
  ],
  'RFC 9112, 3: request line': [
    bad('two spaces', ok.replace(' /', '  /'), 'line_malformed'),
    bad('a tab', ok.replace(' /', '\t/'), 'line_malformed'),
    bad('a space at the end', ok.replace('/1.1', '/1.1 '), 'line_malformed'),
    bad('a space in the target', ok.replace('/a.txt', '/a .txt'), 'line_malformed'),
    bad('no method', ' / HTTP/1.1\r\n\r\n', 'line_malformed'),
    bad('a method that is no token', ok.replace('GET', 'G(T'), 'line_malformed'),
    bad('an octet above ASCII', ok.replace('/a', '/\xe4'), 'line_malformed'),
    bad('NUL', ok.replace('/a', '/\0'), 'line_malformed'),
    bad('a fragment', ok.replace('/a.txt', '/a.txt#b'), 'line_malformed'),
  ],
  'RFC 9110, 9: methods': [
    {
      title: 'an unknown one',
      request: ok.replace('GET', 'BREW'),
      statuses: [501],
      refused: 'method_unknown',
    },
    {
      title: 'methods have case',
      request: ok.replace('GET', 'get'),
      statuses: [501],
      refused: 'method_unknown',
    },
    {
      title: 'POST',
      request: content('Content-Length: 3', 'abc').replace('GET', 'POST') + ok,
      statuses: [405, 200],
      refused: 'method',
    },
    ...['PUT', 'DELETE', 'PATCH', 'TRACE'].map((method) => ({
      title: method,
      request: ok.replace('GET', method),
      statuses: [405],
      refused: 'method',
    })),
    {
      title: 'CONNECT',
      request: 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n',
      statuses: [405],
      refused: 'method',
    },
    bad('CONNECT to a path', 'CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n', 'line_malformed'),
    { title: 'OPTIONS', request: ok.replace('GET', 'OPTIONS') + ok, statuses: [204, 200] },
  ],
  'RFC 9112, 3.2: target': [
    { title: 'absolute form', request: ok.replace('/a.txt', 'http://b.test:80/a.txt'), statuses: [200] },
    {
      title: 'its scheme has no case',
      request: ok.replace('/a.txt', 'HTTP://b.test/a.txt'),
      statuses: [200],
    },
    { title: 'without a path', request: ok.replace('/a.txt', 'http://b.test'), statuses: [200] },
    {
      title: 'without a path, with a query',
      request: ok.replace('/a.txt', 'http://b.test?c'),
      statuses: [200],
    },
    bad('without a host', ok.replace('/a.txt', 'http:///a.txt'), 'line_malformed'),
    bad('with another scheme', ok.replace('/a.txt', 'ftp://b/a.txt'), 'line_malformed'),
    bad('with user information', ok.replace('/a.txt', 'http://u@b/a.txt'), 'line_malformed'),
    { title: 'asterisk', request: 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', statuses: [204] },
    bad('asterisk of GET', ok.replace('/a.txt', '*'), 'line_malformed'),
    bad('a name', ok.replace('/a.txt', 'a.txt'), 'line_malformed'),
    {
      title: 'a query is no part of the path',
      request: ok.replace('.txt', '.txt?b=/../c?'),
      statuses: [200],
    },
  ],
  'RFC 9112, 3.2: host': [
    bad('none', 'GET / HTTP/1.1\r\n\r\n', 'host_missing'),
    bad('none in absolute form', 'GET http://a/ HTTP/1.1\r\n\r\n', 'host_missing'),
    bad('two', get('/', 'Host: kittiwake.test'), 'host_malformed'),
    bad('two in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n', 'host_malformed'),
    ...['a b', 'a/b', 'a@b', 'a,b', '[::1', 'a]', 'a:b', 'a:1:2', '[::1]x'].map((host) =>
      host === 'a,b'
        ? { title: host, request: ok.replace('kittiwake.test', host), statuses: [200] }
        : bad(`'${host}'`, ok.replace('kittiwake.test', host), 'host_malformed'),
    ),
    ...['', 'a:', 'a:80', '10.0.0.2', '[::1]', '[2001:db8::1]:8080', 'a-b_c~d%20'].map((host) => ({
      title: `'${host}'`,
      request: ok.replace('kittiwake.test', host),
      statuses: [200],
    })),
  ],
  'RFC 9112, 5: fields': [
    {
      title: 'no space, many spaces, tabs',
      request: get('/a.txt', 'A:b', 'C: \t d \t', 'E:'),
      statuses: [200],
    },
    { title: 'obs-text', request: get('/a.txt', 'A: \xff\x80'), statuses: [200] },
    bad('space before the colon', get('/', 'A : b'), 'field_malformed'),
    bad('tab before the colon', get('/', 'A\t: b'), 'field_malformed'),
    bad('no name', get('/', ': b'), 'field_malformed'),
    bad('no colon', get('/', 'A'), 'field_malformed'),
    bad('a name that is no token', get('/', 'A(b): c'), 'field_malformed'),
    bad('a name above ASCII', get('/', 'A\xe4: c'), 'field_malformed'),
    bad('folded', get('/', 'A: b', ' c'), 'field_folded'),
    bad('folded with a tab', get('/', 'A: b', '\tc'), 'field_folded'),
    ...[0, 1, 8, 11, 12, 27, 31, 127].map((octet) =>
      bad(
        `octet ${octet} in a value`,
        get('/', `A: bcdefghijkl${String.fromCharCode(octet)}m`),
        'field_malformed',
      ),
    ),
  ],
  'RFC 9112, 6.1: Transfer-Encoding': [
    {
      title: 'chunked',
      request: content('Transfer-Encoding: chunked', '3\r\nabc\r\n0\r\n\r\n') + ok,
      statuses: [200, 200],
    },
    {
      title: 'in any case',
      request: content('transfer-encoding: CHUNKED', '0\r\n\r\n') + ok,
      statuses: [200, 200],
    },
    bad(
      'with Content-Length',
      content('Transfer-Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n'),
      'framing_ambiguous',
    ),
    bad(
      'with Content-Length first',
      content('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'),
      'framing_ambiguous',
    ),
    bad(
      'in HTTP/1.0',
      content('Transfer-Encoding: chunked', '0\r\n\r\n').replace('1.1', '1.0'),
      'coding_malformed',
    ),
    bad(
      'twice',
      content('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n'),
      'coding_malformed',
    ),
    bad('not chunked last', content('Transfer-Encoding: chunked, gzip', ''), 'coding_malformed'),
    bad('not chunked', content('Transfer-Encoding: identity', ''), 'coding_malformed'),
    bad('empty', content('Transfer-Encoding:', ''), 'coding_malformed'),
    bad('like chunked', content('Transfer-Encoding: xchunked', ''), 'coding_malformed'),
    bad('with a vertical tab', content('Transfer-Encoding: \vchunked', ''), 'field_malformed'),
    bad('another coding', content('Transfer-Encoding: gzip, chunked', ''), 'coding_unknown', 501),
  ],
  'RFC 9112, 6.2: Content-Length': [
    { title: 'of GET', request: get('/a.txt', 'Content-Length: 3') + 'abc' + ok, statuses: [200, 200] },
    { title: 'zero', request: get('/a.txt', 'Content-Length: 0') + ok, statuses: [200, 200] },
    {
      title: 'zeros before it',
      request: get('/a.txt', 'Content-Length: 0003') + 'abc' + ok,
      statuses: [200, 200],
    },
    ...['', '+3', '-3', '3,3', '3, 3', '0x3', '3.0', '3 3', 'three'].map((length) =>
      bad(`'${length}'`, get('/', `Content-Length: ${length}`), 'length_malformed'),
    ),
    bad('twice the same', get('/', 'Content-Length: 3', 'Content-Length: 3'), 'length_malformed'),
    bad('twice', get('/', 'Content-Length: 3', 'Content-Length: 4'), 'length_malformed'),
    bad('too long', get('/', 'Content-Length: 65537'), 'body_large', 413),
    bad('beyond 64 bits', get('/', 'Content-Length: 18446744073709551617'), 'body_large', 413),
  ],
  'RFC 9112, 7.1: chunks': [
    ...[
      ['several', '3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n'],
      ['zeros before a size', '003\r\nabc\r\n000\r\n\r\n'],
      ['upper and lower case', 'A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n'],
      ['extensions', '3;a=b;c="d\te"\r\nabc\r\n0;e\r\n\r\n'],
      ['an extension after space', '3 \t;a\r\nabc\r\n0\r\n\r\n'],
      ['trailers', '0\r\nA: b\r\nContent-Length: 5\r\n\r\n'],
    ].map(([title = '', body = '']) => ({
      title,
      request: content('Transfer-Encoding: chunked', body) + ok,
      statuses: [200, 200],
    })),
    ...[
      ['no size', '\r\nabc'],
      ['no digit', 'x\r\n'],
      ['a sign', '+3\r\nabc\r\n'],
      ['0x', '0x3\r\nabc\r\n'],
      ['LF only after the size', '3\nabc\r\n0\r\n\r\n'],
      ['LF only in an extension', '3;a\nabc\r\n0\r\n\r\n'],
      ['space behind the size', '3 \r\nabc\r\n0\r\n\r\n'],
      ['CR and no LF', '3\rXabc'],
      ['more data than the size', '3\r\nabcd\r\n0\r\n\r\n'],
      ['less data than the size', '3\r\nab\r\n0\r\n\r\n'],
      ['LF only after the data', '3\r\nabc\n0\r\n\r\n'],
      ['LF only at the end', '0\r\n\n'],
      ['a control in a trailer', '0\r\nA: \x01\r\n\r\n'],
      ['CR in a trailer', '0\r\nA: b\rc\r\n\r\n'],
    ].map(([title = '', body = '']) =>
      bad(title, content('Transfer-Encoding: chunked', body), 'chunk_malformed'),
    ),
    bad('a size beyond the bound', content('Transfer-Encoding: chunked', '10001\r\n'), 'body_large', 413),
    bad(
      'a size beyond 32 bits',
      content('Transfer-Encoding: chunked', '100000003\r\nabc\r\n'),
      'body_large',
      413,
    ),
    bad('endless zeros', content('Transfer-Encoding: chunked', '0'.repeat(66000)), 'body_large', 413),
    bad(
      'an endless trailer',
      content('Transfer-Encoding: chunked', `0\r\n${'A: b\r\n'.repeat(12000)}`),
      'body_large',
      413,
    ),
  ],
  'RFC 9110, 10.1.1: Expect': [
    {
      title: 'content comes after 100',
      request: get('/a.txt', 'Content-Length: 3', 'Expect: 100-continue') + 'abc' + ok,
      statuses: [100, 200, 200],
    },
    {
      title: 'in any case',
      request: get('/a.txt', 'Content-Length: 3', 'Expect: 100-Continue') + 'abc',
      statuses: [100, 200],
    },
    { title: 'without content', request: get('/a.txt', 'Expect: 100-continue') + ok, statuses: [200, 200] },
    {
      title: 'an error at once, and the end',
      request: content('Content-Length: 3\r\nExpect: 100-continue', '').replace('GET', 'POST'),
      statuses: [405],
      ends: true,
    },
    {
      title: 'HTTP/1.0 knows none',
      request: 'GET /a.txt HTTP/1.0\r\nExpect: x\r\n\r\n',
      statuses: [200],
      ends: true,
    },
    bad('another', get('/', 'Expect: 200-ok'), 'expectation', 417),
  ],
  'RFC 9112, 9: connections': [
    { title: 'stay', request: ok.repeat(5), statuses: [200, 200, 200, 200, 200] },
    { title: 'close', request: get('/a.txt', 'Connection: close') + ok, statuses: [200], ends: true },
    {
      title: 'close in a list',
      request: get('/a.txt', 'Connection: a, Close ,b') + ok,
      statuses: [200],
      ends: true,
    },
    {
      title: 'close on another line',
      request: get('/a.txt', 'Connection: keep-alive', 'Connection: close'),
      statuses: [200],
      ends: true,
    },
    {
      title: 'other words',
      request: get('/a.txt', 'Connection: closed, Upgrade') + ok,
      statuses: [200, 200],
    },
    {
      title: 'pipelined, of all kinds',
      request: ok + get('/no') + ok.replace('GET', 'BREW') + get('/folder') + get('/big.txt') + ok,
      statuses: [200, 404, 501, 308, 200, 200],
    },
  ],
};

describe.each(Object.entries(CASES))('%s', (_, cases) => {
  test.each(cases)('$title', ({ request, statuses, ends = false, refused }) => {
    const site = makeSite(FILES);
    const client = site.client();
    const whole = client.exchange(request);
    expect(parse(whole).map(({ status }) => status)).toEqual(statuses);
    expect(client.finished).toBe(ends);
    expect(client.failed).toBe(false);
    if (ends) expect(parse(whole).at(-1)?.fields['connection']).toBe('close');
    if (refused !== undefined) expect(site.refused).toEqual({ [refused]: 1 });
    client.close();
    expect(site.counter('clients')).toBe(0);
    expect(site.counter('partial')).toBe(0);
    // However it is cut, it is the same.
    expect(site.ask(request, { piece: 1 })).toBe(whole);
    expect(site.ask(request, { room: 1 })).toBe(whole);
    expect(site.ask(request, { piece: 7, room: 13 })).toBe(whole);
    expect(site.counter('partial')).toBe(0);
  });
});
