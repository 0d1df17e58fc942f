// Running part of a lab: what is asked for, where to begin, and what is kept of a failure.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forgetFailure, keepFailure } from '../../labs/cli/failed.ts';
import type { Handbook } from '../../labs/cli/handbook.ts';
import { runLabs } from '../../labs/cli/main.ts';
import { record } from '../../labs/cli/modes.ts';
import { askedFor, OPTIONS, type Asked } from '../../labs/cli/options.ts';
import { firstChanged } from '../../labs/cli/watch.ts';
import { parseLab, parseRecording, type Recording } from '../../labs/runner/lab.ts';
import type { LabRun } from '../../labs/runner/run.ts';

let folder: string;
let recorded: Recording | undefined;
let handbook: Handbook;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kittiwake-partly-'));
  handbook = {
    root: folder,
    evidence: join(folder, 'build'),
    snapshot: () => Promise.reject(new Error('nothing was to run')),
    images: () => Promise.resolve({}),
    record: (_, recording) => Promise.resolve(void (recorded = recording)),
    hints: () => [],
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

const SCRIPT = '#: lab T\n#: part one\necho 1\n#: part two\necho 2\n#: part three\necho 3\n';
const RECORDED = '#: part one exit=0\n1\n#: part two exit=0\n2\n#: part three exit=0\n3\n';
const labOf = (script = SCRIPT, recording = RECORDED) => ({
  lab: parseLab('x/y', script),
  recording: parseRecording('x/y', recording),
});
const asked = (...args: string[]): Asked => askedFor(parseArgs({ args, options: OPTIONS }).values);

test('--from and --only say where to begin, and --only where to end', () => {
  expect(asked('--from', 'two')).toMatchObject({ from: 'two', last: undefined });
  expect(asked('--only', 'two')).toMatchObject({ from: 'two', last: 'two' });
  expect(asked()).toMatchObject({ from: undefined, last: undefined });
});

test.each([
  [['--from', 'a', '--only', 'b'], '--from and --only: give one of them'],
  [['--from', 'a', '--control'], 'not with --repeat, --control'],
  [['--watch', '--repeat', '2'], 'not with --repeat, --control'],
  [['--only', 'a', '--record'], '--only: not with --record'],
  [['--debug'], '--debug: needs a terminal'],
])('%j is refused', (args, what) => {
  const { CI } = process.env;
  delete process.env['CI'];
  try {
    expect(() => asked(...args)).toThrow(what);
  } finally {
    if (CI !== undefined) process.env['CI'] = CI;
  }
});

test('a part is one of one lab, which has it', async () => {
  const two = [labOf(), { ...labOf(), lab: parseLab('x/z', SCRIPT) }];
  await expect(runLabs(handbook, two, asked('--from', 'two'))).rejects.toThrow('name the lab');
  await expect(runLabs(handbook, [labOf()], asked('--from', 'four'))).rejects.toThrow(
    "labs/x/y.sh has no part 'four'; there are one, two, three",
  );
});

test('what is watched begins with the first part that is another one, or is to print something else', () => {
  expect(firstChanged(labOf(), labOf())).toBeUndefined();
  expect(firstChanged(undefined, labOf())).toBe('one');
  expect(firstChanged(labOf(), labOf(SCRIPT.replace('echo 2', 'echo two')))).toBe('two');
  expect(firstChanged(labOf(), labOf(SCRIPT, RECORDED.replace('\n3', '\nthree')))).toBe('three');
  expect(firstChanged(labOf(), labOf(SCRIPT.replace('#: part two\necho 2\n', '')))).toBe('three');
});

/** A run that began with part two. */
function runOf(transcript: string, fails: boolean): LabRun {
  const one = labOf();
  const result = { digest: '', outcome: 'passed', durationMs: 1 } as const;
  const part = one.lab.parts[2];
  if (!part) throw new Error('no part');
  return {
    ...one,
    result: {
      ...{ lab: 'x/y', title: 'T', startedAt: '', durationMs: 1 },
      parts: [
        { ...result, part: 'two', exit: 0, transcript },
        { ...result, part: 'three', exit: null, transcript: 'cut' },
      ],
    },
    failure: fails
      ? { part, causes: [], transcript: 'cut', rows: [], logs: { console: 'Linux\n', journal: 'systemd\n' } }
      : undefined,
    restoring: undefined,
    leftovers: [],
    withoutLast: [],
  };
}

test('what began later leaves the earlier parts as they are recorded', async () => {
  await record(handbook, [runOf('two', false)]);
  expect(recorded).toEqual(
    new Map([
      ['one', { exit: 0, output: '1' }],
      ['two', { exit: 0, output: 'two' }],
      ['three', { exit: 0, output: 'cut' }],
    ]),
  );
});

test('console, journal and transcript of a failure are kept until the lab passes', async () => {
  const run = runOf('2', true);
  expect(await keepFailure(handbook, run)).toEqual([
    'all of it is kept in build/failed/x/y: transcript.txt, console.txt, journal.txt',
  ]);
  const kept = join(folder, 'build', 'failed', 'x', 'y');
  expect(readFileSync(join(kept, 'transcript.txt'), 'utf8')).toBe(
    '#: part two exit=0\n2\n#: part three exit=none\ncut\n',
  );
  expect(readFileSync(join(kept, 'console.txt'), 'utf8')).toBe('Linux\n');
  expect(readFileSync(join(kept, 'journal.txt'), 'utf8')).toBe('systemd\n');
  await forgetFailure(handbook, run.lab);
  expect(existsSync(kept)).toBe(false);
});
