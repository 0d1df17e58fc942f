// What is no archive, or a hostile or damaged one: refused with a line that says what is wrong, where, and what to do.
import { crc32, gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { makeArchive } from '../../../scripts/site/archive.ts';
import { fromModule } from '../module.ts';
import { archiveOf, entry, header, loadStore, records, type Harness } from './store.ts';

let fresh: () => Harness;
beforeAll(async () => {
  fresh = await loadStore();
});

const refusal = (device: Uint8Array): string => fresh().open(device).refusal;

const spoilt = (change: (block: Buffer) => void): Buffer => archiveOf(entry('a', 'b', '0', change));
const good = archiveOf(entry('a', 'x'.repeat(1000)), entry('b', 'y'));

test.each<[string, Buffer, RegExp]>([
  ['nothing', Buffer.alloc(0), /holds no tar archive/],
  ['text', Buffer.from('hello '.repeat(1000)), /holds no tar archive/],
  ['a compressed archive', gzipSync(good), /holds no tar archive; attach one made by tar \(not compressed\)/],
  ['zeros', Buffer.alloc(10240), /holds no files; pack the folder/],
  ['folders only', archiveOf(entry('a/', '', '5')), /holds no files/],
  ['an archive cut within a file', good.subarray(0, 1024), /is cut: the entry at byte 0 goes beyond/],
  ['an archive cut between files', good.subarray(0, 512 + 1024), /is cut: the entry at byte 1536/],
  ['an archive without its end', good.subarray(0, good.length - 1024), /is cut: the entry at byte 2560/],
  [
    'a spoilt header',
    Buffer.concat([entry('a', ''), entry('b', '').fill('c', 0, 1), Buffer.alloc(1024)]),
    /checksum of the tar header at byte 512 is wrong; copy the archive again/,
  ],
  [
    'a huge size',
    spoilt((block) => block.fill(0xff, 125, 136).fill(0x80, 124, 125)),
    /header at byte 0 is malformed/,
  ],
  [
    'a size as large as 64 bits',
    spoilt((block) => block.fill(0xff, 128, 136).fill(0, 125, 128).fill(0x80, 124, 125)),
    /malformed/,
  ],
  [
    'a size of nearly 64 bits',
    spoilt((block) => block.fill(0xff, 129, 136).fill(0, 125, 129).fill(0x80, 124, 125)),
    /is cut: the entry at byte 0/,
  ],
  ['a negative size', spoilt((block) => block.fill(0xff, 124, 136)), /malformed/],
  [
    'a size beyond 64 bits',
    spoilt((block) => block.fill(0, 124, 136).fill(0x80, 124, 125).fill(1, 127, 128)),
    /malformed/,
  ],
  ['a size that is not octal', spoilt((block) => block.write('00000000009\0', 124)), /malformed/],
  ['a size of letters', spoilt((block) => block.write('0000000000z\0', 124)), /malformed/],
  ['an absolute name', archiveOf(entry('/etc/passwd', '')), /begins with '\/'; make the archive with tar -C/],
  ['a name that leads upwards', archiveOf(entry('a/../../b', '')), /leads upwards by '\.\.'/],
  ['a name that ends upwards', archiveOf(entry('a/..', '')), /leads upwards/],
  ['a name that leads upwards from here', archiveOf(entry('./../b', '')), /leads upwards/],
  ['no name', archiveOf(entry('', '')), /name of the file at byte 0 is empty/],
  [
    'a zero byte in a name',
    archiveOf(entry('p', records({ path: 'a\0b' }), 'x'), entry('a', '')),
    /byte 1024 is empty or has a zero byte/,
  ],
  [
    'a long pax name',
    archiveOf(entry('p', records({ path: 'a'.repeat(1025) }), 'x'), entry('a', '')),
    /byte 0 is longer than 1024 bytes; shorten it/,
  ],
  [
    'a long GNU name',
    archiveOf(entry('p', `${'a'.repeat(1025)}\0`, 'L'), entry('a', '')),
    /longer than 1024 bytes/,
  ],
  ['an empty GNU name', archiveOf(entry('p', '\0', 'L'), entry('a', '')), /is empty/],
  [
    'a long extended header',
    archiveOf(entry('p', Buffer.alloc(16385), 'x'), entry('a', '')),
    /extended header at byte 0 is longer than 16384/,
  ],
  [
    'an extended header with a wrong length',
    archiveOf(entry('p', '99 path=a\n', 'x'), entry('a', '')),
    /malformed/,
  ],
  [
    'an extended header whose last record ends behind it',
    archiveOf(header('p', 9, 'x'), Buffer.concat([Buffer.from('10 path=a\n')], 512), entry('a', '')),
    /malformed/,
  ],
  [
    'an extended header with a record without its end',
    archiveOf(entry('p', '9 path=ab', 'x'), entry('a', '')),
    /malformed/,
  ],
  ['an extended header without lengths', archiveOf(entry('p', 'path=a\n', 'x'), entry('a', '')), /malformed/],
  ['an extended header without a key', archiveOf(entry('p', '7 path\n', 'x'), entry('a', '')), /malformed/],
  [
    'an extended size of letters',
    archiveOf(entry('p', records({ size: 'many' }), 'x'), entry('a', '')),
    /malformed/,
  ],
  [
    'a file with holes (GNU)',
    archiveOf(entry('a', 'b', 'S')),
    /holes, which is not supported; .* without --sparse/,
  ],
  [
    'a file with holes (pax)',
    archiveOf(entry('p', records({ 'GNU.sparse.major': '1' }), 'x'), entry('a', 'b')),
    /holes/,
  ],
])('%s', (_, device, expected) => {
  expect(refusal(device)).toMatch(expected);
});

test('the longest name and the longest extended header are taken', () => {
  const name = 'n'.repeat(1024);
  const fields = { path: name, comment: 'c'.repeat(15000) };
  const archive = fresh().open(archiveOf(entry('p', records(fields), 'x'), entry('a', 'b')));
  expect(String(archive.content(name))).toBe('b');
  const gnu = fresh().open(archiveOf(entry('p', `${name}\0`, 'L'), entry('a', 'b')));
  expect(String(gnu.content(name))).toBe('b');
});

test('sectors of other sizes', () => {
  for (const sector of [0, 256, 513, 768, 32768]) {
    const harness = fresh();
    const pointer = harness.exports.open(65536n, sector, 1 << 20);
    const refusal = fromModule(harness.exports, harness.exports.words(pointer));
    expect(refusal, `${sector}`).toMatch(
      /sectors are larger than 16384 bytes; attach it with --block-sector-size:NAME=512/,
    );
  }
});

test('a device that fails while it is indexed', () => {
  const harness = fresh();
  harness.healthyReads = 1;
  expect(harness.open(good).refusal).toMatch(
    /could not be read at byte 1536; look at the file or disk behind it/,
  );
});

test('more files than the memory holds', () => {
  const many = Array.from({ length: 1000 }, (_, index) => header(`file-${index}`, 0));
  const device = archiveOf(...many);
  expect(fresh().open(device, { budget: 16384 }).refusal).toMatch(
    /does not fit into its memory at byte \d+; give the image more memory with --mem or pack fewer files/,
  );
  // The entries fit, the table of their names or one chunk of content does not.
  for (let budget = 80_000; budget < 120_000; budget += 500) {
    const archive = fresh().open(device, { budget });
    expect(archive.refusal).toMatch(/^$|does not fit/);
    if (archive.refusal === '') expect(archive.content('file-999')).toEqual(Buffer.alloc(0));
  }
  expect(fresh().open(device, { budget: 120_000 }).refusal).toBe('');
});

test('digests that do not fit into the memory, or cannot be read', async () => {
  const made = await makeArchive([{ name: 'a', content: Buffer.alloc(100) }], 1);
  for (const budget of [8, 15_000])
    expect(fresh().open(made, { budget }).refusal).toMatch(/does not fit into its memory at byte 0/);
  const harness = fresh();
  harness.healthyReads = 1;
  expect(harness.open(made).refusal).toMatch(/could not be read at byte 0/);
});

/** `.digests` with these fields and right checksum, of one chunk. */
function digests(change: (table: Buffer) => void, size = 16384 - 512): Buffer {
  const table = Buffer.alloc(size);
  table.write('digests1');
  table.writeUInt32LE(16384, 8);
  change(table);
  table.writeUInt32LE(crc32(table.subarray(0, -4)), size - 4);
  return archiveOf(entry('.digests', table), entry('a', ''), Buffer.alloc(65536));
}

test.each<[string, Buffer, RegExp]>([
  ['no file', digests(() => undefined), /the entry at byte 16384 is not the one/],
  ['more files than they have room for', digests((table) => table.writeUInt32LE(0xffffffff, 12)), /damaged/],
  [
    'more chunks than they have room for',
    digests((table) => {
      table.writeUInt32LE(1320, 12);
      table.writeBigUInt64LE(65536n, 16);
    }),
    /damaged/,
  ],
  ['chunks beyond the device', digests((table) => table.writeBigUInt64LE(1n << 62n, 16)), /is cut/],
  ['chunks of another size', digests((table) => table.writeUInt32LE(4096, 8)), /of another version/],
  ['no chunk they end with', digests(() => undefined, 16384), /damaged/],
  ['nothing', digests(() => undefined, 16), /damaged/],
])('digests of %s', (_, device, expected) => {
  expect(refusal(device)).toMatch(expected);
});

const files = ['a', 'b', 'c'].map((name) => ({ name, content: Buffer.from(name.repeat(20_000)) }));

test.each<[string, (made: Buffer) => Buffer, RegExp]>([
  [
    'their magic is another',
    (made) => made.fill('D', 512, 513),
    /\.digests .* damaged or of another version/,
  ],
  ['one of their checksums is another', (made) => made.fill(0xff, 512 + 70, 512 + 71), /damaged/],
  ['the archive is cut', (made) => made.subarray(0, made.length - 16384), /is cut: the entry at byte 0/],
  [
    'a file is taken away',
    (made) =>
      // Its entry, 512 and 20480 bytes, goes; zeros at the end take its place.
      Buffer.concat([made.subarray(0, 16384), made.subarray(16384 + 20992), Buffer.alloc(20992)]),
    /the entry at byte 16384 is not the one that was packed; pack the archive again/,
  ],
  [
    'the last file is taken away',
    (made) => made.fill(0, 16384 + 2 * 20992),
    /the entry at byte 58368 is not the one/,
  ],
  [
    'a file is added',
    (made) => {
      entry('d', 'new').copy(made, 16384 + 3 * 20992);
      return made;
    },
    /not the one/,
  ],
  [
    'a file is renamed',
    (made) => {
      header('z', 20_000).copy(made, 16384);
      return made;
    },
    /the entry at byte 16384 is not the one/,
  ],
])('an archive with digests, of which %s', async (_, change, expected) => {
  const made = await makeArchive(files, 1_700_000_000);
  expect(refusal(made)).toBe('');
  expect(refusal(change(made))).toMatch(expected);
});
