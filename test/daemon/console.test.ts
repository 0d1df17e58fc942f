// The lines a unikernel printed, whatever pieces they come in.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConsoleRing, LINE_MAX, LINES_MAX } from '../../runtime/daemon/console.ts';

const at = (second: number): Date => new Date(second * 1000);
const text = (ring: ConsoleRing): string[] => ring.all().map(({ line }) => line);

test('lines are told as they are complete, with the time of their end', () => {
  const ring = new ConsoleRing();
  expect(ring.push(Buffer.from('hel'), at(1))).toEqual([]);
  expect(ring.push(Buffer.from('lo\n\nwor'), at(2))).toEqual([{ time: at(2), line: 'hello' }]);
  expect(ring.end(at(3))).toEqual([{ time: at(3), line: 'wor' }]);
  expect(ring.end(at(4))).toEqual([]);
  expect(text(ring)).toEqual(['hello', 'wor']);
});

test('a line that is too long is cut, and its rest is left out', () => {
  const ring = new ConsoleRing();
  const [cut] = ring.push(Buffer.from(`${'x'.repeat(LINE_MAX)}rest`), at(1));
  expect(cut?.line).toBe(`${'x'.repeat(LINE_MAX)} [truncated]`);
  expect(ring.push(Buffer.from('more\nnext\n'), at(2)).map(({ line }) => line)).toEqual(['next']);
  ring.push(Buffer.from(`${'y'.repeat(LINE_MAX - 1)}\n`), at(3));
  expect(text(ring).at(-1)).toBe('y'.repeat(LINE_MAX - 1));
});

test('the newest are kept, and asked for by number or time', () => {
  const ring = new ConsoleRing();
  for (let n = 0; n < LINES_MAX + 10; n += 1) ring.push(Buffer.from(`${n}\n`), at(n));
  expect(ring.all()).toHaveLength(LINES_MAX);
  expect(text(ring)[0]).toBe('10');
  expect(ring.last(2).map(({ line }) => line)).toEqual([String(LINES_MAX + 8), String(LINES_MAX + 9)]);
  expect(ring.last(0)).toEqual([]);
  expect(ring.last(1 << 20)).toHaveLength(LINES_MAX);
  expect(ring.since(at(LINES_MAX + 9)).map(({ line }) => line)).toEqual([String(LINES_MAX + 9)]);
});

test('how it is cut into pieces makes no difference', () => {
  const output = fc.array(fc.oneof(fc.constant(10), fc.integer({ min: 32, max: 126 })), { maxLength: 2000 });
  fc.assert(
    fc.property(output, fc.integer({ min: 1, max: 700 }), (bytes, size) => {
      const [whole, pieces] = [new ConsoleRing(), new ConsoleRing()];
      whole.push(Uint8Array.from(bytes), at(0));
      for (let from = 0; from < bytes.length; from += size)
        pieces.push(Uint8Array.from(bytes.slice(from, from + size)), at(0));
      expect(text(pieces)).toEqual(text(whole));
    }),
    { numRuns: 300, seed: 4 },
  );
});
