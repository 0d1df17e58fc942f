// The Internet checksum against known values, and against the plain way of computing it at every length.
import { beforeAll, expect, test } from 'vitest';
import { checksum } from '../packets.ts';
import { loadCore, type Core } from './core.ts';

let core: Core;
beforeAll(async () => {
  core = await loadCore();
});

function ofModule(bytes: Buffer): number {
  Buffer.from(core.memory.buffer, core.frame.value, bytes.length).set(bytes);
  const stored = Buffer.alloc(2);
  stored.writeUInt16LE(core.checksum(bytes.length)); // as the module would store it
  return stored.readUInt16BE();
}

test.each([
  ['the example of RFC 1071, section 3', '0001f203f4f5f6f7', 0x220d],
  ['an IPv4 header without its checksum', '45000073000040004011' + '0000c0a80001c0a800c7', 0xb861],
  ['an IPv4 header with it', '45000073000040004011' + 'b861c0a80001c0a800c7', 0],
  ['nothing', '', 0xffff],
  ['zeroes', '0000000000', 0xffff],
  ['ones', 'ffffffffffffffff', 0],
  ['an odd byte, padded behind', '01', 0xfeff],
])('of %s', (_, hex, expected) => {
  expect(ofModule(Buffer.from(hex, 'hex'))).toBe(expected);
});

test('at every length of a frame, and the longest packet that carries most', () => {
  const bytes = Buffer.from(Array.from({ length: 1600 }, (_, i) => (i * 197 + (i >> 3)) & 255));
  for (let size = 0; size <= bytes.length; size++) {
    expect(ofModule(bytes.subarray(0, size))).toBe(checksum(bytes.subarray(0, size)));
  }
  const most = Buffer.alloc(65535, 0xff);
  expect(ofModule(most)).toBe(checksum(most));
});
