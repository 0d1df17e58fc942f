// The machines of a lab, and the shells that its parts run in.
import { VmError } from '../vm/errors.ts';
import { join, rename } from '../vm/link.ts';
import { startMachine, type Machine } from '../vm/machine.ts';
import type { Processor } from '../vm/qemu.ts';
import type { Shell } from '../vm/shell.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import type { Lab, Part } from './lab.ts';
import type { Shells } from './parts.ts';
import type { Busy } from './results.ts';

const HOUSEKEEPING_LIMIT_MS = 60_000;
const SAID_MAX = 256 * 1024;

/** A lab's machines by their host names. */
export type Machines = ReadonlyMap<string, Machine>;

/**
 * Starts the machines of `lab`, the first from `first` where that is another point than `snapshot`, each of the others from `snapshot`.
 * @throws VmError if they are not to be had
 */
export async function startMachines(lab: Lab, snapshot: Snapshot, first = snapshot): Promise<Machines> {
  const started = await Promise.allSettled(
    lab.machines.map((_, index) => startMachine(index === 0 ? first : snapshot)),
  );
  const machines = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    const [here, there] = machines;
    if (here && there) {
      await rename(there, lab.machines[1] ?? '');
      await join(here, there);
    }
  } catch (error) {
    await Promise.all(machines.map((machine) => machine.stop()));
    throw new VmError(`${lab.file}: no machine for it: ${(error as Error).message}`);
  }
  return new Map(machines.map((machine, index) => [lab.machines[index] ?? '', machine]));
}

/** How busy the machines were, all together, in the `durationMs` that they have been there; undefined where that is not to be known of each. */
export async function busyIn(machines: Machines, durationMs: number): Promise<Busy | undefined> {
  const all = await Promise.all([...machines.values()].map(({ qemu }) => qemu.processor()));
  const each = all.filter((one) => one !== undefined);
  if (each.length < all.length) return undefined;
  const sum = (of: (one: Processor) => number): number =>
    Math.round(each.reduce((total, one) => total + of(one), 0));
  const ranMs = sum((one) => one.ranMs);
  return { ranMs, idleMs: Math.max(0, durationMs - ranMs - sum((one) => one.waitedMs)) };
}

/** The machine of `machines` that `part` runs in. */
export function machineOf(machines: Machines, { on }: Part): Machine {
  const machine = machines.get(on);
  if (!machine) throw new VmError(`there is no machine '${on}'`);
  return machine;
}

/** The shells of a lab's parts in `machines`. */
export function labShells(machines: Machines): Shells {
  const agentOf = ({ user }: Part): 'superuser' | 'operator' => (user === 'root' ? 'superuser' : 'operator');
  const of = (part: Part): Shell => machineOf(machines, part)[agentOf(part)];
  return {
    of,
    housekeeping: (part, script) => asRoot(machineOf(machines, part), script),
    restarted: async (part) => {
      const machine = machineOf(machines, part);
      await machine.qemu.control.event('RESET');
      // Not before: the old agents would take the greetings for their own.
      machine.greet();
      return of(part);
    },
    again: async (part) => {
      await machineOf(machines, part).renew(agentOf(part));
      return of(part);
    },
  };
}

/** Runs a script of the host's own in `machine`, and returns what it prints, of that no more than anybody reads. */
export async function asRoot({ root }: Machine, script: string): Promise<string> {
  let said = '';
  await root.run(script, {
    timeoutMs: HOUSEKEEPING_LIMIT_MS,
    onOutput: (text) => (said = (said + text).slice(0, SAID_MAX)),
  });
  return said.replaceAll('\r\n', '\n');
}
