// Who is told of statistics, how often, and that nothing is done where nobody listens.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { below, FRESH_MS, Sampler, type Subject } from '../../runtime/daemon/sampler.ts';
import { formatName, isWithin, parseName } from '../../runtime/protocol/name.ts';
import type { Statistics } from '../../runtime/protocol/data.ts';

const BEAT_MS = 2000;
let looks: string[];
let failures: string[];
let broken: boolean;
let all: Subject[];
let sampler: Sampler;

const subject = (name: string, kind = 'running', pid = 1): Subject =>
  ({ unikernel: { name: parseName(name) }, state: { kind, pid } }) as unknown as Subject;

beforeEach(() => {
  vi.useFakeTimers();
  [looks, failures, broken] = [[], [], false];
  all = [subject('a'), subject('team:b'), subject('team:c'), subject('team:d', 'ended')];
  sampler = new Sampler(
    {
      subjects: (scope) => Promise.resolve(all.filter(({ unikernel: { name } }) => isWithin(name, scope))),
      look: () => {
        if (broken) throw new Error('/proc/stat: too many files are open');
        return ({ name }) => {
          looks.push(formatName(name));
          return { interfaces: [] } as unknown as Statistics;
        };
      },
      failed: (line) => failures.push(line),
    },
    BEAT_MS,
  );
});
afterEach(() => vi.useRealTimers());

async function listener(scope: string) {
  const heard: string[] = [];
  const state = { heard, there: true, end: () => undefined as unknown };
  state.end = await sampler.add(parseName(scope), (name) => {
    if (state.there) heard.push(formatName(name));
    return state.there;
  });
  return state;
}
const beat = () => vi.advanceTimersByTimeAsync(BEAT_MS);

test('who asks is told at once, and then at each beat, of what runs below the name and nothing else', async () => {
  const team = await listener('team:');
  expect(team.heard).toEqual(['team:b', 'team:c']);
  const one = await listener('a');
  await beat();
  expect(team.heard).toEqual(['team:b', 'team:c', 'team:b', 'team:c']);
  expect(one.heard).toEqual([':a', ':a']);
  all.push(subject('team:e'));
  await beat();
  expect(team.heard.slice(4)).toEqual(['team:b', 'team:c', 'team:e']);
});

test('only what somebody listens to is looked at, once for all who do', async () => {
  await listener('team:b');
  await listener('team:');
  looks = [];
  await beat();
  expect(looks).toEqual(['team:b', 'team:c']);
});

test('without listeners nothing is looked at, and no timer is left', async () => {
  const first = await listener('a');
  const second = await listener(':');
  expect(sampler.beats).toBe(true);
  first.end();
  expect(sampler.beats).toBe(true);
  second.end();
  expect(sampler.beats).toBe(false);
  looks = [];
  await beat();
  expect(looks).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('one that is gone without a word is let go at the next beat, and the timer with it', async () => {
  const gone = await listener('a');
  gone.there = false;
  await beat();
  expect(sampler.beats).toBe(false);
  gone.end();
  await listener('a');
  await beat();
  expect(vi.getTimerCount()).toBe(1);
});

test('coming and going while a beat is under way never makes two timers', async () => {
  for (let round = 0; round < 5; round++) {
    const one = await listener('a');
    const under = beat();
    one.end();
    const next = await listener('a');
    await under;
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
    next.end();
  }
  expect(vi.getTimerCount()).toBe(0);
});

test('asked again and again, the same is told without another look, but of another process', async () => {
  await listener('a');
  await listener('a');
  expect(looks).toEqual([':a']);
  await vi.advanceTimersByTimeAsync(FRESH_MS);
  await listener('a');
  expect(looks).toEqual([':a', ':a']);
  Object.assign(all[0]?.state ?? {}, { pid: 2 });
  await listener('a');
  expect(looks).toHaveLength(3);
});

test('a beat that fails is said, and the next one comes', async () => {
  const one = await listener('a');
  broken = true;
  await beat();
  expect(failures).toEqual(['statistics: /proc/stat: too many files are open']);
  broken = false;
  await beat();
  expect(one.heard).toEqual([':a', ':a']);
});

test('names are told without the path that was asked for', () => {
  expect(formatName(below(parseName('a:b:web'), parseName('a:')))).toBe('b:web');
  expect(formatName(below(parseName('a:b:web'), parseName('a:b:web')))).toBe(':web');
  expect(formatName(below(parseName('web'), parseName(':')))).toBe(':web');
});
