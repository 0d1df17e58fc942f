// The packing of a module's data, read back as runtime/guest/wasm_rt.c reads it.
import { expect, test } from 'vitest';
import { pack } from '../../scripts/images/pack.ts';
import { noise } from '../random.ts';

function unpack(packed: readonly number[]): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < packed.length;) {
    const run = packed[at++] ?? 0;
    if (run >= 224) {
      const distance = (packed[at++] ?? 0) | ((packed[at++] ?? 0) << 8);
      for (let left = run - 219; left > 0; left--) bytes.push(bytes[bytes.length - distance] ?? -1);
    } else if (run >= 192) bytes.push(...Array<number>(run - 191).fill(0));
    else
      for (let left = (run % 128) + 1; left > 0; left--) {
        bytes.push(packed[at++] ?? 0);
        if (run >= 128) bytes.push(0);
      }
  }
  return bytes;
}

test('what is packed comes back, whatever it is', () => {
  const random = noise(40_000, 7);
  for (let i = 0; i < 150; i++) {
    const size = i < 100 ? i : random.readUInt16LE(i * 2) % 600;
    const start = random.readUInt16LE(i * 3) % 30_000;
    const bytes = [...random.subarray(start, start + size)];
    // Zeros alone, in runs, and after each byte of a text.
    const spread = bytes.flatMap((byte) => (byte % 5 === 0 ? Array<number>(byte % 131).fill(0) : [byte, 0]));
    const sparse = bytes.map((byte) => (byte % 3 === 0 ? byte : 0));
    for (const data of [bytes, spread, sparse]) expect(unpack(pack(data))).toEqual(data);
  }
});

test('a text takes half its size and little more', () => {
  const text = [...Buffer.from('ready: 100 files at http://10.0.0.2/'.repeat(20), 'utf16le')];
  expect(pack(text).length).toBeLessThan(text.length * 0.52);
});
