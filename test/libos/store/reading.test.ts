// Reading files: whatever is asked for, what comes is what was packed, or nothing.
import { crc32 } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeArchive, type ArchiveFile } from '../../../scripts/site/archive.ts';
import { noise, seeded } from '../../random.ts';
import { archiveOf, entry, loadStore, type Harness } from './store.ts';

let fresh: () => Harness;
beforeAll(async () => {
  fresh = await loadStore();
});

const CHUNK = 16384;
/** A budget that holds the index of the tests' archives and a few chunks. */
const SMALL = 80_000;

const FILES: readonly ArchiveFile[] = [0, 1, 511, 512, 5000, CHUNK, CHUNK - 512, 3 * CHUNK + 7, 150_000].map(
  (size, index) => ({ name: `f${index}`, content: noise(size, index) }),
);

test('CRC-32 is that of zlib', () => {
  const { exports, buffer } = fresh();
  for (const size of [0, 1, 7, 8, 9, 16, 1000, CHUNK]) {
    noise(size, size).copy(buffer);
    expect(exports.crc32(size)).toBe(crc32(buffer.subarray(0, size)) | 0);
  }
});

describe.each([
  ['with digests', 512, SMALL],
  ['with digests', 16384, SMALL],
  ['with digests', 512, 1 << 20],
  ['plain', 512, SMALL],
  ['plain', 4096, 1 << 20],
])('an archive %s, in sectors of %i bytes, in %i bytes of memory', (kind, sector, budget) => {
  test('gives any piece of any file as it was packed', async () => {
    const made =
      kind === 'plain'
        ? archiveOf(...FILES.map(({ name, content }) => entry(name, Buffer.from(content))))
        : await makeArchive(FILES, 1);
    const archive = fresh().open(made, { sector, budget });
    expect(archive.refusal).toBe('');
    const next = seeded(sector + budget);
    for (let round = 0; round < 1000; round++) {
      const { name, content } = FILES[next(FILES.length)] ?? { name: '', content: Buffer.alloc(0) };
      const offset = next(content.length + 10);
      const size = next(next(2) === 0 ? 2000 : 100_000);
      const got = archive.read(archive.find(name), offset, size);
      expect(got === -1 ? -1 : got.equals(content.subarray(offset, offset + size))).toBe(true);
    }
    const entryAt = archive.find('f4');
    expect(archive.read(entryAt, 2 ** 40, 10)).toEqual(Buffer.alloc(0));
  });
});

test('peek shows what lies in one chunk', async () => {
  const harness = fresh();
  const made = await makeArchive(FILES, 1);
  const archive = harness.open(made);
  const { exports } = harness;
  const content = FILES[8]?.content ?? Buffer.alloc(0);
  const found = archive.find('f8');
  let offset = 0;
  while (offset < content.length) {
    const at = exports.peek(archive.pointer, found, BigInt(offset));
    const size = exports.peeked(archive.pointer);
    expect(at).not.toBe(0);
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(CHUNK);
    expect(Buffer.from(exports.memory.buffer, at, size).equals(content.subarray(offset, offset + size))).toBe(
      true,
    );
    offset += size;
  }
  expect(offset).toBe(content.length);
  expect(exports.peek(archive.pointer, found, BigInt(offset))).toBe(0);
  expect(exports.peeked(archive.pointer)).toBe(0);
});

test('what is read again comes from memory, and what is read all the time stays there', async () => {
  const harness = fresh();
  const archive = harness.open(await makeArchive(FILES, 1), { budget: SMALL });
  const { exports } = harness;
  const slots = exports.slots(archive.pointer);
  expect(slots).toBeGreaterThan(1);
  expect(slots).toBeLessThan(9);
  const hot = archive.find('f2');
  const large = archive.find('f8');
  archive.read(hot, 0, 511);
  const before = harness.reads;
  for (let round = 0; round < 10; round++) archive.read(hot, 0, 511);
  expect(harness.reads).toBe(before);
  // A large file goes by, and the hot one is asked for between its pieces: it is never fetched again.
  for (let offset = 0; offset < 150_000; offset += CHUNK) {
    archive.read(large, offset, 1);
    const reads = harness.reads;
    archive.read(hot, 0, 511);
    expect(harness.reads).toBe(reads);
  }
});

test('every chunk is read once where all fit', async () => {
  const harness = fresh();
  const made = await makeArchive(FILES, 1);
  const archive = harness.open(made);
  for (let round = 0; round < 3; round++) for (const { name } of FILES) archive.content(name);
  expect(harness.exports.misses(archive.pointer)).toBeLessThanOrEqual(BigInt(made.length / CHUNK));
  expect(harness.exports.slots(archive.pointer)).toBe(made.length / CHUNK);
});

test('no byte of content can change unseen', async () => {
  const made = await makeArchive(FILES, 1);
  const next = seeded(5);
  for (let round = 0; round < 60; round++) {
    const harness = fresh();
    const device = Buffer.from(made);
    const archive = harness.open(device);
    const at = CHUNK + next(made.length - CHUNK);
    device[at] = (device[at] ?? 0) ^ (1 << next(8));
    for (const { name, content } of FILES) {
      const got = archive.content(name);
      if (got !== -1) expect(got?.equals(content), `byte ${at}`).toBe(true);
    }
    const touched = FILES.some(({ content }) => device.indexOf(content) < 0);
    if (touched) expect(harness.exports.corrupt(archive.pointer)).toBeGreaterThan(0n);
  }
});

test('a device that fails for a while fails those reads only', () => {
  const harness = fresh();
  const archive = harness.open(archiveOf(entry('a', 'x'.repeat(100_000))), { budget: SMALL });
  harness.healthyReads = harness.reads + 1;
  const found = archive.find('a');
  expect(archive.read(found, 0, 100)).toHaveLength(100);
  expect(archive.read(found, CHUNK, 100)).toBe(-1);
  expect(archive.read(found, 0, CHUNK * 2)).toBe(-1);
  // Each failure empties a slot that had a chunk, more often than there are slots.
  harness.healthyReads = harness.reads + 5;
  for (let chunk = 0; chunk < 10; chunk++) archive.read(found, (chunk % 7) * CHUNK, 1);
  expect(harness.exports.slots(archive.pointer)).toBeLessThan(5);
  harness.healthyReads = Infinity;
  expect(archive.read(found, 0, 100_000)).toEqual(Buffer.from('x'.repeat(100_000)));
});

test('what lies behind the chunks that have checksums is not served', async () => {
  const made = await makeArchive(FILES, 1);
  made.writeBigUInt64LE(BigInt(2 * CHUNK), 512 + 16);
  made.writeUInt32LE(crc32(made.subarray(512, CHUNK - 4)), CHUNK - 4);
  const archive = fresh().open(made);
  expect(archive.refusal).toBe('');
  expect(archive.content('f0')).toHaveLength(0);
  expect(archive.content('f2')).toHaveLength(511);
  expect(archive.content('f8')).toBe(-1);
});

test('a small archive takes little memory, whatever it may have', () => {
  const harness = fresh();
  const before = harness.exports.pages();
  const archive = harness.open(archiveOf(entry('a', 'b')), { budget: 1 << 30 });
  expect(archive.content('a')).toEqual(Buffer.from('b'));
  expect(harness.exports.pages() - before).toBeLessThan(8);
});

test('opening and closing gives all memory back', async () => {
  const harness = fresh();
  const made = await makeArchive(FILES, 1);
  const broken = made.subarray(0, CHUNK * 3);
  for (const device of [made, broken]) harness.open(device).close();
  const pages = harness.exports.pages();
  for (let round = 0; round < 100; round++) for (const device of [made, broken]) harness.open(device).close();
  expect(harness.exports.pages()).toBe(pages);
});
