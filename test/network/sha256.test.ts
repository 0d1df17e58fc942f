// SHA-256 and HMAC against Node's own.
import { createHash, createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { digest, hmac, sha256 } from '../../runtime/network/sha256.ts';
import { seeded } from '../random.ts';

const random = seeded(256);
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));

test('of every length around a block and two, and of a large text', () => {
  for (const length of [...Array.from({ length: 200 }, (_, each) => each), 4095, 100_000]) {
    const data = bytes(length);
    expect(Buffer.from(sha256(data)).toString('hex'), `${length} bytes`).toBe(
      createHash('sha256').update(data).digest('hex'),
    );
  }
});

test("of the standard's own example (FIPS 180-4), and of text that is not ASCII", () => {
  expect(digest('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(digest('Möwe 🐦')).toBe(createHash('sha256').update('Möwe 🐦').digest('hex'));
});

test('keyed, with keys of up to a block', () => {
  for (const length of [0, 1, 32, 63, 64]) {
    const key = bytes(length);
    expect(Buffer.from(hmac(key, '0 www'))).toEqual(createHmac('sha256', key).update('0 www').digest());
  }
});
