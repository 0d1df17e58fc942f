// The packed site: what is in it, compressed how, with which headers, and that it is the same each time.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { packFolder, type Packed } from '../../scripts/site/pack.ts';
import { contentSecurityPolicy } from '../../scripts/site/policy.ts';
import { get, loadHttp, one } from '../libos/http/http.ts';

const PAGE = `<script>start()</script>${'<p>text</p>'.repeat(100)}`;
const OTHER = `${PAGE}<script>more()</script>`;
let folder: string;
let packed: Packed;
const contents = new Map<string, Buffer>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kittiwake-pack-'));
  const site = join(folder, 'site');
  mkdirSync(join(site, 'a', '.git'), { recursive: true });
  mkdirSync(join(site, '_astro'));
  writeFileSync(join(site, '_astro', 'page.1a2b.js'), '0');
  writeFileSync(join(site, 'index.html'), PAGE);
  writeFileSync(join(site, 'a', 'index.html'), OTHER);
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
    '_astro/page.1a2b.js',
    'a/index.html',
    'a/index.html.br',
    'a/index.html.gz',
    'index.html',
    'index.html.br',
    'index.html.gz',
    'small.txt',
  ]);
  expect(packed).toMatchObject({ files: 4, brotli: 2, gzip: 2 });
  expect(String(contents.get('index.html'))).toBe(PAGE);
  expect(String(brotliDecompressSync(contents.get('index.html.br') ?? ''))).toBe(PAGE);
  expect(String(gunzipSync(contents.get('index.html.gz') ?? ''))).toBe(PAGE);
});

test("has headers that the unikernel's server takes, and sends each page's own policy", async () => {
  const open = await loadHttp();
  // The server of the tests makes an archive of its own, to which the digests do not belong.
  const site = open(Object.fromEntries([...contents].filter(([name]) => name !== '.digests')));
  expect(site.rulesProblem).toBe('');
  const answer = (path: string) => one(site.ask(get(path))).fields;
  for (const path of ['/', '/a/', '/small.txt', '/none']) {
    expect(answer(path)).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' });
  }
  expect(answer('/')['content-security-policy']).toBe(contentSecurityPolicy(PAGE));
  expect(answer('/a/')['content-security-policy']).toBe(contentSecurityPolicy(OTHER));
  expect(answer('/small.txt')).not.toHaveProperty('content-security-policy');
  expect(answer('/_astro/page.1a2b.js')['cache-control']).toContain('immutable');
});

test('is the same bytes for the same files, also where several pack at once, and nothing else is left', async () => {
  const target = mkdtempSync(join(folder, 'target-'));
  const again = join(target, 'again.tar');
  await Promise.all(Array.from({ length: 5 }, () => packFolder(join(folder, 'site'), again)));
  expect(readFileSync(again).equals(readFileSync(join(folder, 'site.tar')))).toBe(true);
  expect(readdirSync(target)).toEqual(['again.tar']);
});

test('refuses a time that is none', async () => {
  vi.stubEnv('SOURCE_DATE_EPOCH', 'today');
  await expect(packFolder(join(folder, 'site'), join(folder, 'no.tar'))).rejects.toThrow(
    /SOURCE_DATE_EPOCH is 'today'; give seconds since 1970/,
  );
  vi.stubEnv('SOURCE_DATE_EPOCH', '1700000000');
});
