// A lab machine of one's own: the snapshot, gone on with, on a disk nobody else writes to.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { VmError } from './errors.ts';
import { Qemu } from './qemu.ts';
import { makeScratch, removeScratch } from './scratch.ts';
import { Shell } from './shell.ts';
import { overlay, type Snapshot } from './snapshot.ts';

const RESUME_LIMIT_MS = 60_000;

export interface Machine {
  readonly qemu: Qemu;
  /** A shell of root's, for the host's own housekeeping; another one after each `greet`. */
  readonly root: Shell;
  /** The machine restarts: what follows runs in a new shell of root's. */
  greet(): void;
  /** Ends the machine and removes its disk. */
  stop(): Promise<void>;
}

/** Starts a machine from `snapshot`, with the right time and random numbers of its own. */
export async function startMachine(snapshot: Snapshot): Promise<Machine> {
  const folder = await makeScratch('disk');
  const disk = join(folder, 'disk.qcow2');
  let qemu: Qemu | undefined;
  const stop = async (): Promise<void> => {
    await qemu?.stop();
    await removeScratch(folder);
  };
  try {
    await overlay(snapshot.hardware.disk, disk);
    qemu = await Qemu.start({ ...snapshot.hardware, disk });
    await arrived(qemu);
    await qemu.control.run('cont');
    const line = await qemu.line('root');
    let root = await resume(new Shell(line));
    return {
      qemu,
      get root() {
        return root;
      },
      greet: () => void (root = new Shell(line)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until the whole state has been read. */
async function arrived(qemu: Qemu): Promise<void> {
  const end = performance.now() + RESUME_LIMIT_MS;
  for (;;) {
    const { status } = (await qemu.control.run('query-status')) as { status: string };
    if (status !== 'inmigrate') return;
    if (performance.now() > end)
      throw new VmError('the snapshot of the lab VM could not be read in a minute');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function resume(shell: Shell): Promise<Shell> {
  let said = '';
  const now = (Date.now() / 1000).toFixed(3);
  const { exit } = await shell.run(`/usr/lib/lab/resume ${now} ${randomBytes(64).toString('hex')}`, {
    timeoutMs: RESUME_LIMIT_MS,
    onOutput: (text) => (said = (said + text).slice(-4096)),
  });
  if (exit !== 0) throw new VmError(`the lab VM does not go on from its snapshot: ${said || 'no answer'}`);
  return shell;
}
