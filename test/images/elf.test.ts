// The prebuilt images as files: separate rights for code and data, the ABI's notes, the same in both ABIs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixtures } from '../tender/tender.ts';

interface Index {
  readonly images: readonly {
    readonly file: string;
    readonly size: number;
    readonly devices: readonly object[];
  }[];
}

const { images } = JSON.parse(readFileSync(join(fixtures, 'index.json'), 'utf8')) as Index;

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

function segments(file: string): Segment[] {
  const elf = readFileSync(join(fixtures, file));
  return Array.from({ length: elf.readUInt16LE(56) }, (_, index) => {
    const at = Number(elf.readBigUInt64LE(32)) + 56 * index;
    const word = (offset: number): number => Number(elf.readBigUInt64LE(at + offset));
    return {
      type: elf.readUInt32LE(at),
      flags: elf.readUInt32LE(at + 4),
      address: word(16),
      fileSize: word(32),
      memorySize: word(40),
    };
  });
}

describe.each(images.map(({ file }) => file))('%s', (file) => {
  const all = segments(file);
  const loaded = all.filter(({ type }) => type === 1);

  test('has no memory that is writable and executable', () => {
    expect(loaded.map(({ flags }) => flags)).toEqual([5, 4, 6, 6, 6]); // code, constants, stack, data, zeroes
    expect(all.filter(({ flags }) => (flags & 3) === 3)).toEqual([]);
  });

  test('begins at 1 MiB and has its stack directly behind read-only memory', () => {
    expect(loaded[0]?.address).toBe(0x100000);
    const [, constants, stack] = loaded;
    const end = (constants?.address ?? 0) + (constants?.memorySize ?? 0);
    expect(stack).toMatchObject({
      address: Math.ceil(end / 4096) * 4096,
      fileSize: 0,
      memorySize: 256 * 1024,
    });
  });

  test('has each note in a segment of its own', () => {
    expect(all.filter(({ type }) => type === 4)).toHaveLength(4); // ABI, manifest, what else it understands, names
  });

  test('is small, and named no folder of whoever built it', () => {
    const bytes = readFileSync(join(fixtures, file));
    expect(bytes.length).toBeLessThan(200_000);
    expect(bytes.toString('latin1')).not.toMatch(/\/(home|tmp|root|work|build)\//);
  });
});
