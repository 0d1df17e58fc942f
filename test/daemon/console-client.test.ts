// What a client is told of a console that has more on the disk than in memory.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseName } from '../../runtime/protocol/name.ts';
import { Memory } from './http/memory.ts';

let memory: Memory;
beforeEach(async () => {
  memory = await Memory.begin();
  await memory.create('web');
});
afterEach(() => memory.end());

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => String(from + at));
const print = (from: number, to: number): void => memory.print(':web', `${numbers(from, to).join('\n')}\n`);
const last = (value: number) =>
  ({ kind: 'console', value: { kind: 'subscribe', value: { kind: 'count', value } } }) as const;

test('all of it is told, and what is printed meanwhile after it, each line once', async () => {
  print(0, 10_000);
  await using exchange = await memory.client.open(parseName('web'), last(1 << 20), true);
  const lines: string[] = [];
  for await (const { data } of exchange.data()) {
    if (data.kind === 'console') lines.push(data.value.line);
    // It comes while the client still reads what has been.
    if (lines.length === 1) print(10_000, 12_000);
    if (lines.length === 12_000) break;
  }
  expect(lines).toEqual(numbers(0, 12_000));
});
