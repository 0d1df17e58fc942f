// Frames, in whatever pieces they come.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deframer, frame, STREAM_END } from '../../runtime/protocol/frame.ts';

const bodies = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 });

test('come out as they went in, however they are cut', () => {
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(frame));
      const deframer = new Deframer(50);
      const got: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = cuts[turn % cuts.length] ?? 1;
        got.push(...deframer.push(stream.subarray(at, at + size)));
        at += size;
      }
      expect(got.map((body) => [...body])).toEqual(sent.map((body) => [...body]));
      expect(deframer.held).toBe(0);
    }),
    { numRuns: 2000, seed: 3 },
  );
});

test('a length of zero or less is an end', () => {
  const deframer = new Deframer();
  const lengths = (bytes: Uint8Array): number[] => [...deframer.push(bytes)].map(({ length }) => length);
  expect(lengths(STREAM_END)).toEqual([0]);
  expect(lengths(Buffer.from('ffffffff80000000', 'hex'))).toEqual([0, 0]);
});

test('a length above the limit is refused before its bytes come; one at the limit is not', () => {
  const announced = (length: number): Buffer => {
    const head = Buffer.alloc(4);
    head.writeInt32BE(length);
    return head;
  };
  expect(() => [...new Deframer(100).push(announced(101))]).toThrow(
    'frame: 101 bytes are announced, 100 are the most',
  );
  expect([...new Deframer(100).push(Buffer.concat([announced(100), Buffer.alloc(100)]))]).toHaveLength(1);
});

test('a length alone costs nothing', () => {
  const deframer = new Deframer();
  const pieces = [Buffer.from('04', 'hex'), Buffer.from('000000', 'hex'), Buffer.alloc(10)];
  for (const piece of pieces) expect([...deframer.push(piece)]).toEqual([]);
  expect(deframer.held).toBe(14);
});

test('a large frame in small pieces takes time in proportion to its size', () => {
  // Joining at each piece would copy 16 MiB 16,384 times.
  const body = Buffer.alloc(16 * 1024 * 1024, 7);
  const stream = frame(body);
  const deframer = new Deframer();
  let got: Uint8Array | undefined;
  for (let at = 0; at < stream.length; at += 1024)
    for (const whole of deframer.push(stream.subarray(at, at + 1024))) got = whole;
  expect(Buffer.compare(got ?? Buffer.alloc(0), body)).toBe(0);
});
