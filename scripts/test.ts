// npm test: sets up and runs everything, on a clean clone too, and ends with one line that counts.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { $ } from 'zx';
import type { Results } from '../labs/runner/results.ts';
import { check } from './check.ts';
import { buildRuntime } from './runtime.ts';
import { ensurePackages } from './setup/packages.ts';
import { root } from './setup/root.ts';
import { testServed } from './site/browser-tests.ts';
import { buildSite, testWebsite } from './site.ts';

const HELP = `Set up and run every test.

Usage: npm test [-- STAGE...]

Stages, in this order (all of them when none is named):
  check    format, lint, types
  images   rebuild the prebuilt images and compare them byte for byte
  unit     everything in test/ but the site: the tender, the images, the library OS, the command, the runner, the VM
  labs     every part of every lab, in fresh VMs
  site     build the handbook from what the labs showed, and test it in a browser
  website  test it in a browser again, as the unikernel serves it, where this user may make taps

Examples:
  npm test
  npm test -- unit
`;

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const reports = join(root, 'build', 'reports');
const one: Tally = { passed: 1, failed: 0, skipped: 0 };

/** Runs one of our programs with its output shown; a failure is told by its report, not by its exit status. */
async function show(command: readonly string[]): Promise<boolean> {
  const { exitCode } = await $({
    cwd: root,
    nothrow: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  })`${command}`;
  return exitCode === 0;
}

/** The report `file` as JSON; none means the program died before it could write one. */
async function report<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(join(root, 'build', file), 'utf8')) as T;
}

const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const task = (name: string, ...args: string[]): string[] => [
  'node',
  join(root, 'scripts', 'bootstrap.mjs'),
  name,
  ...args,
];

const STAGES: Readonly<Record<string, () => Promise<Tally>>> = {
  async check() {
    await check();
    return one;
  },

  async images() {
    if (!(await show(task('images', '--verify'))))
      throw new Error('the prebuilt images are not what their sources build');
    return one;
  },

  async unit() {
    await buildRuntime();
    const ok = await show([
      bin('vitest'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${join(reports, 'unit.json')}`,
    ]);
    const unit = await report<{ numPassedTests: number; numFailedTests: number; numPendingTests: number }>(
      'reports/unit.json',
    );
    const failed = unit.numFailedTests + (ok || unit.numFailedTests > 0 ? 0 : 1);
    return { passed: unit.numPassedTests, failed, skipped: unit.numPendingTests };
  },

  async labs() {
    await rm(join(root, 'build', 'labs', 'results.json'), { force: true });
    const ok = await show(task('labs'));
    const { labs } = await report<Results>('labs/results.json');
    const count = (outcome: string): number =>
      labs.flatMap((lab) => lab.parts).filter((part) => part.outcome === outcome).length;
    const failed = count('failed') + (ok || count('failed') > 0 ? 0 : 1);
    return { passed: count('passed'), failed, skipped: count('not-run') };
  },

  async site() {
    await buildSite();
    return browserTally('site', await testServed());
  },

  async website() {
    await buildSite();
    const passed = await testWebsite();
    if (typeof passed !== 'string') return browserTally('website', passed);
    console.log(`skipped: ${passed}`);
    return { passed: 0, failed: 0, skipped: 1 };
  },
};

/** What Playwright's report build/reports/`name`.json counts. */
async function browserTally(name: string, ok: boolean): Promise<Tally> {
  const { stats } = await report<{
    stats: { expected: number; unexpected: number; flaky: number; skipped: number };
  }>(`reports/${name}.json`);
  const failed = stats.unexpected + stats.flaky + (ok || stats.unexpected > 0 ? 0 : 1);
  return { passed: stats.expected, failed, skipped: stats.skipped };
}

/** Runs `stages` in order. A stage that fails does not stop the later ones: a run shows all that is wrong. */
async function test(stages: readonly string[]): Promise<boolean> {
  await ensurePackages('runtime', 'images', 'labs', 'tests');
  await mkdir(reports, { recursive: true });
  const rows: string[] = [];
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const name of stages) {
    console.log(`\n── ${name} ${'─'.repeat(60 - name.length)}`);
    const started = performance.now();
    let tally: Tally;
    try {
      tally = (await STAGES[name]?.()) ?? one;
    } catch (error) {
      console.error(error instanceof Error ? error.message.trim() : error);
      tally = { passed: 0, failed: 1, skipped: 0 };
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    rows.push(
      `${tally.failed > 0 ? '✗' : '✓'} ${name.padEnd(8)}${String(tally.passed).padStart(5)} passed ${seconds.padStart(6)} s`,
    );
    total.passed += tally.passed;
    total.failed += tally.failed;
    total.skipped += tally.skipped;
  }
  console.log(
    `\n${rows.join('\n')}\n\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`,
  );
  return total.failed === 0;
}

const { values, positionals } = parseArgs({ options: { help: { type: 'boolean' } }, allowPositionals: true });
const unknown = positionals.filter((name) => !(name in STAGES));
if (values.help) console.log(HELP.trimEnd());
else if (unknown.length > 0)
  throw new Error(`no stage '${unknown[0]}'; there are ${Object.keys(STAGES).join(', ')}`);
else process.exitCode = (await test(positionals.length > 0 ? positionals : Object.keys(STAGES))) ? 0 : 1;
