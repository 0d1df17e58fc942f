// Archives as they come from tar, in every format it writes, and from our own packing.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeArchive } from '../../../scripts/site/archive.ts';
import { archiveOf, entry, header, loadStore, records, type Harness } from './store.ts';

const LONG = `deep/${'a'.repeat(90)}/${'b'.repeat(90)}/page.html`;
const CONTENTS: Readonly<Record<string, string>> = {
  'index.html': '<p>home',
  'index.html.gz': 'gzipped',
  'index.html.br': 'brotli',
  empty: '',
  'name with spaces and ü.txt': 'x'.repeat(513),
  'exactly/one/block': 'y'.repeat(512),
  'large.bin': 'z'.repeat(100_000),
};
const MODIFIED = 1_700_000_000;

let fresh: () => Harness;
let folder: string;
beforeAll(async () => {
  fresh = await loadStore();
  folder = mkdtempSync(join(tmpdir(), 'kittiwake-store-'));
  for (const [name, content] of Object.entries({ ...CONTENTS, [LONG]: 'long' })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
    utimesSync(join(folder, name), MODIFIED, MODIFIED);
  }
  symlinkSync('index.html', join(folder, 'link.html'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(['v7', 'ustar', 'gnu', 'oldgnu', 'pax'])('tar --format=%s', (format) => {
  // The old format has no room for the long name.
  const names = format === 'v7' ? Object.keys(CONTENTS) : [...Object.keys(CONTENTS), LONG];

  test.each([512, 4096])('is read by sectors of %i bytes', (sector) => {
    const made = execFileSync('tar', [
      '-C',
      folder,
      `--format=${format}`,
      '-cf',
      '-',
      './link.html',
      ...names,
    ]);
    const harness = fresh();
    const archive = harness.open(made, { sector });
    expect(archive.refusal).toBe('');
    expect(archive.files).toBe(names.length);
    expect(archive.skipped).toBe(1);
    expect(archive.checksummed).toBe(false);
    for (const name of names) {
      expect(String(archive.content(name)), name).toBe(CONTENTS[name] ?? 'long');
      expect(harness.exports.modified(archive.find(name))).toBe(BigInt(MODIFIED));
    }
    for (const absent of [
      '',
      'index',
      'index.htm',
      'index.html/',
      './index.html',
      '/index.html',
      'link.html',
    ])
      expect(archive.find(absent), absent).toBe(0);
  });
});

test('tar -C FOLDER . names files from the folder on', () => {
  const archive = fresh().open(execFileSync('tar', ['-C', folder, '-cf', '-', '.']));
  expect(archive.refusal).toBe('');
  expect(String(archive.content('index.html'))).toBe('<p>home');
  expect(String(archive.content(LONG))).toBe('long');
});

test('our own packing is checksummed, and any tar lists it', async () => {
  const files = Object.entries({ ...CONTENTS, [LONG]: 'long' }).map(([name, content]) => ({
    name,
    content: Buffer.from(content),
  }));
  const made = await makeArchive(files, MODIFIED);
  expect(made.length % 16384).toBe(0);
  const harness = fresh();
  // A device may be larger than what lies on it.
  const archive = harness.open(made, { capacity: made.length + 65536, sector: 4096 });
  expect(archive.refusal).toBe('');
  expect(archive.checksummed).toBe(true);
  expect(archive.files).toBe(files.length);
  for (const { name, content } of files) expect(archive.content(name), name).toEqual(content);
  expect(archive.find('.digests')).toBe(0);

  const listed = execFileSync('tar', ['--quoting-style=literal', '-tf', '-'], {
    input: made,
    encoding: 'utf8',
  });
  expect(listed.trim().split('\n').sort()).toEqual(['.digests', ...files.map(({ name }) => name)].sort());
  expect(await makeArchive(files.reverse(), MODIFIED)).toEqual(made);
});

test('a tag changes with the content where there are digests, with time and size where there are none', async () => {
  const harness = fresh();
  const tag = (made: Buffer): bigint => {
    const archive = harness.open(made);
    return harness.exports.tag(archive.find('a'));
  };
  const packed = (content: string) => makeArchive([{ name: 'a', content: Buffer.from(content) }], MODIFIED);
  expect(tag(await packed('one'))).not.toBe(tag(await packed('two')));
  expect(tag(await packed('one'))).toBe(tag(await packed('one')));

  const plain = (content: string, mtime: string) =>
    archiveOf(entry('pax', records({ mtime }), 'x'), entry('a', content));
  expect(tag(plain('one', '5'))).not.toBe(tag(plain('three', '5')));
  expect(tag(plain('one', '5'))).not.toBe(tag(plain('one', '6.5')));
  expect(tag(plain('one', '5.25'))).toBe(tag(plain('two', '5.5')));
});

test('NAME.gz and NAME.br belong to NAME', () => {
  const harness = fresh();
  const archive = harness.open(
    archiveOf(entry('a.br', '1'), entry('a', '2'), entry('a.gz', '3'), entry('b.gz', '4'), entry('.gz', '5')),
  );
  expect(harness.exports.gzip(archive.find('a'))).toBe(archive.find('a.gz'));
  expect(harness.exports.brotli(archive.find('a'))).toBe(archive.find('a.br'));
  expect(harness.exports.gzip(archive.find('a.gz'))).toBe(0);
  expect(archive.find('b.gz')).not.toBe(0);
});

test('of files with one name the last is served, and its variants too', () => {
  const harness = fresh();
  const archive = harness.open(
    archiveOf(entry('a', 'old'), entry('a.gz', 'old'), entry('a', 'newer'), entry('a.gz', 'newer gz')),
  );
  expect(archive.files).toBe(4);
  expect(String(archive.content('a'))).toBe('newer');
  expect(harness.exports.gzip(archive.find('a'))).toBe(archive.find('a.gz'));
  expect(String(archive.content('a.gz'))).toBe('newer gz');
});

// FNV-1a of 32 bits is the same for both: of one length, and of two.
test.each([
  ['page-36902.html', 'note-210852.txt'],
  ['note-25866.txt', 'page-52291.html'],
])('names with the same hash, %s and %s, are two', (one, other) => {
  const alone = fresh().open(archiveOf(entry(one, '1')));
  expect(alone.find(other)).toBe(0);
  const both = fresh().open(archiveOf(entry(one, '1'), entry(other, '2')));
  expect([String(both.content(one)), String(both.content(other))]).toEqual(['1', '2']);
});

test('.digests that do not come first are a file like others', () => {
  const archive = fresh().open(archiveOf(entry('a', ''), entry('.digests', 'x')));
  expect(archive.refusal).toBe('');
  expect(archive.checksummed).toBe(false);
  expect(String(archive.content('.digests'))).toBe('x');
});

test('an extended header is about the next entry only, and wins over its fields', () => {
  const harness = fresh();
  const archive = harness.open(
    archiveOf(
      entry('global', records({ comment: 'of all' }), 'g'),
      entry('pax', records({ path: './long/name', size: '3', mtime: '1.9', comment: 'no' }), 'x'),
      Buffer.concat([entry('short', '').subarray(0, 512), Buffer.concat([Buffer.from('abc')], 512)]),
      entry('next', 'defg'),
    ),
  );
  expect(archive.refusal).toBe('');
  expect(String(archive.content('long/name'))).toBe('abc');
  expect(harness.exports.modified(archive.find('long/name'))).toBe(1n);
  expect(String(archive.content('next'))).toBe('defg');
  expect(archive.find('short')).toBe(0);
});

test('what has no content has none, whatever its header says', () => {
  const archive = fresh().open(
    archiveOf(header('folder/', 5000, '5'), header('link', 5000, '2'), entry('a', 'hello')),
  );
  expect(archive.refusal).toBe('');
  expect(archive.skipped).toBe(2);
  expect(String(archive.content('a'))).toBe('hello');
});

test('a size may be binary', () => {
  const archive = fresh().open(
    archiveOf(
      entry('a', 'hello', '0', (block) => {
        block.fill(0, 124, 136);
        block[124] = 0x80;
        block[135] = 5;
      }),
    ),
  );
  expect(String(archive.content('a'))).toBe('hello');
});
