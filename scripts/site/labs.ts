// The lab server of a handbook: its labs, its machines, where it keeps what readers have done.
import { availableParallelism } from 'node:os';
import { carried } from '../../labs/cli/queue.ts';
import { readLabs } from '../../labs/runner/labs.ts';
import { hostsOf, newSecret, withSecret } from '../../labs/server/gate.ts';
import { LabServer } from '../../labs/server/server.ts';
import { vmMachines } from '../../labs/server/vm.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import type { Beside } from './front.ts';

export interface LabsOptions {
  /** Where the labs are. */
  readonly folder: string;
  /** Where what readers have done is kept. */
  readonly readers: string;
  /** What their machines start from; `progress` hears of what takes long. */
  readonly snapshot: (progress: (line: string) => void) => Promise<Snapshot>;
}

/** Makes it, for pages that are opened by one of `names`. No machine, and nothing it is made of, is made before a reader wants one. */
export async function labsBeside(
  names: readonly string[],
  { folder, readers, snapshot: makeSnapshot }: LabsOptions,
): Promise<{ readonly beside: (port: number) => Beside; readonly token: string }> {
  const labs = await readLabs(folder);
  const token = newSecret();
  let snapshot: Promise<Snapshot> | undefined;
  const heard = new Set<(line: string) => void>();
  const start = vmMachines((progress) => {
    heard.add(progress);
    // What failed is tried again: somebody may have installed what was missing.
    snapshot ??= makeSnapshot((line) => heard.forEach((tell) => tell(line))).catch((error: unknown) => {
      snapshot = undefined;
      throw error;
    });
    return snapshot.finally(() => heard.delete(progress));
  });
  return {
    token,
    beside: (port) =>
      new LabServer({
        labs,
        start,
        bounds: { hasRoom: (running) => running < carried(running), startsAtOnce: availableParallelism() },
        readers,
        hosts: hostsOf(names, port),
        admit: withSecret(token),
      }),
  };
}
