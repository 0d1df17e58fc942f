// Runs one lab in a machine, or two, of its own.
import type { Machine } from '../vm/machine.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import type { Lab, Part, Recording } from './lab.ts';
import { busyIn, labShells, machineOf, startMachines, type Machines } from './machines.ts';
import { runParts, type PartFailure, type PartsOptions } from './parts.ts';
import type { LabResult, PartResult } from './results.ts';
import { leftovers, stateOf } from './state.ts';
import { keepStanding, type Standing } from './states.ts';

/** How many times its budget a part may take where the machine's processor is emulated. */
const EMULATED_FACTOR = 3;
const HOUSEKEEPING_LIMIT_MS = 60_000;
/** Of a machine's console and of its journal, in characters. */
const LOG_MAX = 1 << 20;

/** Why a part failed: everything somebody needs who was not there. */
export interface Failure extends PartFailure {
  /** What the machine said on its console, and its journal. */
  readonly logs: Logs;
}

export interface Logs {
  readonly console: string;
  readonly journal: string;
}

export interface LabRun {
  readonly lab: Lab;
  readonly recording: Recording;
  readonly result: LabResult;
  readonly failure: Failure | undefined;
  /** Why what the lab set up could not be put back. */
  readonly restoring: Failure | undefined;
  /** What differs in the machine after the last part, where that was looked at. */
  readonly leftovers: readonly string[];
  /** What would differ without the last part, where that was looked at. */
  readonly withoutLast: readonly string[];
}

export interface LabOptions extends Pick<PartsOptions, 'record' | 'onPart'> {
  /** Looks whether the machine is after the last part what it was before the first. */
  readonly teardown: boolean;
  /** Looks before the last part, too. */
  readonly beforeLast?: boolean;
  /** Where it is gone on with; missing for the beginning. Recorded, or looked at in the end, is only what begins there. */
  readonly standing?: Standing;
  /** Whether the machine as it is before `part` is kept (states.ts). */
  readonly keepBefore?: (part: Part) => boolean;
  /** The last part that is run; missing for the lab's last. Nothing is looked at in the end unless it is that. */
  readonly last?: string;
  /** Called with the machine in which a part has failed, before it is stopped. */
  readonly onFailure?: (machine: Machine, run: LabRun) => Promise<void>;
}

/** How many times its budget a part may take in machines of `snapshot`. */
export function budgetFactor({ accelerator }: Snapshot): number {
  return accelerator.name === 'tcg' ? EMULATED_FACTOR : 1;
}

/** Whether there is nothing to find fault with. */
export function isGood({ failure, restoring, leftovers }: LabRun): boolean {
  return failure === undefined && restoring === undefined && leftovers.length === 0;
}

/** Runs `lab` in a machine of its own. @throws VmError if there is none to be had. */
export async function runLab(
  lab: Lab,
  recording: Recording,
  snapshot: Snapshot,
  { record, onPart, teardown, beforeLast, standing, keepBefore, last, onFailure }: LabOptions,
): Promise<LabRun> {
  const startedAt = new Date().toISOString();
  const started = performance.now();
  const machines = await startMachines(lab, snapshot, standing?.snapshot);
  try {
    const before = teardown && last === undefined ? await atFirst(machines, lab, snapshot) : undefined;
    const factor = budgetFactor(snapshot);
    const runOf = async (parts: readonly PartResult[], failure?: Failure): Promise<LabRun> => {
      const durationMs = Math.round(performance.now() - started);
      const busy = await busyIn(machines, durationMs);
      return {
        lab,
        recording,
        result: { ...{ lab: lab.id, title: lab.title, startedAt, durationMs }, ...(busy && { busy }), parts },
        failure,
        restoring: undefined,
        leftovers: [],
        withoutLast: [],
      };
    };
    const told = async (failed: PartFailure): Promise<Failure> => ({
      ...failed,
      logs: await logsOf(machineOf(machines, failed.part)),
    });
    let failure: Failure | undefined;
    let withoutLast: readonly string[] = [];
    const { parts, restoring } = await runParts(upTo(lab, last), recording, labShells(machines), {
      ...{ record, onPart, factor },
      ...(standing && { done: standing.done, met: standing.met }),
      onBefore: async (part, met) => {
        if (keepBefore?.(part)) await keepStanding(machineOf(machines, part), lab, recording, part.name, met);
        if (before && beforeLast && part === lab.parts.at(-1))
          withoutLast = leftovers(before, await statesOf(machines));
      },
      onFailure: async (failed, soFar) => {
        failure = await told(failed);
        await onFailure?.(machineOf(machines, failed.part), await runOf(soFar, failure));
      },
    });
    return {
      ...(await runOf(parts, failure)),
      restoring: restoring && (await told(restoring)),
      leftovers: before && !failure ? leftovers(before, await statesOf(machines)) : [],
      withoutLast,
    };
  } finally {
    await stopAll(machines);
  }
}

/** `lab` without what follows its part `last`. */
function upTo(lab: Lab, last: string | undefined): Lab {
  const index = lab.parts.findIndex(({ name }) => name === last);
  return index < 0 ? lab : { ...lab, parts: lab.parts.slice(0, index + 1) };
}

/** What there is in all machines; of several, each fact begins with the machine's name. */
async function statesOf(machines: Machines): Promise<ReadonlySet<string>> {
  const states = await Promise.all(
    [...machines].map(async ([name, { root }]) =>
      [...(await stateOf(root))].map((fact) => (machines.size > 1 ? `${name}: ${fact}` : fact)),
    ),
  );
  return new Set(states.flat());
}

/** What machines are before anything happens in them, by the snapshot they begin with and their names. */
const fresh = new Map<string, Promise<ReadonlySet<string>>>();

/**
 * What `machines` were before anything happened in them. All that begin with one snapshot are the same then, so one tells for all: the first,
 * or where that was frozen later, others.
 */
function atFirst(machines: Machines, lab: Lab, snapshot: Snapshot): Promise<ReadonlySet<string>> {
  const kind = [snapshot.digest, ...lab.machines].join(' ');
  const known = fresh.get(kind) ?? look(machines, lab, snapshot);
  fresh.set(kind, known);
  // Who comes after one that could not tell asks again.
  known.catch(() => fresh.delete(kind));
  return known;
}

async function look(machines: Machines, lab: Lab, snapshot: Snapshot): Promise<ReadonlySet<string>> {
  if (![...machines.values()].some((machine) => machine.snapshot.frozen)) return statesOf(machines);
  const others = await startMachines(lab, snapshot);
  try {
    return await statesOf(others);
  } finally {
    await stopAll(others);
  }
}

async function stopAll(machines: Machines): Promise<void> {
  await Promise.all([...machines.values()].map((machine) => machine.stop()));
}

/** What there is to read of a machine for somebody who was not there. */
async function logsOf(machine: Machine): Promise<Logs> {
  let journal = '';
  await machine.root
    .run('journalctl --no-pager --output=short-monotonic', {
      timeoutMs: HOUSEKEEPING_LIMIT_MS,
      onOutput: (text) => (journal = (journal + text).slice(-LOG_MAX)),
    })
    .catch(() => undefined);
  return { console: await machine.qemu.console(LOG_MAX), journal: journal.replaceAll('\r\n', '\n') };
}
