// The management port: what each request gets.
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { seeded } from '../../random.ts';
import { loadTables, readInflux, readPrometheus, type Table } from './metrics.ts';

let load: Awaited<ReturnType<typeof loadTables>>;
let table: Table;
beforeAll(async () => {
  load = await loadTables();
});
beforeEach(() => {
  table = load(64);
  for (let i = 0; i < 64; i++) table.counter(`counter_${i}_total`, 'Something. '.repeat(20), BigInt(i));
});

interface Answer {
  readonly status: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

/** The answer to a whole request; its length is as said, and it says that the stream ends. */
function get(request: string): Answer {
  const text = table.respond(request);
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const fields = new Map(lines.map((line) => line.toLowerCase().split(': ') as [string, string]));
  const body = text.slice(end + 4);
  expect(first).toMatch(/^HTTP\/1\.1 \d{3} [A-Z]/);
  expect(fields.get('connection')).toBe('close');
  const length = fields.get('content-length');
  if (length !== undefined && !request.startsWith('HEAD')) expect(body.length).toBe(Number(length));
  return { status: first.slice(9, 12), fields, body };
}

const line = (target: string, method = 'GET'): string => `${method} ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;

test.each(['/metrics', '/metrics?a=b', 'http://10.0.0.2:9100/metrics'])('%s is for Prometheus', (target) => {
  const { status, fields, body } = get(line(target));
  expect([status, fields.get('content-type')]).toEqual(['200', 'text/plain; version=0.0.4; charset=utf-8']);
  expect(readPrometheus(body).size).toBe(64);
});

test('/influx is for Influx', () => {
  const { status, body } = get(line('/influx'));
  expect([status, readInflux(body).length]).toEqual(['200', 64]);
});

test.each(['GET /metrics HTTP/1.0\r\n\r\n', 'GET /metrics HTTP/1.1\n\n'])('%j works too', (request) => {
  expect(get(request).status).toBe('200');
});

test('HEAD gets the head', () => {
  expect(get(line('/metrics', 'HEAD'))).toMatchObject({ status: '200', body: '' });
  expect(get(line('/', 'HEAD'))).toMatchObject({ status: '404', body: '' });
});

test.each([
  [line('/'), '404'],
  [line('/metric'), '404'],
  [line('/metricsx'), '404'],
  [line('/influx/'), '404'],
  [line('http://x'), '404'],
  [line('/', 'POST'), '404'],
  [line('/metrics', 'POST'), '405'],
  [line('/influx', 'DELETE'), '405'],
  ['GET /metrics\r\n\r\n', '400'],
  ['GET  /metrics HTTP/1.1\r\n\r\n', '400'],
  ['GET /metrics HTTP/2.0\r\n\r\n', '400'],
  ['GET /metrics HTTP/1.x\r\n\r\n', '400'],
  ['GET /metrics HTTP/1.\r\n\r\n', '400'],
  ['GET /metrics HTTP/1.11\r\n\r\n', '400'],
  ['GET /met\u0000rics HTTP/1.1\r\n\r\n', '400'],
  [' GET /metrics HTTP/1.1\r\n\r\n', '400'],
  ['\r\n\r\n', '400'],
  ['\n\n', '400'],
  ['GET\n\n', '400'],
  ['GET \n\n', '400'],
])('%j gets %s', (request, expected) => {
  const { status, fields, body } = get(request);
  expect(status).toBe(expected);
  expect(body).toMatch(/^[a-z].*\n$/);
  expect(fields.get('allow')).toBe(expected === '405' ? 'get, head' : undefined);
});

test.each([
  ['no end', 'x'.repeat(4096)],
  ['an end one byte too late', `${'x'.repeat(4067)}\r\n\r\n`],
])('fields of more than 4096 bytes with %s get 431', (_, fields) => {
  expect(get(`GET /metrics HTTP/1.1\r\nX: ${fields}`).status).toBe('431');
});

test('a request of 4096 bytes is taken', () => {
  expect(get(`GET /metrics HTTP/1.1\r\nX: ${'x'.repeat(4066)}\r\n\r\n`).status).toBe('200');
});

test('half a request waits for the rest', () => {
  const whole = line('/metrics');
  for (let size = 0; size < whole.length; size++) expect(table.respond(whole.slice(0, size))).toBe('');
});

test('5,000 random requests get some answer or are waited for', () => {
  const random = seeded(7);
  const pages = table.module.pages();
  for (let i = 0; i < 5_000; i++) {
    const bytes = Buffer.from(line(random(2) === 0 ? '/metrics' : 'http://a/influx'));
    for (let n = random(4); n > 0; n--) bytes[random(bytes.length)] = random(256);
    const size = random(3) === 0 ? random(bytes.length) : bytes.length;
    const request = bytes.toString('latin1', 0, size);
    expect(table.respond(request)).toMatch(/^$|^HTTP\/1\.1 (200|400|404|405) /);
  }
  expect(table.module.pages()).toBeLessThanOrEqual(pages + 8);
});
