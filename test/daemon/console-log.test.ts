// Lines of consoles on the disk: what is there after a crash, how much there can be, and what happens where there is no room.
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LINE_MAX, LINES_MAX } from '../../runtime/daemon/console.ts';
import { FILE_MAX, FILES_MAX, RETRY_MS } from '../../runtime/daemon/console-log.ts';
import { Consoles, type Console } from '../../runtime/daemon/consoles.ts';
import { parseName } from '../../runtime/protocol/name.ts';

let folder: string;
let events: string[];
let opened: Console[];
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'kittiwake-consoles-'));
  events = [];
  opened = [];
});
afterEach(async () => {
  vi.useRealTimers();
  for (const console of opened) await console.close();
  await fs.rm(folder, { recursive: true });
});

const consoles = (): Consoles => new Consoles(join(folder, 'consoles'), (_, text) => events.push(text));
async function open(name = 'team:web'): Promise<Console> {
  const console = await consoles().open(parseName(name));
  opened.push(console);
  return console;
}
const at = (second: number): Date => new Date(second * 1000);
/** Prints lines `from` to `to`, one a second. */
function print(console: Console, from: number, to: number, text = 'line'): void {
  for (let n = from; n < to; n += 1) console.push(Buffer.from(`${text} ${n}\n`), at(n));
}
const all = async (console: Console): Promise<string[]> =>
  (await console.lines({ kind: 'count', value: 1 << 30 })).map(({ line }) => line);
async function files(): Promise<string[]> {
  const [id = ''] = await fs.readdir(join(folder, 'consoles'));
  const names = await fs.readdir(join(folder, 'consoles', id));
  return names.sort((a, b) => Number(a) - Number(b)).map((name) => join(folder, 'consoles', id, name));
}

test('the next daemon has what was printed, and goes on with it', async () => {
  const first = await open();
  expect(await all(first)).toEqual([]);
  print(first, 0, LINES_MAX + 500);
  first.push(Buffer.from('no end'), at(3000));
  await first.close();
  const next = await open();
  const lines = await all(next);
  expect(lines).toHaveLength(LINES_MAX + 500);
  expect(lines[0]).toBe('line 0');
  print(next, 2000, 2010);
  expect((await all(next)).slice(-12, -9)).toEqual(['line 1522', 'line 1523', 'line 2000']);
  expect((await all(next)).length).toBe(LINES_MAX + 510);
  // From the disk, from memory, and from both.
  const since = async (second: number): Promise<number> =>
    (await next.lines({ kind: 'since', value: at(second) })).length;
  expect([await since(10), await since(2005), await since(1500)]).toEqual([1524, 5, 34]);
  expect(await next.lines({ kind: 'since', value: at(1523) })).toContainEqual({
    ...{ time: at(1523), line: 'line 1523' },
  });
});

test('what is asked for is what there is at that moment, however fast more comes', async () => {
  const console = await open();
  print(console, 0, 2000);
  const before = all(console);
  print(console, 2000, 4000);
  const after = all(console);
  print(console, 4000, 6000);
  const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => `line ${n}`);
  expect(await before).toEqual(numbers(2000));
  expect(await after).toEqual(numbers(4000));
});

test('there is never more than its files hold, and the oldest lines go', async () => {
  const console = await open();
  const text = 'x'.repeat(LINE_MAX - 10);
  for (let from = 0; from < 6000; from += 500) {
    print(console, from, from + 500, text);
    await console.close();
  }
  const sizes = await Promise.all((await files()).map(async (file) => (await fs.stat(file)).size));
  expect(sizes).toHaveLength(FILES_MAX);
  for (const size of sizes) expect(size).toBeLessThanOrEqual(FILE_MAX);
  for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThan(FILE_MAX - 2 * LINE_MAX);
  const lines = await all(console);
  expect(lines.length).toBeGreaterThan(LINES_MAX);
  expect(lines.at(-1)).toBe(`${text} 5999`);
  expect(lines[0]).toBe(`${text} ${6000 - lines.length}`);
});

test.each<[string, string]>([
  ['cut off', '1970-01-01T00:00:10.000Z half a li'],
  ['cut off before its text', '1970-01-01T0'],
  ['never on the disk, though the file had grown', '\0'.repeat(4096)],
])('a last line that is %s is left out, and the next one is whole', async (_, torn) => {
  const console = await open();
  print(console, 0, 10);
  await console.close();
  const [file = ''] = await files();
  await fs.appendFile(file, torn);
  const next = await open();
  expect((await all(next)).filter((line) => !/^line \d$/.test(line))).toEqual([]);
  print(next, 20, 21);
  await next.close();
  expect(await fs.readFile(file, 'utf8')).toMatch(/line 9\n1970-01-01T00:00:20\.000Z line 20\n$/);
  expect((await all(await open())).at(-1)).toBe('line 20');
});

test('where the disk takes nothing, memory does; that is said once, and the gap is told when it takes lines again', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const console = await open();
  print(console, 0, 2);
  await console.close();
  const [file = ''] = await files();
  await fs.rename(file, `${file}.aside`);
  await fs.mkdir(file);
  for (const n of [2, 3, 4]) {
    print(console, n, n + 1);
    await console.close();
    vi.advanceTimersByTime(RETRY_MS);
  }
  expect(events).toEqual([
    expect.stringMatching(/^console: cannot be written to the disk \(EISDIR.*in memory$/),
  ]);
  expect(await all(console)).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4']);
  await fs.rmdir(file);
  await fs.rename(`${file}.aside`, file);
  print(console, 5, 6);
  await console.close();
  expect(events.slice(1)).toEqual(['console: is written to the disk again; 3 lines are missing there']);
  expect(await all(console)).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4', 'line 5']);
  expect(await all(await open())).toEqual([
    ...['line 0', 'line 1', '[kittiwaked: 3 lines could not be written to the disk]', 'line 5'],
  ]);
});

test('what is removed is gone, and so is what belongs to nobody', async () => {
  const console = await open();
  print(console, 0, 3);
  await console.remove();
  print(console, 3, 5);
  await console.close();
  expect(await fs.readdir(join(folder, 'consoles'))).toEqual([]);
  const others = await Promise.all(['a', 'b'].map((name) => open(name)));
  for (const other of others) print(other, 0, 1);
  for (const other of others) await other.close();
  await consoles().collect([parseName('b')]);
  expect(await fs.readdir(join(folder, 'consoles'))).toHaveLength(1);
  expect(await all(await open('b'))).toEqual(['line 0']);
});
