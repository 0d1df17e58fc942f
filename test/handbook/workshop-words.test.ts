// What the presenter's page says of a workshop, and in which order.
import { describe, expect, test } from 'vitest';
import { CLOSE } from '../../labs/server/protocol.ts';
import { PRESENTER_PATH, REFUSALS, type Attendee, type Room } from '../../labs/server/workshop/protocol.ts';
import { NAMES } from '../../scripts/site/server.ts';
import { REFUSAL_WORDS } from '../../src/lib/join-refusals.ts';
import { addressOf } from '../../src/workshop/chapters.ts';
import * as connection from '../../src/workshop/connection.ts';
import { FORBIDDEN, type Link } from '../../src/lab/line.ts';
import {
  awayWords,
  crowdWords,
  guessWords,
  howWords,
  inOrder,
  linkWords,
  machinesWords,
  machineWords,
  news,
  seatsWords,
  stepWords,
  stuckWords,
  timeWords,
} from '../../src/workshop/words.ts';

const NOW = Date.parse('2026-11-22T09:00:00Z');
const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

const attendee = (other: Partial<Attendee> = {}): Attendee => ({
  ...{ id: 1, name: 'Ada', joinedAt: ago(600), lastSeenAt: ago(5), pages: 1, machine: { state: 'ready' } },
  ...{ lab: 'hvt/hello', title: 'Run hello', part: 'run', partIndex: 2, partCount: 11, passed: 2 },
  ...{ parts: [], stuck: null, ...other },
});
const done = { part: null, partIndex: 11, passed: 11 } as const;

const room = (...attendees: readonly Attendee[]): Room => ({
  ...{ type: 'room', at: ago(0), address: 'http://192.0.2.1:4321/join/', code: 'gull-4821', open: true },
  ...{ seats: 24, machines: { running: 3, most: 12, waiting: 0 }, wrongCodes: 0, attendees },
});

test('the page and the server agree about where they meet, and on each reason to refuse', () => {
  expect(connection.PRESENTER_PATH).toBe(PRESENTER_PATH);
  expect(FORBIDDEN).toBe(CLOSE.forbidden);
  expect(Object.keys(REFUSAL_WORDS).toSorted()).toEqual(REFUSALS.toSorted());
});

test.each([
  [0, '0 s'],
  [-5000, '0 s'],
  [89_999, '89 s'],
  [90_000, '1 min'],
  [5_399_000, '89 min'],
  [5_400_000, '1 h 30 min'],
])('%d ms are %s', (ms, words) => expect(timeWords(ms)).toBe(words));

describe('an attendee', () => {
  test.each([
    ['before the first chapter', { lab: null, part: null }, '', 'Has not opened a chapter yet'],
    ['at a step', {}, 'Step 3 of 11, run', 'not run yet'],
    ['in a step', { runningSince: ago(12) }, 'Step 3 of 11, run', 'running for 12 s'],
    ['at a step that failed', { failedPart: 'run' }, 'Step 3 of 11, run', 'failed'],
    ['at a step after one that failed', { failedPart: 'list' }, 'Step 3 of 11, run', 'not run yet'],
    ['who is done', done, '', 'All 11 steps done'],
  ] as const)('%s', (_, other, step, how) => {
    expect(stepWords(attendee(other))).toBe(step);
    expect(howWords(attendee(other), NOW)).toBe(how);
  });

  test.each([
    [{ stuck: null }, ''],
    [{ stuck: 'failed', failedPart: 'list', cause: 'line 3 differs' }, 'list fails: line 3 differs'],
    [{ stuck: 'failed' }, 'run fails'],
    [{ stuck: 'slow' }, 'run runs longer than it may'],
    [{ stuck: 'idle' }, 'No step was run for ten minutes'],
  ] as const)('%j is stuck because: %s', (other, words) => expect(stuckWords(attendee(other))).toBe(words));

  test('whose pages are closed was here a while ago', () => {
    expect(awayWords(attendee(), NOW)).toBe('');
    expect(awayWords(attendee({ pages: 0, lastSeenAt: ago(400) }), NOW)).toBe('No page open for 6 min');
  });

  test('waits in line, at a place', () => {
    expect(machineWords(attendee({ machine: { state: 'waiting', place: 2 } }))).toBe(
      'Waits for a machine, at place 2',
    );
    expect(machineWords(attendee({ machine: { state: 'waiting' } }))).toBe('Waits for a machine');
  });
});

test('who is stuck comes first, then who joined first', () => {
  const all = [attendee({ id: 1 }), attendee({ id: 3, stuck: 'idle' }), attendee({ id: 2, stuck: 'failed' })];
  expect(inOrder(all).map(({ id }) => id)).toEqual([2, 3, 1]);
});

test('all in a line', () => {
  expect(crowdWords(room())).toBe('0 attendees');
  expect(crowdWords(room(attendee()))).toBe('1 attendee');
  expect(crowdWords(room(attendee({ stuck: 'slow' }), attendee(done), attendee(done)))).toBe(
    '3 attendees, 1 stuck, 2 are done',
  );
  // Who left steps out has not done them.
  expect(crowdWords(room(attendee({ ...done, passed: 10 })))).toBe('1 attendee');
  expect(seatsWords(room(attendee()))).toBe('1 of 24 seats taken, 23 free');
  expect(seatsWords({ ...room(attendee()), seats: 1 })).toBe('1 of 1 seat taken, none free');
  expect(machinesWords(room())).toBe('3 of at most 12 machines running');
  expect(machinesWords({ ...room(), machines: { running: 1, most: 1, waiting: 2 } })).toBe(
    '1 of at most 1 machine running, 2 wait in line',
  );
  expect(guessWords({ ...room(), wrongCodes: 9 })).toBe('');
  expect(guessWords({ ...room(), wrongCodes: 10 })).toMatch(/^10 wrong codes/);
});

test('the presenter hears once that somebody is stuck, or done', () => {
  const stuck = attendee({ stuck: 'failed', cause: 'line 3 differs' });
  expect(news(room(attendee()), room(stuck))).toBe('Ada is stuck: run fails: line 3 differs');
  expect(news(room(stuck), room(stuck))).toBe('');
  expect(news(room(stuck), room({ ...stuck, part: 'inspect' }))).toMatch(/^Ada is stuck/);
  expect(news(room(attendee()), room(attendee(done)))).toBe('Ada has done all of Run hello');
  expect(news(room(attendee(done)), room(attendee(done)))).toBe('');
  // Who opens the page hears who needs help, and not what is long done.
  expect(news(undefined, room(stuck, attendee({ id: 2, ...done })))).toBe(
    'Ada is stuck: run fails: line 3 differs',
  );
});

test('the line to the workshop', () => {
  const words = (link: Link, host = '127.0.0.1'): string => linkWords(link, NOW, host);
  const lost = { state: 'lost', again: NOW + 3500, why: '' } as const;
  expect(words(lost)).toBe('No connection to the workshop; next try in 4 s');
  expect(words({ state: 'forbidden', why: '' })).toBe('The workshop does not know this address');
  expect(words({ state: 'forbidden', why: 'of another start' })).toBe('of another start');
  // From elsewhere no try succeeds.
  expect(words(lost, '192.0.2.1')).toMatch(/^The presenter’s view opens only on the machine that serves/);
  for (const host of NAMES) expect(words(lost, host)).toBe(words(lost));
});

test('a step is linked to the page that shows it', () => {
  const chapters = { 'hvt/hello': { page: '/hvt/hello/', elsewhere: { list: '/reference/x/' } } };
  expect(addressOf(chapters, 'hvt/hello', null)).toBe('/hvt/hello/');
  expect(addressOf(chapters, 'hvt/hello', 'run')).toBe('/hvt/hello/#hvt-hello-run');
  expect(addressOf(chapters, 'hvt/hello', 'list')).toBe('/reference/x/#hvt-hello-list');
  expect(addressOf(chapters, 'nobody/knows', 'run')).toBeUndefined();
});
