// Runs labs as they are asked for on a command line, whichever handbook they are of.
import { byThemselves, stillStands } from '../runner/control.ts';
import type { LabWithRecording } from '../runner/labs.ts';
import type { Finding } from '../runner/results.ts';
import { isGood } from '../runner/run.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import { begin, leave, mayPublish } from './evidence.ts';
import type { Handbook } from './handbook.ts';
import { control, foundBefore } from './control.ts';
import { once, record } from './modes.ts';
import type { Asked } from './options.ts';
import { runAgain } from './repeat.ts';
import { watchLabs } from './watch.ts';

/** Runs `labs` of `handbook`, and says whether all was well. */
export async function runLabs(
  handbook: Handbook,
  labs: readonly LabWithRecording[],
  asked: Asked,
): Promise<boolean> {
  if (asked.list) {
    for (const { lab } of labs) console.log(`${lab.id}: ${lab.parts.map(({ name }) => name).join(' ')}`);
    return true;
  }
  if (asked.from !== undefined) hasPart(labs, asked.from);
  if (asked.publish) await mayPublish(handbook);
  const snapshot = await handbook.snapshot();
  console.error(`the VM's processor: ${snapshot.accelerator.name}, since ${snapshot.accelerator.reason}`);
  if (asked.control) return runControl(handbook, labs, snapshot, asked);
  if (asked.repeats !== undefined) return runAgain(handbook, labs, snapshot, asked, asked.repeats);
  const well = await runOnce(handbook, labs, snapshot, asked);
  return asked.watch ? watchLabs(handbook, labs, snapshot, asked) : well;
}

/** @throws Error unless there is one lab, and it has the part `name`. */
function hasPart(labs: readonly LabWithRecording[], name: string): void {
  const [one, another] = labs;
  if (!one || another) throw new Error(`--from, --only: a part is one of one lab; name the lab`);
  if (!one.lab.parts.some((part) => part.name === name)) {
    const there = one.lab.parts.map((part) => part.name).join(', ');
    throw new Error(`--from, --only: ${one.lab.file} has no part '${name}'; there are ${there}`);
  }
}

async function runOnce(
  handbook: Handbook,
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  asked: Asked,
): Promise<boolean> {
  const circumstances = begin(handbook, snapshot);
  const runs = await once(handbook, labs, snapshot, asked);
  if (asked.record) await record(handbook, runs);
  const results = { ...(await circumstances()), labs: runs.map(({ result }) => result) };
  const parts = results.labs.flatMap((lab) => lab.parts);
  const passed = parts.filter(({ outcome }) => outcome === 'passed').length;
  const well = runs.every(isGood);
  await leave(handbook, 'results', results, { ...asked, publish: asked.publish && well });
  if (asked.publish && !well) console.error('--publish: nothing is published, as not all is well');
  console.error(`${passed} of ${parts.length} parts passed, in ${(results.durationMs / 1000).toFixed(0)} s`);
  return well;
}

async function runControl(
  handbook: Handbook,
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  asked: Asked,
): Promise<boolean> {
  const circumstances = begin(handbook, snapshot);
  const { parts, failed } = await control(handbook, labs, snapshot, await foundBefore(handbook, labs), asked);
  // Meanwhile others may have found something, and somebody may have edited a lab.
  const all = (await handbook.source?.read()) ?? labs;
  const before = await foundBefore(handbook, all);
  const known = stillStands(all, [...before, ...byThemselves(all, new Date().toISOString()), ...parts]);
  const { json } = asked;
  const publish = asked.publish && failed.length === 0;
  await leave(handbook, 'control', { ...(await circumstances()), parts: known }, { json, publish });
  for (const what of failed) console.error(what);
  const unnoticed = parts.filter(({ noticed }) => noticed.by === 'nobody');
  for (const { lab, part, noticed } of unnoticed)
    console.error(`${lab} ${part}: ${(noticed.by === 'nobody' && noticed.reason) || 'no reason is given'}`);
  console.error(
    `${parts.length - unnoticed.length} of ${parts.length} parts are missed when they are left out; --seed ${asked.seed}`,
  );
  console.error(`of all labs: ${inSum(all, known)}`);
  return (
    failed.length === 0 && unnoticed.every(({ noticed }) => noticed.by === 'nobody' && noticed.reason !== '')
  );
}

/** What is known of the parts of `labs`, in a few words. */
function inSum(labs: readonly LabWithRecording[], known: readonly Finding[]): string {
  const all = labs.reduce((sum, { lab }) => sum + lab.parts.length, 0);
  const unnoticed = known.filter(({ noticed }) => noticed.by === 'nobody').length;
  return `${known.length - unnoticed} of ${all} parts are missed, ${unnoticed} by nobody, and ${all - known.length} were not tried as they are`;
}
