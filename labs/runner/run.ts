// Runs one lab in a machine of its own.
import { VmError } from '../vm/errors.ts';
import { startMachine, type Machine } from '../vm/machine.ts';
import { Shell } from '../vm/shell.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import type { Lab, Recording } from './lab.ts';
import { runParts, type PartFailure, type PartsOptions } from './parts.ts';
import type { LabResult } from './results.ts';
import { leftovers, stateOf } from './state.ts';

/** How many times its budget a part may take where the machine's processor is emulated. */
const EMULATED_FACTOR = 3;
const HOUSEKEEPING_LIMIT_MS = 20_000;

/** Why a part failed: everything somebody needs who was not there. */
export interface Failure extends PartFailure {
  /** The end of the machine's console and journal. */
  readonly machine: string;
}

export interface LabRun {
  readonly lab: Lab;
  readonly recording: Recording;
  readonly result: LabResult;
  readonly failure: Failure | undefined;
  /** What differs in the machine after the last part, where that was looked at. */
  readonly leftovers: readonly string[];
}

export interface LabOptions extends Omit<PartsOptions, 'factor' | 'restarted'> {
  /** Looks whether the machine is after the last part what it was before the first. */
  readonly teardown: boolean;
}

/** Whether there is nothing to find fault with. */
export function isGood({ failure, leftovers }: LabRun): boolean {
  return failure === undefined && leftovers.length === 0;
}

/** Runs `lab` in a fresh machine. @throws VmError if there is none to be had. */
export async function runLab(
  lab: Lab,
  recording: Recording,
  snapshot: Snapshot,
  { teardown, ...options }: LabOptions,
): Promise<LabRun> {
  const startedAt = new Date().toISOString();
  const started = performance.now();
  const machine = await startMachine(snapshot).catch((error: unknown) => {
    throw new VmError(`labs/${lab.id}.sh: no machine for it: ${(error as Error).message}`);
  });
  try {
    const line = await machine.qemu.line('operator');
    const restarted = async (): Promise<Shell> => {
      await machine.qemu.control.event('RESET');
      // Not before: the old agent would take the greeting for its own.
      machine.greet();
      return new Shell(line);
    };
    const shell = new Shell(line);
    // What runs from here on is the lab's; the shell is not.
    await shell.run(':', { timeoutMs: HOUSEKEEPING_LIMIT_MS, onOutput: () => undefined });
    const before = teardown ? await stateOf(machine.root) : undefined;
    const factor = snapshot.accelerator.name === 'tcg' ? EMULATED_FACTOR : 1;
    const { parts, failure } = await runParts(lab, recording, shell, {
      ...options,
      factor,
      restarted,
    });
    const durationMs = Math.round(performance.now() - started);
    return {
      lab,
      recording,
      result: { lab: lab.id, title: lab.title, startedAt, durationMs, parts },
      failure: failure && { ...failure, machine: await lastWords(machine) },
      leftovers: before && !failure ? leftovers(before, await stateOf(machine.root)) : [],
    };
  } finally {
    await machine.stop();
  }
}

/** The end of the machine's journal and console. */
async function lastWords(machine: Machine): Promise<string> {
  let journal = '';
  await machine.root
    .run('journalctl --no-pager --lines=15 --output=short-monotonic', {
      timeoutMs: HOUSEKEEPING_LIMIT_MS,
      onOutput: (text) => (journal = (journal + text).slice(-8192)),
    })
    .catch(() => undefined);
  return `${journal}${await machine.qemu.console(2048)}`.trim();
}
