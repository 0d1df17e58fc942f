// The lines a unikernel printed, whatever pieces they come in.
import { once } from 'node:events';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConsoleRing, LINE_MAX, LINES_MAX } from '../../runtime/daemon/console.ts';
import { LINES_A_SECOND, LINES_AT_ONCE, paced, WINDOW_BYTES } from '../../runtime/daemon/console-limit.ts';
import { Console, type Wanted } from '../../runtime/daemon/consoles.ts';

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

test('the newest are kept, and asked for by number or time', async () => {
  const console = new Console();
  const lines = async (wanted: Wanted): Promise<string[]> =>
    (await console.lines(wanted)).map(({ line }) => line);
  for (let n = 0; n < LINES_MAX + 10; n += 1) console.push(Buffer.from(`${n}\n`), at(n));
  expect(await lines({ kind: 'count', value: 2 })).toEqual([String(LINES_MAX + 8), String(LINES_MAX + 9)]);
  expect(await lines({ kind: 'count', value: 0 })).toEqual([]);
  const all = await lines({ kind: 'count', value: 1 << 20 });
  expect(all).toHaveLength(LINES_MAX);
  expect(all[0]).toBe('10');
  expect(await lines({ kind: 'since', value: at(LINES_MAX + 9) })).toEqual([String(LINES_MAX + 9)]);
  expect(await lines({ kind: 'since', value: at(0) })).toHaveLength(LINES_MAX);
});

test('what is printed too fast is left out and counted, and the count is told once a second', () => {
  const ring = new ConsoleRing();
  const flood = Buffer.from('x\n'.repeat(LINES_AT_ONCE));
  expect(ring.push(flood, at(0))).toHaveLength(LINES_AT_ONCE);
  expect(ring.push(flood, at(0.9))).toEqual([]);
  expect(
    ring
      .push(flood, at(1))
      .slice(0, 2)
      .map(({ line }) => line),
  ).toEqual([`[kittiwaked: ${LINES_AT_ONCE} lines left out: it prints too fast]`, 'x']);
  expect(ring.push(flood, at(2))).toHaveLength(LINES_A_SECOND + 1);
  // A clock that is set back counts from there.
  expect(ring.push(flood, at(1))).toEqual([]);
  expect(ring.end(at(1)).map(({ line }) => line)).toEqual([
    `[kittiwaked: ${2 * LINES_AT_ONCE - LINES_A_SECOND} lines left out: it prints too fast]`,
  ]);
  expect(ring.push(flood, at(100))).toHaveLength(LINES_AT_ONCE);
  expect(ring.all()).toHaveLength(LINES_MAX);
});

test('whoever prints without end is read in pieces, and nothing of it is lost', async () => {
  const bytes = Buffer.alloc(3 * WINDOW_BYTES, 'y');
  const reader = Readable.from([bytes.subarray(0, WINDOW_BYTES), bytes.subarray(WINDOW_BYTES)]);
  let taken = 0;
  const pauses: number[] = [];
  reader.on('pause', () => pauses.push(taken));
  paced(reader, (piece) => (taken += piece.length));
  await once(reader, 'close');
  expect(taken).toBe(bytes.length);
  expect(pauses).toEqual([WINDOW_BYTES, 3 * WINDOW_BYTES]);
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
