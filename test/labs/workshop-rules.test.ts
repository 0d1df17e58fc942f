// What a workshop judges by: who is stuck, codes, names, how often a code may be wrong.
import { parseArgs } from 'node:util';
import { expect, test } from 'vitest';
import { Course } from '../../labs/server/course.ts';
import { Attempts } from '../../labs/server/workshop/attempts.ts';
import { chosenCode, CODES, isCode, newCode } from '../../labs/server/workshop/code.ts';
import { distinct, nameOf } from '../../labs/server/workshop/name.ts';
import { stuck, type Facts } from '../../labs/server/workshop/stuck.ts';
import { askedOf, WORKSHOP_OPTIONS } from '../../scripts/workshop/options.ts';

const MINUTE = 60_000;
const NOW = 100 * MINUTE;
const here: Facts = { pages: 1, left: true, comes: false, movedAt: NOW };

test.each<[string, Partial<Facts>, ReturnType<typeof stuck>]>([
  ['who goes on', {}, null],
  ['who reads for nine minutes', { movedAt: NOW - 9 * MINUTE }, null],
  ['who did nothing for ten', { movedAt: NOW - 10 * MINUTE }, 'idle'],
  ['who is through', { movedAt: 0, left: false }, null],
  ['who has left', { movedAt: 0, pages: 0 }, null],
  ['who waits for a machine', { movedAt: 0, comes: true }, null],
  ['a part that runs', { movedAt: 0, running: { since: NOW - 30_000, budgetMs: 30_000 } }, null],
  ['one that runs too long', { running: { since: NOW - 30_001, budgetMs: 30_000 } }, 'slow'],
  ['the same, nobody there', { pages: 0, running: { since: NOW - 30_001, budgetMs: 30_000 } }, 'slow'],
  ['a part that failed just now', { failure: { times: 2, since: NOW - MINUTE } }, null],
  ['one that failed two minutes ago', { failure: { times: 1, since: NOW - 2 * MINUTE } }, 'failed'],
  ['one that failed three times', { failure: { times: 3, since: NOW } }, 'failed'],
  ['the same, nobody there', { pages: 0, failure: { times: 3, since: 0 } }, null],
  [
    'failed, and runs again',
    { failure: { times: 3, since: 0 }, running: { since: NOW, budgetMs: 30_000 } },
    'failed',
  ],
])('%s: stuck or not', (_, facts, expected) => {
  expect(stuck({ ...here, ...facts }, NOW)).toBe(expected);
});

test('a failure lasts until its part passes, or a later one', () => {
  const course = new Course();
  const wrong = { part: 'b', index: 1, causes: ['it printed something else'] };
  course.ended(wrong, 10);
  course.ended(wrong, 20);
  expect(course.failure).toEqual({ ...wrong, times: 2, since: 10 });
  course.ended({ part: 'a', index: 0, causes: [] }, 30);
  expect(course.failure?.times).toBe(2);
  course.ended({ part: 'c', index: 2, causes: ['no'] }, 40);
  expect(course.failure).toMatchObject({ part: 'c', times: 1, since: 40 });
  course.ended({ part: 'c', index: 2, causes: [] }, 50);
  expect(course.failure).toBeUndefined();
  expect(course.movedAt).toBe(50);
});

test('codes are a bird and four digits, told however they are typed', () => {
  expect(CODES).toBe(1_280_000);
  const codes = new Set(Array.from({ length: 200 }, newCode));
  expect(codes.size).toBeGreaterThan(190);
  for (const code of codes) expect(code).toMatch(/^[a-z]{3,10}-\d{4}$/);
  for (const typed of ['gull-4821', 'GULL-4821', ' gull 4821', 'gull4821'])
    expect(isCode(typed, 'gull-4821')).toBe(true);
  for (const typed of ['', 'gull', 'gull-48211', 'gull-482', 'gull_4821', '4821'])
    expect(isCode(typed, 'gull-4821')).toBe(false);
  expect(chosenCode('Solo5-2026')).toBe('solo5-2026');
  for (const code of ['', 'a-b-c', 'with space', 'ü12345', 'a'.repeat(41), '------'])
    expect(() => chosenCode(code)).toThrow('--code');
});

test('names are tidied, kept short, and made distinct', () => {
  expect(nameOf('  Anna   B. ')).toBe('Anna B.');
  expect(nameOf('Zoe\u0308')).toBe('Zoë');
  expect(distinct('Anna', [])).toBe('Anna');
  expect(distinct('Anna', ['anna', 'Anna 2'])).toBe('Anna 3');
  const long = 'x'.repeat(32);
  expect(distinct(long, [long])).toBe(`${'x'.repeat(30)} 2`);
});

test('who was wrong too often waits, and one network of IPv6 is one', () => {
  const attempts = new Attempts({ each: [1 / 6, 2], all: [1, 100] });
  for (const address of ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9']) {
    expect(attempts.mayTry(address, 0)).toBe(true);
    attempts.wasWrong(address, 0);
  }
  expect(attempts.mayTry('2001:db8:1:2:3:4:5:6', 0)).toBe(false);
  expect(attempts.mayTry('2001:db8:1:3::1', 0)).toBe(true);
  expect(attempts.mayTry('2001:db8:1:2::1', 5999)).toBe(false);
  expect(attempts.mayTry('2001:db8:1:2::1', 6001)).toBe(true);
  expect(attempts.wrong).toBe(2);
});

test('what npm run workshop is told is checked before anything is built', () => {
  const asked = (...args: string[]) => askedOf(parseArgs({ args, options: WORKSHOP_OPTIONS }).values);
  expect(asked()).toMatchObject({ listen: '127.0.0.1', names: ['127.0.0.1'], port: 4321, seats: undefined });
  expect(
    asked('--name', 'Room.example', '--name', 'b', '--seats', '8', '--code', 'Solo5-2026'),
  ).toMatchObject({
    ...{ names: ['127.0.0.1', 'room.example', 'b'], seats: 8, code: 'solo5-2026' },
  });
  for (const [option, value] of [
    ['--listen', '0.0.0.0'],
    ['--listen', '::'],
    ['--listen', 'localhost'],
    ['--listen', '203.0.113.7'],
    ['--name', 'a/b'],
    ['--name', 'evil.example:80'],
    ['--port', '0'],
    ['--port', '65536'],
    ['--seats', '0'],
    ['--seats', '25'],
    ['--seats', '1e1'],
    ['--code', 'short'],
  ] as const)
    expect(() => asked(option, value)).toThrow(`${option} ${value}: `);
});
