// The packed site: what is in it, compressed how, with which headers, and that it is the same each time.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { packFolder, type Packed } from '../../scripts/site/pack.ts';
import { contentSecurityPolicy } from '../../scripts/site/policy.ts';
import { get, loadHttp, one } from '../libos/http/http.ts';

const PAGE = `<script>start()</script>${'<p>text</p>'.repeat(100)}`;
let folder: string;
let packed: Packed;
const contents = new Map<string, Buffer>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kittiwake-pack-'));
  const site = join(folder, 'site');
  mkdirSync(join(site, 'a', '.git'), { recursive: true });
  writeFileSync(join(site, 'index.html'), PAGE);
  writeFileSync(join(site, 'a', 'index.html'), `${PAGE}<script>more()</script>`);
  writeFileSync(join(site, 'a', '.git', 'config'), 'secret');
  writeFileSync(join(site, '.hidden'), 'secret');
  writeFileSync(join(site, 'small.txt'), 'ab');
  symlinkSync('/etc/passwd', join(site, 'link.txt'));
  vi.stubEnv('SOURCE_DATE_EPOCH', '1700000000');
  packed = await packFolder(site, join(folder, 'site.tar'));
  for (const { header, data } of await unpackTar(readFileSync(join(folder, 'site.tar')))) {
    contents.set(header.name, Buffer.from(data ?? []));
    expect(header.mtime?.getTime()).toBe(1_700_000_000_000);
    expect([header.uid, header.gid]).toEqual([0, 0]);
  }
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('holds every file that is not hidden, in the order of their names, and compressed where it pays', () => {
  expect([...contents.keys()]).toEqual([
    '.digests',
    '.headers',
    'a/index.html',
    'a/index.html.br',
    'a/index.html.gz',
    'index.html',
    'index.html.br',
    'index.html.gz',
    'small.txt',
  ]);
  expect(packed).toMatchObject({ files: 3, brotli: 2, gzip: 2 });
  expect(String(contents.get('index.html'))).toBe(PAGE);
  expect(String(brotliDecompressSync(contents.get('index.html.br') ?? ''))).toBe(PAGE);
  expect(String(gunzipSync(contents.get('index.html.gz') ?? ''))).toBe(PAGE);
});

test('has the headers of every answer, and the policy of each page', () => {
  const rules = String(contents.get('.headers')).split(/\n(?=\/)/);
  expect(rules.map((rule) => rule.split('\n')[0])).toEqual(['/*', '/a/index.html', '/index.html']);
  expect(rules[0]).toContain('\n  X-Content-Type-Options: nosniff\n');
  const policy = `Content-Security-Policy: ${contentSecurityPolicy(PAGE)}`;
  expect(rules[2]).toBe(`/index.html\n  ${policy}\n`);
  expect(rules[1]).not.toContain(policy);
});

test("has headers that the unikernel's server takes and sends", async () => {
  const open = await loadHttp();
  // The server of the tests makes an archive of its own, to which the digests do not belong.
  const site = open(Object.fromEntries([...contents].filter(([name]) => name !== '.digests')));
  expect(site.rulesProblem).toBe('');
  const page = one(site.ask(get('/')));
  expect(page.fields['content-security-policy']).toBe(contentSecurityPolicy(PAGE));
  expect(page.fields['x-content-type-options']).toBe('nosniff');
});

test('is the same bytes for the same files', async () => {
  const again = join(folder, 'again.tar');
  await packFolder(join(folder, 'site'), again);
  expect(readFileSync(again).equals(readFileSync(join(folder, 'site.tar')))).toBe(true);
});

test('refuses a time that is none', async () => {
  vi.stubEnv('SOURCE_DATE_EPOCH', 'today');
  await expect(packFolder(join(folder, 'site'), join(folder, 'no.tar'))).rejects.toThrow(
    /SOURCE_DATE_EPOCH is 'today'; give seconds since 1970/,
  );
  vi.stubEnv('SOURCE_DATE_EPOCH', '1700000000');
});
