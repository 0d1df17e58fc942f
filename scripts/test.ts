// npm test: sets up and runs everything, on a clean clone too, and ends with one line that counts.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { $ } from 'zx';
import { makeBundle } from './bundle/make.ts';
import { tryBundle } from './bundle/trial.ts';
import { check } from './check.ts';
import { buildRuntime } from './runtime.ts';
import { ensurePackages } from './setup/packages.ts';
import { root } from './setup/root.ts';
import { testServed, whyNoNamespace } from './site/browser-tests.ts';
import { buildSite, testWebsite } from './site.ts';
import { browserTally, labTally, unitTally, withOne, type Tally } from './tally.ts';

const HELP = `Set up and run every test.

Usage: npm test [-- STAGE...]

Stages, in this order (all of them when none is named):
  check    format, lint, types
  images   rebuild the prebuilt images and compare them byte for byte
  unit     everything in test/ but the site: the tender, the images, the library OS, the command, the runner, the VM
  labs     every part of every lab, in fresh VMs; and five parts left out, which must be noticed
  site     build the handbook from what the labs showed, and test it in a browser
  website  test it in a browser again, as the unikernel serves it, where this user may make taps
  bundle   make the offline bundle, and serve pages and run a lab out of it where there is no network

Examples:
  npm test
  npm test -- unit
`;

const reports = join(root, 'build', 'reports');
const one: Tally = { passed: 1, skipped: 0, failures: [] };
/** No more names than a person reads. */
const MAX_NAMES = 40;

/** Runs one of our programs with its output shown; a failure is told by its report, not by its exit status. */
async function show(command: readonly string[]): Promise<boolean> {
  const { exitCode } = await $({
    cwd: root,
    nothrow: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  })`${command}`;
  return exitCode === 0;
}

const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const task = (name: string, ...args: string[]): string[] => [
  'node',
  join(root, 'scripts', 'bootstrap.mjs'),
  name,
  ...args,
];

/** How many parts are left out, by chance; each night it is all of them. */
const LEFT_OUT = 5;

/** What chance follows from: the same for the same commit, so that what failed once fails again. */
async function seed(): Promise<number> {
  const { exitCode, stdout } = await $({ cwd: root, quiet: true, nothrow: true })`git rev-parse HEAD`;
  return exitCode === 0 ? Number.parseInt(stdout.slice(0, 8), 16) : 0;
}

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
    return unitTally(join(reports, 'unit.json'), root, ok);
  },

  async labs() {
    const results = join(root, 'build', 'labs', 'results.json');
    await rm(results, { force: true });
    const tally = await labTally(results, await show(task('labs')));
    // Where a lab does not pass as it is, leaving out a part tells nothing.
    if (tally.failures.length > 0) return tally;
    const leftOut = ['--control', '--sample', String(LEFT_OUT), '--seed', String(await seed())];
    const noticed = await show(task('labs', ...leftOut));
    return withOne(tally, noticed, `parts left out: npm run labs -- ${leftOut.join(' ')}`);
  },

  async site() {
    await buildSite();
    return browserTally(join(reports, 'site.json'), await testServed());
  },

  async website() {
    await buildSite();
    const passed = await testWebsite();
    if (typeof passed !== 'string') return browserTally(join(reports, 'website.json'), passed);
    console.log(`skipped: ${passed}`);
    return { passed: 0, skipped: 1, failures: [] };
  },

  async bundle() {
    const reason = whyNoNamespace();
    if (reason === undefined) {
      await tryBundle((await makeBundle()).folder);
      return one;
    }
    console.log(`skipped: ${reason}`);
    return { passed: 0, skipped: 1, failures: [] };
  },
};

/** Runs `stages` in order. A stage that fails does not stop the later ones: a run shows all that is wrong. */
async function test(stages: readonly string[]): Promise<boolean> {
  await ensurePackages('runtime', 'images', 'labs', 'tests');
  // A report left by an earlier run would speak for a program that died before it wrote its own.
  await rm(reports, { recursive: true, force: true });
  await mkdir(reports, { recursive: true });
  const rows: string[] = [];
  const failures: string[] = [];
  const total = { passed: 0, skipped: 0 };
  for (const name of stages) {
    console.log(`\n── ${name} ${'─'.repeat(60 - name.length)}`);
    const started = performance.now();
    let tally: Tally;
    try {
      tally = (await STAGES[name]?.()) ?? one;
    } catch (error) {
      const message = error instanceof Error ? error.message.trim() : String(error);
      console.error(message);
      tally = { passed: 0, skipped: 0, failures: [message] };
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    rows.push(
      `${tally.failures.length > 0 ? '✗' : '✓'} ${name.padEnd(8)}${String(tally.passed).padStart(5)} passed ${seconds.padStart(6)} s`,
    );
    total.passed += tally.passed;
    failures.push(...tally.failures.map((failure) => `✗ ${name}: ${failure}`));
    total.skipped += tally.skipped;
  }
  const more = failures.length - MAX_NAMES;
  const named = [...failures.slice(0, MAX_NAMES), ...(more > 0 ? [`and ${more} more`] : [])];
  const counts = `${total.passed} passed, ${failures.length} failed, ${total.skipped} skipped`;
  console.log(
    `\n${[rows.join('\n'), ...(failures.length > 0 ? [named.join('\n')] : []), counts].join('\n\n')}`,
  );
  return failures.length === 0;
}

const { values, positionals } = parseArgs({ options: { help: { type: 'boolean' } }, allowPositionals: true });
const unknown = positionals.filter((name) => !(name in STAGES));
if (values.help) console.log(HELP.trimEnd());
else if (unknown.length > 0)
  throw new Error(`no stage '${unknown[0]}'; there are ${Object.keys(STAGES).join(', ')}`);
else process.exitCode = (await test(positionals.length > 0 ? positionals : Object.keys(STAGES))) ? 0 : 1;
