// The reader of an image's notes: right images described, wrong ones refused by name, hostile ones never worse than refused.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readImage } from '../../runtime/cli/image.ts';
import { ImageError, parseImage, type Image } from '../../runtime/image/notes.ts';
import { seeded } from '../random.ts';
import { solo5Elf, type Shape } from './solo5-elf.ts';

const parse = (bytes: Buffer): Image =>
  parseImage('x.hvt', (offset, length) => bytes.subarray(offset, offset + length));

function refusal(bytes: Buffer): string {
  try {
    parse(bytes);
  } catch (error) {
    if (error instanceof ImageError) return error.message;
    throw error;
  }
  throw new Error('was not refused');
}

test('an image is described by its notes', () => {
  const devices = [
    { name: 'service', type: 2 },
    { name: 'data', type: 1 },
  ];
  expect(parse(solo5Elf({ target: 1, devices }))).toEqual({
    machine: 'x86_64',
    abi: { target: 'hvt', version: 2 },
    devices: [
      { name: 'service', type: 'NET_BASIC' },
      { name: 'data', type: 'BLOCK_BASIC' },
    ],
  });
});

describe('refused, by name', () => {
  const cases: [string, Buffer, RegExp][] = [
    ['an empty file', Buffer.alloc(0), /not an ELF executable/],
    ['text', Buffer.from('#!/bin/sh\necho hello\n'), /not an ELF executable/],
    ['a header cut short', solo5Elf().subarray(0, 40), /ends after 40 bytes, within its ELF header/],
    ['32 bits', patched((bytes) => (bytes[4] = 1)), /not a 64-bit/],
    ['no program headers', patched((bytes) => bytes.writeUInt16LE(0, 56)), /no valid program headers/],
    [
      'a program header table far away',
      patched((bytes) => bytes.writeBigUInt64LE(1n << 60n, 32)),
      /beyond the end/,
    ],
    ['no ABI note', solo5Elf({ without: 'abi' }), /not a Solo5 image/],
    ['no manifest', solo5Elf({ without: 'manifest' }), /no device manifest/],
    ['a manifest of another version', spoiled((m) => m.writeUInt32LE(7, 0)), /invalid \(version 7\)/],
    ['a manifest of no entries', spoiled((m) => m.writeUInt32LE(0, 4)), /invalid \(0 entries\)/],
    ['a manifest of too many entries', spoiled((m) => m.writeUInt32LE(65, 4)), /invalid \(65 entries\)/],
    [
      'a manifest that counts wrongly',
      spoiled((m) => m.writeUInt32LE(2, 4)),
      /size and number of entries disagree/,
    ],
    ['no reserved entry', spoiled((m) => m.writeUInt32LE(2, 76)), /reserved first entry/],
    ['a device that claims to be attached', spoiled((m) => (m[8 + 96] = 1)), /claims to be attached/],
  ];
  test.each(cases)('%s', (_, bytes, message) => expect(refusal(bytes)).toMatch(message));
});

test('a name from an image cannot steer the terminal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kittiwake-image-'));
  const path = join(folder, 'x.hvt');
  writeFileSync(path, solo5Elf({ devices: [{ name: '\x1b[2J', type: 2 }] }));
  expect(readImage(path).devices[0]?.name).toBe('\\x1b[2J');
  rmSync(folder, { recursive: true });
});

test('cut anywhere, an image is refused', () => {
  const whole = solo5Elf({ devices: [{ name: 'service', type: 2 }] });
  for (let length = 0; length < whole.length; length++)
    expect(refusal(whole.subarray(0, length))).toMatch(/^x\.hvt: /);
});

test('20,000 damaged images: described or refused, nothing else', () => {
  const whole = solo5Elf({ devices: [{ name: 'service', type: 2 }] });
  const random = seeded(20261121);
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(whole);
    for (let flips = 1 + random(4); flips > 0; flips--) bytes[random(bytes.length)] = random(256);
    try {
      expect(parse(bytes).devices.length).toBeLessThan(64);
    } catch (error) {
      expect(error).toBeInstanceOf(ImageError);
    }
  }
});

function patched(change: (bytes: Buffer) => unknown): Buffer {
  const bytes = solo5Elf();
  change(bytes);
  return bytes;
}

function spoiled(spoil: NonNullable<Shape['spoil']>): Buffer {
  return solo5Elf({ spoil });
}
