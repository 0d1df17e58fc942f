// The handbook's server over a folder of the test's own: which files it gives out, to whom, with which headers.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveFolder, type Served } from '../../scripts/site/server.ts';

let folder: string;
let served: Served;

beforeAll(async () => {
  const above = mkdtempSync(join(tmpdir(), 'kittiwake-site-'));
  folder = join(above, 'site');
  mkdirSync(join(folder, 'hvt', 'hello'), { recursive: true });
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(above, 'secret.html'), 'secret');
  writeFileSync(join(folder, '.hidden.html'), 'secret');
  writeFileSync(join(folder, 'index.html'), '<script>start()</script><script src="/a.js"></script>');
  writeFileSync(join(folder, '404.html'), 'no such page');
  writeFileSync(join(folder, 'hvt', 'hello', 'index.html'), 'hello');
  writeFileSync(join(folder, 'a.js'), '0');
  writeFileSync(join(folder, 'a.key'), 'secret');
  symlinkSync('/dev/zero', join(folder, 'zero.js'));
  served = await serveFolder(folder, 0);
});
afterAll(async () => {
  await served.close();
  rmSync(join(folder, '..'), { recursive: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Sends `path` byte for byte; fetch would tidy it first. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(served.url);
    request({ host: '127.0.0.1', port, path, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    })
      .on('error', reject)
      .end();
  });
}

test('pages and files come with their types and may not be sniffed', async () => {
  const page = await ask('/hvt/hello/?from=search');
  expect(page).toMatchObject({ status: 200, body: 'hello' });
  expect(page.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'x-content-type-options': 'nosniff',
  });
  expect((await ask('/a.js')).headers['content-type']).toBe('text/javascript; charset=utf-8');
});

test('a page runs the scripts standing in it and those of this server, no others', async () => {
  const policy = String((await ask('/')).headers['content-security-policy']);
  // printf 'start()' | openssl dgst -sha256 -binary | base64
  expect(policy).toContain(
    "script-src 'self' 'wasm-unsafe-eval' 'sha256-DIm7WJS6ZKDYe5qFLPy+h4JFI9Bol5QmYC57mt3Fb00=';",
  );
  expect(policy).toContain("default-src 'none'");
  expect(policy.split('; ').find((directive) => directive.startsWith('script-src'))).not.toContain('inline');
});

test.each([
  '/nope',
  '/empty/',
  '/a.js/',
  '/a.key',
  '/zero.js',
  '/.hidden.html',
  '/../secret.html',
  '/hvt/../../secret.html',
  '/%2e%2e/secret.html',
  '/..%2fsecret.html',
  '/hvt/..%5csecret.html',
  // A redirect to //hvt/hello/ would lead to a host named hvt.
  '//hvt/hello',
  '/%00',
  '/%',
  `/${'a'.repeat(2000)}`,
])('%s is the 404 page', async (path) => {
  const { status, body, headers } = await ask(path);
  expect({ status, body }).toEqual({ status: 404, body: 'no such page' });
  expect(headers['content-security-policy']).toContain("default-src 'none'");
});

test('a folder without its slash redirects, and nowhere else', async () => {
  const { status, headers } = await ask('/hvt/hello?q=1');
  expect({ status, location: headers['location'] }).toEqual({ status: 308, location: '/hvt/hello/?q=1' });
});

test('a page already known is not sent again', async () => {
  const first = await ask('/');
  const again = await ask('/', { headers: { 'If-None-Match': String(first.headers['etag']) } });
  expect({ status: again.status, body: again.body }).toEqual({ status: 304, body: '' });
});

test('HEAD sends no body, other methods are refused', async () => {
  expect(await ask('/', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  expect(await ask('/', { method: 'POST' })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
});

test('a name that was pointed here from outside is refused', async () => {
  expect((await ask('/', { headers: { Host: 'evil.example' } })).status).toBe(421);
  expect((await ask('/', { headers: { Host: 'localhost:8080' } })).status).toBe(200);
});

test('a port that is taken or none is an error with a remedy', async () => {
  const port = Number(new URL(served.url).port);
  await expect(serveFolder(folder, port)).rejects.toThrow(
    `port ${port} of 127.0.0.1 is in use; choose another, as with --port ${port + 1}`,
  );
  await expect(serveFolder(folder, NaN)).rejects.toThrow('give a number from 1 to 65535');
});
