// How many lab machines one host carries: more of them at each step, until memory is short. What a step costs is set beside one machine alone.
import { readFile } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readLabs, type LabWithRecording } from '../../labs/runner/labs.ts';
import { labShells, startMachines, type Machines } from '../../labs/runner/machines.ts';
import { runParts } from '../../labs/runner/parts.ts';
import type { Machine } from '../../labs/vm/machine.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import { root } from '../setup/root.ts';
import { labSnapshot } from '../vm.ts';
import { memoryOf, processOf, stepBack } from '../workshop/process.ts';
import { weigh, type Comparison } from './compare.ts';

const STEPS = [1, 2, 4, 8, 12, 16, 20, 24];
/** What an attendee does: eleven parts, which start ten programs. */
const LAB = 'hvt/hello';
/** Of the host's memory, that is left to others. */
const KEPT_FREE = 4 * 2 ** 30;
const REST_S = 10;
const MB = 1e6;
/** Clock ticks of /proc. */
const TICKS = 100;

/** One of the machines that run. */
interface Running {
  readonly machines: Machines;
  readonly process: number;
  readonly startMs: number;
}

export async function* benchWorkshop({ most }: { readonly most: number }): AsyncGenerator<Comparison> {
  const snapshot = await labSnapshot();
  const lab = (await readLabs(join(root, 'labs'))).find(({ lab }) => lab.id === LAB);
  if (!lab) throw new Error(`lab ${LAB}: it is not there any more; choose another for this measurement`);
  const running: Running[] = [];
  let alone: readonly Taken[] = [];
  try {
    for (const step of STEPS.filter((count) => count <= most)) {
      const before = running.length;
      while (running.length < step && freemem() > KEPT_FREE) running.push(await start(lab, snapshot));
      if (running.length < step) break;
      const name = `${step} machine${step === 1 ? '' : 's'}`;
      const figure = (what: string, unit: string, values: readonly number[]): Comparison[] =>
        weigh(`workshop.${what}.${step}`, unit, [name], [values]);
      yield* figure(
        'start',
        'ms, each beside those before it',
        running.slice(before).map(({ startMs }) => startMs),
      );
      yield* figure('rest', '% of a processor, each', await atRest(running));
      const took = await Promise.all(running.map((one) => runThrough(lab, one)));
      if (step === 1) alone = took;
      const beside = (what: string, unit: string, of: (taken: Taken) => number): Comparison[] => {
        const [one] = alone;
        const values = [took.map(of), took.map(() => (one ? of(one) : Number.NaN))];
        return weigh(`workshop.${what}.${step}`, unit, [`${LAB} in ${name} at once`, 'in one alone'], values);
      };
      yield* beside('lab', 's', ({ seconds }) => seconds);
      yield* beside('lab.processor', 's of a processor', ({ processor }) => processor);
      const memory = await Promise.all(running.map(({ process }) => memoryOf(process)));
      yield* figure(
        'memory',
        'MB, each',
        memory.map(({ shared }) => shared / MB),
      );
      yield* figure(
        'memory.own',
        'MB, each',
        memory.map(({ own }) => own / MB),
      );
    }
  } finally {
    await Promise.all(
      running.flatMap(({ machines }) => [...machines.values()].map((machine) => machine.stop())),
    );
  }
}

/** A machine whose shell has answered. */
async function start({ lab }: LabWithRecording, snapshot: Snapshot): Promise<Running> {
  const started = performance.now();
  const machines = await startMachines(lab, snapshot);
  const [machine] = machines.values() as IterableIterator<Machine>;
  if (!machine) throw new Error(`lab ${lab.id} has no machine`);
  await machine.operator.run('true', { timeoutMs: 60_000, onOutput: () => undefined });
  const startMs = performance.now() - started;
  await stepBack(machine);
  return { machines, process: await processOf(machine), startMs };
}

/** What share of a processor each uses while nobody does anything, in percent. */
async function atRest(running: readonly Running[]): Promise<number[]> {
  const before = await Promise.all(running.map(({ process }) => processorSeconds(process)));
  await sleep(REST_S * 1000);
  const after = await Promise.all(running.map(({ process }) => processorSeconds(process)));
  return after.map((seconds, index) => ((seconds - (before[index] ?? 0)) / REST_S) * 100);
}

/** Of the process, in the kernel and not, since it began. */
async function processorSeconds(process: number): Promise<number> {
  const stat = await readFile(`/proc/${process}/stat`, 'utf8');
  // After the name, which may hold anything: fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** What a lab took, from its first part to its last, in seconds. */
interface Taken {
  readonly seconds: number;
  /** Of a processor. */
  readonly processor: number;
}

/** Runs the whole lab. @throws Error where a part does not pass: then nothing was measured. */
async function runThrough(
  { lab, recording }: LabWithRecording,
  { machines, process }: Running,
): Promise<Taken> {
  const [started, used] = [performance.now(), await processorSeconds(process)];
  const { failure } = await runParts(lab, recording, labShells(machines), {
    record: false,
    factor: 100,
    onPart: () => undefined,
  });
  if (failure)
    throw new Error(
      `${lab.id}, part ${failure.part.name}: ${failure.causes.join('; ')}:\n${failure.transcript}`,
    );
  const seconds = (performance.now() - started) / 1000;
  return { seconds, processor: (await processorSeconds(process)) - used };
}
