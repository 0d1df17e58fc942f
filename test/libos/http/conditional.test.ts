// Conditional requests and ranges: RFC 9110, 13 and 14.
import { beforeAll, describe, expect, test } from 'vitest';
import { get, loadHttp, MODIFIED, NOW, one, type Response, type Site } from './http.ts';

const CONTENT = '0123456789';
const at = (second: number): string => new Date(second * 1000).toUTCString();

let site: Site;
let tag = '';
let gzipTag = '';
beforeAll(async () => {
  const makeSite = await loadHttp();
  site = makeSite({ a: CONTENT, 'a.gz': 'gzip', empty: '' });
  tag = one(site.ask(get('/a'))).fields['etag'] ?? '';
  gzipTag = one(site.ask(get('/a', 'Accept-Encoding: gzip'))).fields['etag'] ?? '';
});

/** TAG and GZIP in fields stand for the tags. */
const ask = (...fields: readonly string[]): Response =>
  one(
    site.ask(get('/a', ...fields.map((field) => field.replaceAll('TAG', tag).replaceAll('GZIP', gzipTag)))),
  );

describe('RFC 9110, 13.1', () => {
  test.each<readonly [number, readonly string[]]>([
    [200, ['If-Match: TAG']],
    [200, ['If-Match: "x", TAG , "y"']],
    [200, ['If-Match: *']],
    [200, ['If-Match: "x"', 'If-Match: TAG']],
    [200, ['If-Match: "a,b", TAG']],
    [412, ['If-Match: "x"']],
    [412, ['If-Match: W/TAG']],
    [412, ['If-Match:']],
    [412, ['If-Match: x, TAG']],
    [412, ['If-Match: GZIP']],
    [200, ['If-Match: GZIP', 'Accept-Encoding: gzip']],
    [304, ['If-None-Match: TAG']],
    [304, ['If-None-Match: W/TAG']],
    [304, ['If-None-Match: "x", W/TAG']],
    [304, ['If-None-Match: "x"', 'If-None-Match: TAG']],
    [304, ['If-None-Match: *']],
    [200, ['If-None-Match: "x"']],
    [200, ['If-None-Match: GZIP']],
    [304, ['If-None-Match: GZIP', 'Accept-Encoding: gzip']],
    [200, ['If-None-Match: TAG', 'Accept-Encoding: gzip']],
    [200, ['If-None-Match: "']],
    [200, ['If-None-Match: "0000']],
    [304, [`If-Modified-Since: ${at(MODIFIED)}`]],
    [304, [`If-Modified-Since: ${at(MODIFIED + 1)}`]],
    [200, [`If-Modified-Since: ${at(MODIFIED - 1)}`]],
    [200, [`If-Modified-Since: ${at(MODIFIED)}`, `If-Modified-Since: ${at(MODIFIED)}`]],
    [200, ['If-Modified-Since: yesterday']],
    [200, [`If-Unmodified-Since: ${at(MODIFIED)}`]],
    [412, [`If-Unmodified-Since: ${at(MODIFIED - 1)}`]],
    [200, ['If-Unmodified-Since: yesterday']],
  ])('%d for %s', (status, fields) => {
    const response = ask(...fields);
    expect(response.status).toBe(status);
    if (status === 200) expect(response.content).not.toBe('');
  });
});

describe('RFC 9110, 13.2.2: precedence', () => {
  const old = at(MODIFIED - 1);
  test.each<readonly [number, readonly string[]]>([
    [200, ['If-Match: TAG', `If-Unmodified-Since: ${old}`]],
    [412, ['If-Match: "x"', 'If-None-Match: TAG']],
    [304, ['If-Match: TAG', 'If-None-Match: TAG']],
    [412, [`If-Unmodified-Since: ${old}`, 'If-None-Match: TAG']],
    [200, ['If-None-Match: "x"', `If-Modified-Since: ${at(MODIFIED)}`]],
    [304, ['If-None-Match: TAG', `If-Modified-Since: ${old}`]],
    [304, ['If-None-Match: TAG', 'Range: bytes=0-1']],
    [412, ['If-Match: "x"', 'Range: bytes=0-1']],
    [206, ['If-Match: TAG', 'Range: bytes=0-1']],
  ])('%d for %s', (status, fields) => {
    expect(ask(...fields).status).toBe(status);
  });
});

test('a 304 has the fields its 200 would have for caches (15.4.5)', () => {
  const { fields } = ask('If-None-Match: TAG');
  expect(fields).toEqual({
    date: at(NOW),
    etag: tag,
    'last-modified': at(MODIFIED),
    vary: 'Accept-Encoding',
    'cache-control': 'no-cache',
  });
});

test('a 304 to HEAD', () => {
  const text = site.ask(get('/a', `If-None-Match: ${tag}`).replace('GET', 'HEAD'));
  expect(one(text, 'HEAD').status).toBe(304);
});

describe('RFC 9110, 5.6.7: dates', () => {
  const pad = (value: number): string => String(value).padStart(2, '0');
  const date = new Date(MODIFIED * 1000);
  const [day = '', number = '', month = ''] = date.toUTCString().replace(',', '').split(' ');
  const time = date.toUTCString().slice(17, 25);
  const rfc850 = (short: number): string => `${day}day, ${number}-${month}-${pad(short)} ${time} GMT`;

  test.each<readonly [string, boolean]>([
    [at(MODIFIED), true],
    [rfc850(date.getUTCFullYear() % 100), true],
    [`${day} ${month} ${String(Number(number)).padStart(2, ' ')} ${time} ${date.getUTCFullYear()}`, true],
    // 76 is 2076, within fifty years; 77 is 1977.
    [rfc850(76), true],
    [rfc850(77), false],
    [at(MODIFIED).replace('GMT', 'UTC'), false],
    [at(MODIFIED).replace('GMT', '+0000'), false],
    [at(MODIFIED).replace(',', ''), false],
    [`${at(MODIFIED)}x`, false],
    ['Fri, 30 Feb 2035 00:00:00 GMT', false],
    ['Fri, 31 Apr 2035 00:00:00 GMT', false],
    ['Fri, 00 Apr 2035 00:00:00 GMT', false],
    ['Thu, 29 Feb 2035 00:00:00 GMT', false],
    ['Fri, 29 Feb 2036 00:00:00 GMT', true],
    ['Fri, 01 Mar 2036 24:00:00 GMT', false],
    ['Fri, 01 Mar 2036 23:60:00 GMT', false],
    ['Fri, 01 Mar 2036 23:59:60 GMT', true],
    ['Fri, 1 Mar 2036 23:59:59 GMT', false],
    ['Fri, 01 mar 2036 23:59:59 GMT', false],
    ['Fri, 01 Mar 1936 23:59:59 GMT', false],
    ['Fri', false],
    ['', false],
  ])('%s', (text, later) => {
    expect(ask(`If-Modified-Since: ${text}`).status).toBe(later ? 304 : 200);
  });
});

describe('RFC 9110, 14: ranges', () => {
  test.each<readonly [string, string]>([
    ['bytes=0-0', '0'],
    ['bytes=2-4', '234'],
    ['bytes=0-9', CONTENT],
    ['bytes=5-', '56789'],
    ['bytes=9-', '9'],
    ['bytes=8-100', '89'],
    ['bytes=8-99999999999999999999', '89'],
    ['bytes=-1', '9'],
    ['bytes=-3', '789'],
    ['bytes=-100', CONTENT],
    ['BYTES= 2-4', '234'],
  ])('%s', (range, content) => {
    const { status, fields, content: got } = ask(`Range: ${range}`);
    expect([status, got]).toEqual([206, content]);
    const first = CONTENT.indexOf(content);
    expect(fields['content-range']).toBe(`bytes ${first}-${first + content.length - 1}/10`);
    expect(fields['etag']).toBe(tag);
  });

  test.each(['bytes=10-', 'bytes=10-11', 'bytes=99999999999999999999-', 'bytes=-0', 'bytes=-00'])(
    '%s is not there',
    (range) => {
      const { status, fields } = ask(`Range: ${range}`);
      expect([status, fields['content-range']]).toEqual([416, 'bytes */10']);
    },
  );

  test.each([
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=4-2',
    'bytes=1',
    'bytes=1-2x',
    'bytes=1 - 2',
    'lines=1-2',
    'bytes 1-2',
    // Several: we send the whole.
    'bytes=0-1,3-4',
    'bytes=0-1,',
  ])('%s is ignored', (range) => {
    const { status, content } = ask(`Range: ${range}`);
    expect([status, content]).toEqual([200, CONTENT]);
  });

  test('twice is ignored', () => {
    expect(ask('Range: bytes=0-1', 'Range: bytes=0-1').status).toBe(200);
  });

  test('HEAD has none', () => {
    const text = site.ask(get('/a', 'Range: bytes=0-1').replace('GET', 'HEAD'));
    expect(one(text, 'HEAD').status).toBe(200);
  });

  test('an empty file has none', () => {
    for (const range of ['0-', '0-0', '-1']) {
      expect(one(site.ask(get('/empty', `Range: bytes=${range}`))).status).toBe(416);
    }
  });

  test('are of what is sent', () => {
    const { content, fields } = ask('Accept-Encoding: gzip', 'Range: bytes=1-2');
    expect([content, fields['content-range'], fields['content-encoding']]).toEqual([
      'zi',
      'bytes 1-2/4',
      'gzip',
    ]);
  });

  test('do not disturb the next response', () => {
    const text = site.ask(get('/a', 'Range: bytes=1-2') + get('/a'));
    expect(text.endsWith(`\r\n\r\n${CONTENT}`)).toBe(true);
  });
});

describe('RFC 9110, 13.1.5: If-Range', () => {
  test.each<readonly [number, string]>([
    [206, 'If-Range: TAG'],
    [200, 'If-Range: W/TAG'],
    [200, 'If-Range: "x"'],
    [200, 'If-Range: GZIP'],
    [200, 'If-Range: *'],
    [200, 'If-Range: TAG, "x"'],
    [206, `If-Range: ${at(MODIFIED)}`],
    [200, `If-Range: ${at(MODIFIED + 1)}`],
    [200, `If-Range: ${at(MODIFIED - 1)}`],
    [200, 'If-Range: x'],
  ])('%d for %s', (status, field) => {
    expect(ask(field, 'Range: bytes=0-1').status).toBe(status);
  });

  test('a date that is not a minute old is too weak', () => {
    site.setWall(MODIFIED + 59);
    expect(ask(`If-Range: ${at(MODIFIED)}`, 'Range: bytes=0-1').status).toBe(200);
    site.setWall(MODIFIED + 60);
    expect(ask(`If-Range: ${at(MODIFIED)}`, 'Range: bytes=0-1').status).toBe(206);
    site.setWall(NOW);
  });

  test('without Range means nothing', () => {
    expect(ask('If-Range: TAG').status).toBe(200);
  });
});
