// How far a reader is with a lab: what is marked, what comes next, what is said of what was left out.
import { describe, expect, it } from 'vitest';
import { CLOSE, FRAME_MAX, LAB_PATH, type PartState } from '../../labs/server/protocol.ts';
import { Backlog } from '../../src/lab/backlog.ts';
import * as connection from '../../src/lab/connection.ts';
import { FORBIDDEN } from '../../src/lab/line.ts';
import { mergeNotes } from '../../src/lab/progress.ts';
import {
  isThere,
  mark,
  nextStep,
  notHere,
  stepsInWords,
  type Notes,
  type Step,
} from '../../src/lab/steps.ts';

const STEPS: readonly Step[] = ['a', 'b', 'c'].map((name, index) => ({
  name,
  number: index + 1,
  digest: `${name}1`,
}));
const [a, b, c] = STEPS as [Step, Step, Step];

const notes = (...parts: readonly PartState[]): Notes => new Map(parts.map((part) => [part.part, part]));
const passed = (part: string, more: Partial<PartState> = {}): PartState => ({
  part,
  digest: `${part}1`,
  state: 'passed',
  ...more,
});
const none = (part: string, more: Partial<PartState> = {}): PartState => ({
  ...passed(part),
  state: 'none',
  ...more,
});

describe('a step', () => {
  it('is marked as it went, and as edited when it was another then', () => {
    expect(mark(a, notes())).toEqual({ kind: 'none' });
    expect(mark(a, notes(passed('a', { here: true })))).toEqual({
      kind: 'passed',
      at: undefined,
      here: true,
    });
    expect(mark(a, notes(passed('a', { digest: 'a0' })))).toEqual({ kind: 'edited' });
    expect(mark(a, notes({ ...none('a'), state: 'skipped' }))).toEqual({ kind: 'skipped' });
  });

  it('comes next when it is the first that is not done', () => {
    expect(nextStep(STEPS, notes())).toBe(a);
    expect(nextStep(STEPS, notes(passed('a'), { ...passed('b'), state: 'failed' }))).toBe(b);
    expect(nextStep(STEPS, notes(passed('a', { digest: 'a0' }), passed('b')))).toBe(a);
    expect(nextStep(STEPS, notes(passed('a'), passed('b'), passed('c')))).toBeUndefined();
  });

  it('needs the ones before it in the same machine', () => {
    const some = notes(passed('a', { here: true }), passed('b'), none('c'));
    expect(notHere(c, STEPS, some)).toEqual([2]);
    expect(isThere('b', some)).toBe(true);
    expect(isThere('c', some)).toBe(false);
    expect(isThere('nobody', notes())).toBe(false);
  });
});

describe('what is kept of a lab', () => {
  it('is that a step was done before it was edited', () => {
    const merged = mergeNotes(notes(passed('a'), passed('b')), [none('a', { digest: 'a2' }), none('b')]);
    expect(merged.get('a')).toMatchObject({ state: 'passed', digest: 'a1' });
    expect(merged.get('b')).toMatchObject({ state: 'none' });
  });

  it('gives way to a new run', () => {
    const now = passed('a', { digest: 'a2', at: '2026-11-22T02:00:00Z' });
    expect(mergeNotes(notes(passed('a')), [now]).get('a')).toBe(now);
  });
});

it('numbers of steps are told as people tell them', () => {
  expect(stepsInWords([3])).toBe('step 3');
  expect(stepsInWords([3, 4])).toBe('steps 3 and 4');
  expect(stepsInWords([1, 2, 3, 4, 7])).toBe('steps 1 to 4 and 7');
  expect(stepsInWords([1, 2, 5, 6, 7, 9])).toBe('steps 1, 2, 5 to 7 and 9');
});

it('the page says what the server understands', () => {
  expect(connection.LAB_PATH).toBe(LAB_PATH);
  expect(FORBIDDEN).toBe(CLOSE.forbidden);
  expect(connection.PIECE).toBeLessThanOrEqual(FRAME_MAX);
});

it('a terminal that is not there yet misses only what is long past', () => {
  const backlog = new Backlog();
  for (let index = 0; index < 100; index++) backlog.add(new Uint8Array(8192).fill(index));
  const kept = backlog.take();
  expect(kept.at(-1)?.[0]).toBe(99);
  expect(kept.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(256 * 1024);
  expect(backlog.take()).toEqual([]);
});
