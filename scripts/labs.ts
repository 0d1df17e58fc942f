// npm run labs: runs every part of every lab in fresh VMs, compares what it prints with the recording, leaves the evidence.
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkRecording } from '../labs/runner/lab.ts';
import { readLabs, type LabWithRecording } from '../labs/runner/labs.ts';
import { isGood } from '../labs/runner/run.ts';
import type { Snapshot } from '../labs/vm/snapshot.ts';
import { begin, leave, mayPublish } from './labs/evidence.ts';
import { again, control, once, record, tally } from './labs/modes.ts';
import { room } from './labs/queue.ts';
import { root } from './setup/root.ts';
import { labSnapshot } from './vm.ts';

const HELP = `Run labs: every command of the handbook, in fresh VMs, compared with what is recorded.

Usage: npm run labs [-- OPTIONS] [LAB...]

LAB is a name as hvt/hello, or a chapter as hvt; without any, all labs run.

Options:
  --record      write down what the parts print; lines with placeholders that still
                match stay as they are (never in CI)
  --teardown    look whether each machine is in the end what it was at first
  --repeat N    run every lab N times, in an order by chance, and count how often each
                part passes: build/labs/flakes.json
  --control     leave out each part once, and see whether that is noticed:
                build/labs/control.json
  --sample N    of --control: only N parts, by chance
  --seed N      what that chance follows from (default: another one each time)
  --publish     when all is well on a clean commit, make this run the evidence the
                handbook shows: labs/*.json
  --jobs N      run so many VMs at once (default: one for each core, as memory allows)
  --list        list the labs and their parts
  --json        print the results as JSON

Examples:
  npm run labs
  npm run labs -- hvt/hello
  npm run labs -- --record networking
  npm run labs -- --repeat 20 --publish
  npm run labs -- --control --sample 10
`;

const labsFolder = join(root, 'labs');

function select(all: readonly LabWithRecording[], names: readonly string[]): readonly LabWithRecording[] {
  for (const name of names) {
    if (!all.some(({ lab }) => lab.id === name || lab.id.startsWith(`${name}/`))) {
      throw new Error(`no lab '${name}'; there are ${all.map(({ lab }) => lab.id).join(', ')}`);
    }
  }
  if (names.length === 0) return all;
  return all.filter(({ lab }) => names.some((name) => lab.id === name || lab.id.startsWith(`${name}/`)));
}

/** The number that option `name` is given. @throws Error where it is none from `least` to `most`. */
function number(name: string, value: string | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  const given = /^\d{1,10}$/.test(value) ? Number(value) : NaN;
  if (given >= least && given <= most) return given;
  throw new Error(`--${name} ${value}: give a number from ${least} to ${most}`);
}

const OPTIONS = {
  help: { type: 'boolean' },
  list: { type: 'boolean' },
  json: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
  publish: { type: 'boolean', default: false },
  teardown: { type: 'boolean', default: false },
  control: { type: 'boolean', default: false },
  repeat: { type: 'string' },
  sample: { type: 'string' },
  seed: { type: 'string' },
  jobs: { type: 'string' },
} as const;

const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
const show = (text: string): void => {
  if (values.json) console.log(text);
};

async function runOnce(
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  jobs: number,
): Promise<boolean> {
  const circumstances = begin(snapshot);
  const runs = await once(labs, snapshot, { jobs, teardown: values.teardown }, values.record);
  if (values.record) await record(labsFolder, runs);
  const results = { ...(await circumstances()), labs: runs.map(({ result }) => result) };
  const parts = results.labs.flatMap((lab) => lab.parts);
  const passed = parts.filter(({ outcome }) => outcome === 'passed').length;
  const well = runs.every(isGood);
  show(await leave('results', results, values.publish && well));
  if (values.publish && !well) console.error('--publish: nothing is published, as not all is well');
  console.error(`${passed} of ${parts.length} parts passed, in ${(results.durationMs / 1000).toFixed(0)} s`);
  return well;
}

async function runAgain(
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  jobs: number,
  repeats: number,
  seed: number,
): Promise<boolean> {
  const circumstances = begin(snapshot);
  const runs = await again(labs, snapshot, { jobs, teardown: values.teardown }, repeats, seed);
  const counted = tally(
    labs,
    runs.map(({ result }) => result),
  );
  show(await leave('flakes', { ...(await circumstances()), seed, repeats, labs: counted }, values.publish));
  const flaky = counted.flatMap(({ lab, parts }) =>
    parts.filter(({ runs, passed }) => passed < runs).map((part) => ({ lab, ...part })),
  );
  for (const { lab, part, runs: ran, passed } of flaky) console.error(`${lab} ${part}: ${passed} of ${ran}`);
  console.error(
    `${runs.length} runs of ${labs.length} labs; ${flaky.length} parts did not pass each time; --seed ${seed}`,
  );
  return runs.every(isGood);
}

async function runControl(
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  jobs: number,
  sample: number,
  seed: number,
): Promise<boolean> {
  const circumstances = begin(snapshot);
  const parts = await control(labs, snapshot, jobs, sample, seed);
  show(await leave('control', { ...(await circumstances()), parts }, values.publish));
  const unnoticed = parts.filter(({ noticed }) => noticed.by === 'nobody');
  for (const { lab, part, noticed } of unnoticed)
    console.error(`${lab} ${part}: ${(noticed.by === 'nobody' && noticed.reason) || 'no reason is given'}`);
  console.error(
    `${parts.length - unnoticed.length} of ${parts.length} parts are missed when they are left out; --seed ${seed}`,
  );
  return unnoticed.every(({ noticed }) => noticed.by === 'nobody' && noticed.reason !== '');
}

async function main(): Promise<boolean> {
  if (values.help) {
    console.log(HELP.trimEnd());
    return true;
  }
  if (values.record && process.env['CI'])
    throw new Error('--record: never in CI, where nobody looks at what changes');
  const jobs = number('jobs', values.jobs, 1, 64) ?? room();
  const repeats = number('repeat', values.repeat, 1, 1000);
  const sample = number('sample', values.sample, 1, 100_000) ?? Infinity;
  const seed = number('seed', values.seed, 0, 2 ** 32 - 1) ?? randomInt(2 ** 32);
  if (Number(values.record) + Number(repeats !== undefined) + Number(values.control) > 1)
    throw new Error('--record, --repeat and --control: give one of them');
  const all = await readLabs(labsFolder);
  const labs = select(all, positionals);
  if (values.list) {
    for (const { lab } of labs) console.log(`${lab.id}: ${lab.parts.map(({ name }) => name).join(' ')}`);
    return true;
  }
  if (!values.record) for (const { lab, recording } of labs) checkRecording(lab, recording);
  if (values.publish) {
    if (labs.length < all.length || values.record || sample < Infinity)
      throw new Error('--publish: only with all labs, compared (without LAB, --record and --sample)');
    await mayPublish();
  }
  const snapshot = await labSnapshot();
  console.error(`the VM's processor: ${snapshot.accelerator.name}, since ${snapshot.accelerator.reason}`);
  if (values.control) return runControl(labs, snapshot, jobs, sample, seed);
  if (repeats !== undefined) return runAgain(labs, snapshot, jobs, repeats, seed);
  return runOnce(labs, snapshot, jobs);
}

process.exitCode = (await main()) ? 0 : 1;
