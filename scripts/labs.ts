// npm run labs: runs every part of every lab in fresh VMs, compares what it prints with the recording, leaves the evidence.
import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism, freemem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { $ } from 'zx';
import { align, merge } from '../labs/runner/align.ts';
import { checkRecording } from '../labs/runner/lab.ts';
import { readLabs, writeRecording, writeWhole, type LabWithRecording } from '../labs/runner/labs.ts';
import { diff, failureReport, partLine } from '../labs/runner/report.ts';
import type { Results } from '../labs/runner/results.ts';
import { runLab, type LabRun } from '../labs/runner/run.ts';
import type { Snapshot } from '../labs/vm/snapshot.ts';
import { runtimeTree } from './runtime.ts';
import { root } from './setup/root.ts';
import { labSnapshot } from './vm.ts';

const HELP = `Run labs: every command of the handbook, in fresh VMs, compared with what is recorded.

Usage: npm run labs [-- OPTIONS] [LAB...]

LAB is a name as hvt/hello, or a chapter as hvt; without any, all labs run.

Options:
  --record    write down what the parts print; lines with placeholders that still
              match stay as they are (never in CI)
  --publish   when all labs pass on a clean commit, make this run the evidence the
              handbook shows: labs/results.json
  --jobs N    run so many VMs at once (default: one for each core, as memory allows)
  --list      list the labs and their parts
  --json      print the results as JSON

Examples:
  npm run labs
  npm run labs -- hvt/hello
  npm run labs -- --record networking
`;

const labsFolder = join(root, 'labs');
/** Of the host, for each VM: its own memory and QEMU's. */
const BYTES_PER_VM = 1.3 * 2 ** 30;

function select(all: readonly LabWithRecording[], names: readonly string[]): readonly LabWithRecording[] {
  for (const name of names) {
    if (!all.some(({ lab }) => lab.id === name || lab.id.startsWith(`${name}/`))) {
      throw new Error(`no lab '${name}'; there are ${all.map(({ lab }) => lab.id).join(', ')}`);
    }
  }
  if (names.length === 0) return all;
  return all.filter(({ lab }) => names.some((name) => lab.id === name || lab.id.startsWith(`${name}/`)));
}

/** Works off `labs` with `jobs` machines at a time; the longest first, as its number of parts tells. */
async function runAll(
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  record: boolean,
  jobs: number,
): Promise<LabRun[]> {
  const queue = labs.toSorted((a, b) => b.lab.parts.length - a.lab.parts.length);
  const runs: LabRun[] = [];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const run = await runLab(next.lab, next.recording, snapshot, {
        record,
        onPart: (lab, result) => console.error(partLine(lab, result)),
      });
      if (run.failure) console.error(failureReport(run));
      runs.push(run);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, queue.length) }, worker));
  return runs.toSorted((a, b) => (a.lab.id < b.lab.id ? -1 : 1));
}

/** Rewrites the recordings of labs whose parts all ended as they should, and shows what changed. */
async function record(runs: readonly LabRun[]): Promise<void> {
  for (const { lab, recording, result, failure } of runs) {
    if (failure) continue;
    const next = new Map(
      result.parts.map(({ part, exit, transcript }) => {
        const rows = align(recording.get(part)?.output ?? '', transcript);
        if (rows.some(({ kind }) => kind !== 'same'))
          console.error([`${lab.id} ${part}`, ...diff(rows)].join('\n'));
        return [part, { exit: exit ?? 0, output: merge(rows) }];
      }),
    );
    await writeRecording(labsFolder, lab.id, next);
  }
}

/** Whether files differ from the commit, but for the evidence itself. */
async function isDirty(): Promise<boolean> {
  const { stdout } = await $({ cwd: root, quiet: true })`git status --porcelain -- . :!labs/results.json`;
  return stdout !== '';
}

const DIRTY =
  '--publish: the tree has changes that are not committed, so this run proves no commit; commit them';

/** @throws Error if a run could not be published, before anybody waits for it. */
async function mayPublish(whole: boolean): Promise<void> {
  if (!whole) throw new Error('--publish: only with all labs, compared (without LAB and --record)');
  if (await isDirty()) throw new Error(DIRTY);
}

async function gatherResults(
  runs: readonly LabRun[],
  snapshot: Snapshot,
  started: { at: string; ms: number },
): Promise<Results> {
  const commit = (await $({ cwd: root, quiet: true })`git rev-parse HEAD`).stdout.trim();
  const index = JSON.parse(
    await readFile(join(runtimeTree, 'share', 'kittiwake', 'images', 'index.json'), 'utf8'),
  ) as { images: { file: string; sha256: string }[] };
  return {
    version: 1,
    commit,
    dirty: await isDirty(),
    startedAt: started.at,
    durationMs: Math.round(performance.now() - started.ms),
    vm: { digest: snapshot.digest, accelerator: snapshot.accelerator.name, qemu: snapshot.qemu },
    images: Object.fromEntries(index.images.map(({ file, sha256 }) => [file, sha256])),
    labs: runs.map(({ result }) => result),
  };
}

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    options: {
      help: { type: 'boolean' },
      list: { type: 'boolean' },
      json: { type: 'boolean' },
      record: { type: 'boolean', default: false },
      publish: { type: 'boolean', default: false },
      jobs: { type: 'string' },
    },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(HELP.trimEnd());
    return true;
  }
  if (values.record && process.env['CI'])
    throw new Error('--record: never in CI, where nobody looks at what changes');
  const most = Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / BYTES_PER_VM)));
  const jobs = Number(values.jobs ?? most);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 64)
    throw new Error(`--jobs ${values.jobs}: give a number from 1 to 64`);
  const all = await readLabs(labsFolder);
  const labs = select(all, positionals);
  if (values.list) {
    for (const { lab } of labs) console.log(`${lab.id}: ${lab.parts.map(({ name }) => name).join(' ')}`);
    return true;
  }
  if (!values.record) for (const { lab, recording } of labs) checkRecording(lab, recording);
  if (values.publish) await mayPublish(labs.length === all.length && !values.record);

  const snapshot = await labSnapshot();
  console.error(`the VM's processor: ${snapshot.accelerator.name}, since ${snapshot.accelerator.reason}`);
  const started = { at: new Date().toISOString(), ms: performance.now() };
  const runs = await runAll(labs, snapshot, values.record, jobs);
  if (values.record) await record(runs);
  const results = await gatherResults(runs, snapshot, started);
  const text = `${JSON.stringify(results, null, 2)}\n`;
  await mkdir(join(root, 'build', 'labs'), { recursive: true });
  await writeWhole(join(root, 'build', 'labs', 'results.json'), text);

  const parts = results.labs.flatMap((lab) => lab.parts);
  const failed = runs.filter(({ failure }) => failure).length;
  const passed = parts.filter(({ outcome }) => outcome === 'passed').length;
  console.error(`${passed} of ${parts.length} parts passed, in ${(results.durationMs / 1000).toFixed(0)} s`);
  if (values.json) console.log(text.trimEnd());
  if (values.publish) {
    if (failed > 0)
      throw new Error(`--publish: nothing is published, ${failed} of ${runs.length} labs failed`);
    if (results.dirty) throw new Error(DIRTY);
    await writeWhole(join(labsFolder, 'results.json'), text);
    console.error('published: labs/results.json');
  }
  return failed === 0;
}

process.exitCode = (await main()) ? 0 : 1;
