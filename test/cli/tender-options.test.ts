// kittiwake run passes on what the tenders take: neither list can change without the other.
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { run } from '../../runtime/cli/commands/run.ts';
import { OWN_BUSINESS, parseArguments, TENDER_OPTIONS } from '../../runtime/cli/run-options.ts';
import { WRAPPER } from '../../scripts/runtime.ts';
import { root } from '../../scripts/setup/root.ts';
import { helpOptions } from '../tender/help.ts';
import { fixtures, tenders } from '../tender/tender.ts';

const { hvt, spt } = { hvt: helpOptions('hvt'), spt: helpOptions('spt') };
const both = new Set([...hvt, ...spt].map(({ name }) => name));

test("the lists together are what the tenders print, and --help, which is the command's own", () => {
  const lists = [...Object.keys(TENDER_OPTIONS), ...Object.keys(OWN_BUSINESS), '--help'];
  expect(lists.toSorted()).toEqual([...both].toSorted());
});

test('each is in the help of kittiwake run', () => {
  const words = new Set(run.help.match(/--[a-z-]+/g));
  expect(Object.keys(TENDER_OPTIONS).filter((option) => !words.has(option))).toEqual([]);
  const forms = [...run.help.matchAll(/^ {2}(--.*?)(?: {2}|$)/gm)].flatMap(([, forms = '']) =>
    forms.split(', '),
  );
  const shown = forms.map((form) => /^--[a-z-]+/.exec(form)?.[0] ?? form);
  expect(
    shown.filter((option) => !both.has(option) && !['--publish', '--dry-run', '--help'].includes(option)),
  ).toEqual([]);
});

test('what only one tender has is marked so, and nothing else', () => {
  const only = (some: typeof hvt, others: typeof hvt): string[] => {
    const names = new Set(others.map(({ name }) => name));
    return [...new Set(some.map(({ name }) => name))].filter(
      (name) => name in TENDER_OPTIONS && !names.has(name),
    );
  };
  const marked = (kind: string): string[] =>
    [...run.help.matchAll(/^ {2}--[^]*?(?=^ {2}-|^$)/gm)]
      .map(([entry]) => entry)
      .filter((entry) => entry.includes(`(.${kind} only)`))
      .flatMap((entry) => entry.match(/^ {2}--.*?(?= {2}|$)/m)?.[0].match(/--[a-z-]+/g) ?? []);
  expect([...new Set(marked('hvt'))].toSorted()).toEqual(only(hvt, spt).toSorted());
  expect(marked('spt')).toEqual(only(spt, hvt));
});

test.each(Object.values(TENDER_OPTIONS).flat())('%s is passed on as it stands', (form) => {
  expect(parseArguments(['x.spt', form]).tenderOptions).toEqual([form]);
});

test.each(Object.entries(OWN_BUSINESS))('%s is not, and the refusal says why', (option, why) => {
  for (const word of [option, `${option}=x`])
    expect(() => parseArguments(['x.spt', word])).toThrow(`option '${word}': ${why}`);
});

test.each([
  ['--gdb=', /has a value it does not take; .* --gdb or --gdb=unix:PATH/],
  ['--snapshot-exit=x', /has a value it does not take/],
  ['--crash', /incomplete; .* --crash=FILE/],
  ['--stop-timeout=', /incomplete/],
])('%s is refused', (word, message) => {
  expect(() => parseArguments(['x.spt', word])).toThrow(message);
});

let prefix: string;
beforeAll(() => {
  prefix = mkdtempSync(join(tmpdir(), 'kittiwake-installed-'));
  for (const folder of ['bin', 'lib/kittiwake', 'share/kittiwake'])
    mkdirSync(join(prefix, folder), { recursive: true });
  writeFileSync(join(prefix, 'bin', 'kittiwake'), WRAPPER, { mode: 0o755 });
  symlinkSync(process.execPath, join(prefix, 'lib', 'kittiwake', 'node'));
  symlinkSync(join(root, 'runtime', 'cli', 'main.ts'), join(prefix, 'lib', 'kittiwake', 'kittiwake.cjs'));
  for (const name of ['kittiwake-spt', 'kittiwake-usernet'])
    symlinkSync(join(tenders, name), join(prefix, 'bin', name));
  symlinkSync(fixtures, join(prefix, 'share', 'kittiwake', 'images'));
});
afterAll(() => rmSync(prefix, { recursive: true }));

/** Runs the command as it is installed, with descriptor 3 open on a file, and returns what came of it. */
function installed(...args: string[]) {
  const file = join(prefix, 'events');
  const events = openSync(file, 'w');
  const ended = spawnSync(join(prefix, 'bin', 'kittiwake'), args, {
    encoding: 'utf8',
    env: { ...process.env, KITTIWAKE_PREFIX: prefix },
    stdio: ['ignore', 'pipe', 'pipe', events],
    timeout: 60_000,
  });
  closeSync(events);
  return { ...ended, events: readFileSync(file, 'utf8') };
}

test.each(['--use-system-ca', '--require /nonexistent.cjs'])(
  'what other programs on Node are told is not for this one: %s',
  (options) => {
    vi.stubEnv('NODE_OPTIONS', options);
    const ended = installed('--version');
    vi.unstubAllEnvs();
    expect(ended).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^kittiwake /) as string,
      stderr: '',
    });
  },
);

test("a descriptor of the caller's reaches the tender through the installed command", () => {
  const ended = installed('run', '--events=3', 'hello.spt', '--', "it's", '$HOME', '--exit=3');
  expect(ended).toMatchObject({ status: 3, stdout: "it's $HOME\n", stderr: '' });
  expect(ended.events).toMatch(/^\{"event":"started".*\n\{"event":"exit".*"status":3.*\n$/);
});

test.each([
  [['run', '--events=3', '--help'], 0, /^Run a unikernel/, /^$/],
  [
    ['run', '--events=3', '--dry-run', 'hello.spt'],
    0,
    /kittiwake-spt --sysexits --events=3 -- \S+hello\.spt\n$/,
    /^$/,
  ],
  [['run', '--events=3', 'nowhere.spt'], 66, /^$/, /^kittiwake: nowhere\.spt: no such file/],
  [['run', 'hello.spt', '--', '$HOME'], 0, /^\$HOME\n$/, /^$/],
])('%j is as without descriptors', (args, status, stdout, stderr) => {
  expect(installed(...args)).toMatchObject({
    status,
    stdout: expect.stringMatching(stdout) as string,
    stderr: expect.stringMatching(stderr) as string,
  });
});
