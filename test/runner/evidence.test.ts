// Files of evidence are read from disk, shown to people and gone on with: what is not as it should be is told, and counts for nothing.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { foundBefore } from '../../labs/cli/control.ts';
import { earlier, mayPublish } from '../../labs/cli/evidence.ts';
import type { Handbook } from '../../labs/cli/handbook.ts';
import { lasted } from '../../labs/cli/queue.ts';
import { countedBefore } from '../../labs/cli/repeat.ts';
import { byThemselves } from '../../labs/runner/control.ts';
import { FILE_MAX, readEvidence, type Evidence } from '../../labs/runner/evidence.ts';
import { parseLab, parseRecording } from '../../labs/runner/lab.ts';
import type { Circumstances } from '../../labs/runner/results.ts';

let folder: string;
let handbook: Handbook;
const told = vi.spyOn(console, 'error').mockImplementation(() => undefined);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kittiwake-evidence-'));
  handbook = { root: folder, published: join(folder, 'labs'), evidence: join(folder, 'build') } as Handbook;
  for (const name of ['labs', 'build']) mkdirSync(join(folder, name));
  told.mockClear();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes `content` where `name` is in the folder: text as it is, all else as JSON. */
function write(name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const digest = 'a'.repeat(64);
const at = '2026-11-21T05:00:01.000Z';
const circumstances: Circumstances = {
  version: 1,
  commit: 'c'.repeat(40),
  dirty: false,
  startedAt: '2026-11-21T05:00:00.000Z',
  durationMs: 1000,
  vm: { digest, accelerator: 'kvm', qemu: '7.2.22' },
  images: { 'hello.hvt': digest },
};
const part = {
  part: 'run',
  digest,
  outcome: 'passed',
  exit: 0,
  durationMs: 12,
  transcript: 'Hello',
} as const;
const busy = { ranMs: 12, idleMs: 4 };
const lab = { lab: 'hvt/hello', title: 'Hello', startedAt: at, durationMs: 20, busy, parts: [part] };
const finding = { lab: 'hvt/hello', part: 'run', digest, at, noticed: { by: 'itself' } } as const;
const ran = { at, commit: 'c'.repeat(40), outcome: 'passed', durationMs: 12 } as const;
const GOOD: Evidence = {
  results: { ...circumstances, labs: [lab] },
  flakes: {
    ...circumstances,
    seed: 1,
    labs: [{ lab: 'hvt/hello', parts: [{ part: 'run', digest, runs: 20, passed: 19 }] }],
  },
  control: { ...circumstances, parts: [finding] },
  history: { version: 1, parts: { 'hvt/hello#run': [ran] } },
};
const KINDS = ['results', 'flakes', 'control', 'history'] as const;

test.each(KINDS)('%s: a whole file is read as it is, and one that is not there is none', async (kind) => {
  expect(await readEvidence(kind, join(folder, 'x.json'))).toBeUndefined();
  expect(await readEvidence(kind, write('x.json', GOOD[kind]))).toEqual(GOOD[kind]);
});

test('all that a part may tell is kept, and a handbook need not be in a repository', async () => {
  const parts = [{ ...part, endsIn: '/tmp', console: 'x', slow: true }];
  const results = { ...GOOD.results, commit: '', labs: [{ ...lab, parts }] };
  expect(await readEvidence('results', write('x.json', results))).toEqual(results);
});

const { results, flakes, control } = GOOD;
const withPart = (changed: object): object => ({
  ...results,
  labs: [{ ...lab, parts: [{ ...part, ...changed }] }],
});

test.each([
  ['results', { ...results, version: 2 }, 'version'],
  ['results', { ...results, commit: 'HEAD' }, 'commit: no commit'],
  ['results', { ...results, startedAt: 'yesterday' }, 'startedAt'],
  ['results', { ...results, durationMs: -1 }, 'durationMs'],
  ['results', { ...results, labs: [{ ...lab, busy: { ranMs: 12 } }] }, 'labs.0.busy.idleMs'],
  ['results', { ...results, vm: { ...results.vm, accelerator: 'xen' } }, 'vm.accelerator'],
  ['results', { ...results, labs: undefined }, 'labs'],
  ['results', withPart({ outcome: 'fine' }), 'labs.0.parts.0.outcome'],
  ['results', withPart({ transcript: 'x'.repeat(100_000) }), 'labs.0.parts.0.transcript'],
  ['results', { ...results, images: { '\x1b[2J': 1 } }, 'images.\\x1b[2J'],
  ['results', null, ''],
  ['flakes', { ...flakes, labs: [{ lab: 'a', parts: [{ part: 'b', runs: 1 }] }] }, 'labs.0.parts.0.digest'],
  ['control', { ...control, parts: [{ ...finding, at: undefined }] }, 'parts.0.at'],
  ['control', { ...control, parts: [{ ...finding, noticed: { by: 'me' } }] }, 'parts.0.noticed'],
  ['history', { version: 1, parts: { a: [{ at: 'now' }] } }, 'parts.a.0.at'],
  ['results', '{"version": 1, "commit', 'no JSON; '],
  ['control', '<<<<<<< HEAD', 'no JSON; '],
] as const)(
  '%s as %j is an error that names the file, the field and what to do',
  async (kind, text, field) => {
    const file = write('x.json', text);
    const error = await readEvidence(kind, file).catch((error: unknown) => error as Error);
    expect(error).toBeInstanceOf(Error);
    const { message } = error as Error;
    expect(message.startsWith(`${file}: ${field}`), message).toBe(true);
    expect(message).toMatch(/; remove it[^\n]*$/);
  },
);

test('a file without an end, and one that is too long, are not read', async () => {
  const endless = join(folder, 'endless');
  symlinkSync('/dev/zero', endless);
  await expect(readEvidence('results', endless)).rejects.toThrow('endless: it is no file; remove it');
  const long = write('long', `${JSON.stringify(results)}${' '.repeat(1000)}`);
  truncateSync(long, FILE_MAX);
  await expect(readEvidence('results', long)).rejects.toThrow('no JSON');
  truncateSync(long, FILE_MAX + 1);
  await expect(readEvidence('results', long)).rejects.toThrow(`larger than the ${FILE_MAX} bytes`);
});

test('what is published comes before what is here', async () => {
  write('build/flakes.json', { ...flakes, seed: 2 });
  write('labs/flakes.json', flakes);
  expect((await earlier(handbook, 'flakes')).map(({ seed }) => seed)).toEqual([1, 2]);
  expect(told).not.toHaveBeenCalled();
});

const LAB = {
  lab: parseLab('hvt/hello', '#: lab T\n#: part run\necho Hello\n'),
  recording: parseRecording('hvt/hello', '#: part run exit=0\nHello\n'),
};
const found = byThemselves([LAB], at);
/** Of each kind, what a run makes of what was left before. */
const MADE = {
  results: async () => [...(await lasted(handbook, circumstances.vm.accelerator))],
  flakes: () => countedBefore(handbook),
  control: () => foundBefore(handbook, [LAB]),
};

test.each(['results', 'flakes', 'control'] as const)(
  '%s: a file that is wrong is told, and takes nothing from the other',
  async (kind) => {
    const good = { ...GOOD, control: { ...control, parts: found } };
    const makes = {
      results: [['hvt/hello', { durationMs: 20, share: 0.75 }]],
      flakes: flakes.labs,
      control: found,
    };
    const names = [`labs/${kind}.json`, `build/${kind}.json`];
    for (const [whole = '', broken = ''] of [names, names.toReversed()]) {
      told.mockClear();
      write(whole, good[kind]);
      const file = write(broken, '{"labs":');
      expect(await MADE[kind]()).toEqual(makes[kind]);
      expect(told.mock.calls).toEqual([
        [expect.stringMatching(new RegExp(`^not counted: ${file}: no JSON; remove it`))],
      ]);
    }
  },
);

test('of two counts the later one is gone on with', async () => {
  write('labs/flakes.json', { ...flakes, startedAt: '2026-11-22T00:00:00.000Z' });
  write('build/flakes.json', { ...flakes, labs: [] });
  expect(await countedBefore(handbook)).toEqual(flakes.labs);
});

test('nothing is published over evidence that cannot be read', async () => {
  const git = (...args: string[]): Buffer => execFileSync('git', args, { cwd: folder });
  git('init', '--quiet');
  write('labs/results.json', '{');
  await mayPublish(handbook);
  for (const kind of ['flakes', 'control', 'history'] as const) {
    const file = write(`labs/${kind}.json`, '<<<<<<< HEAD');
    await expect(mayPublish(handbook)).rejects.toThrow(`${file}: no JSON; remove it`);
    rmSync(file);
  }
});
