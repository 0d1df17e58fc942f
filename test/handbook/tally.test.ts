// What the end of `npm test` says of the reports of its stages.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { browserTally, labTally, unitTally, withOne } from '../../scripts/tally.ts';

const dir = mkdtempSync(join(tmpdir(), 'kittiwake-tally-'));
afterAll(() => rmSync(dir, { recursive: true }));

function report(content: unknown): string {
  const file = join(dir, 'report.json');
  writeFileSync(file, JSON.stringify(content));
  return file;
}

const file = (name: string, status: string, message: string, tests: readonly object[]): object => ({
  name: `/project/test/${name}`,
  status,
  message,
  assertionResults: tests,
});

test('a unit test that failed is named with its file and the first line of its cause', async () => {
  const unit = report({
    numPassedTests: 7,
    numPendingTests: 2,
    testResults: [
      file('a.test.ts', 'failed', '', [
        { status: 'passed', fullName: 'one' },
        { status: 'failed', fullName: 'two', failureMessages: ['\u001b[31mexpected 1\u001b[39m\n  at a'] },
      ]),
      file('b.test.ts', 'failed', 'no such module\nat b', []),
    ],
  });
  expect(await unitTally(unit, '/project', false)).toEqual({
    passed: 7,
    skipped: 2,
    failures: ['test/a.test.ts: two: expected 1', 'test/b.test.ts: no such module'],
  });
});

test('a run that failed without a failed test has failed', async () => {
  const unit = report({ numPassedTests: 7, numPendingTests: 0, testResults: [] });
  expect((await unitTally(unit, '/project', false)).failures).toHaveLength(1);
  expect((await unitTally(unit, '/project', true)).failures).toEqual([]);
});

test('a part of a lab that failed is named, with the end of what it printed, and those after it are counted as skipped', async () => {
  const parts = ['passed', 'failed', 'not-run'].map((outcome, n) => ({
    part: `p${n}`,
    outcome,
    exit: n,
    transcript: `${'-'.repeat(290)}one\n\u001b[31mtwo\u001b[0m\nthree\n`,
  }));
  expect(await labTally(report({ labs: [{ lab: 'hvt/hello', parts }] }), false)).toEqual({
    passed: 1,
    skipped: 1,
    failures: [
      `lab hvt/hello, part p1: exit status 1, printed ${JSON.stringify(`${'-'.repeat(287)}one\ntwo\nthree`)}`,
    ],
  });
});

test('a part of a lab that did not end has no exit status', async () => {
  const parts = [{ part: 'p', outcome: 'failed', exit: null, transcript: '' }];
  expect((await labTally(report({ labs: [{ lab: 'l', parts }] }), false)).failures).toEqual([
    'lab l, part p: no exit status, printed ""',
  ]);
});

test('browser tests that failed, in suites of suites, and those that passed at the second try', async () => {
  const message = '\u001b[31mnot as expected\u001b[39m\n\nExpected: 1\nReceived string: "2"\n  at a';
  const specs = [
    { ok: true, file: 'use.spec.ts', title: 'fine', tests: [{ results: [{ errors: [] }] }] },
    { ok: false, file: 'use.spec.ts', title: 'broken', tests: [{ results: [{ errors: [{ message }] }] }] },
  ];
  const browser = report({ stats: { expected: 5, flaky: 1, skipped: 0 }, suites: [{ suites: [{ specs }] }] });
  expect(await browserTally(browser, false)).toEqual({
    passed: 5,
    skipped: 0,
    failures: [
      'use.spec.ts: broken: not as expected Received string: "2"',
      '1 browser tests passed only when they were tried again',
    ],
  });
});

test('one test more counts as what it was', () => {
  const tally = { passed: 3, skipped: 1, failures: ['a'] };
  expect(withOne(tally, true, 'b')).toEqual({ passed: 4, skipped: 1, failures: ['a'] });
  expect(withOne(tally, false, 'b')).toEqual({ passed: 3, skipped: 1, failures: ['a', 'b'] });
});
