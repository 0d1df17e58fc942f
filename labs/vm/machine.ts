// A lab machine of one's own: a snapshot, gone on with, on a disk nobody else writes to.
import { constants, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { VmError } from './errors.ts';
import { AGENTS, Qemu, type Agent } from './qemu.ts';
import { makeScratch, removeScratch } from './scratch.ts';
import { Shell } from './shell.ts';
import { overlay, type Shells, type Snapshot } from './snapshot.ts';
import { wake } from './wake.ts';

const RESUME_LIMIT_MS = 60_000;

export interface Machine {
  readonly qemu: Qemu;
  /** What it began with. */
  readonly snapshot: Snapshot;
  /** Its disk, which is a layer upon the snapshot's. */
  readonly disk: string;
  /** A shell of root's, for the host's own housekeeping; another one after each `greet`. */
  readonly root: Shell;
  /** Shells of operator's and of root's, for labs; others after each `greet`. */
  readonly operator: Shell;
  readonly superuser: Shell;
  /** The machine restarts: what follows runs in new shells. */
  greet(): void;
  /** Ends everything that was started by the shell of an agent, and the shell, and begins another. */
  renew(agent: Agent): Promise<void>;
  /** Puts its clock right after it stood still, or `aheadS` seconds from there, and its random numbers. */
  wake(aheadS?: number): Promise<void>;
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
    // A frozen machine's disk is a layer of its own; it may be removed while its copy is in use.
    if (snapshot.frozen) await copyFile(snapshot.hardware.disk, disk, constants.COPYFILE_FICLONE);
    else await overlay(snapshot.hardware.disk, disk);
    qemu = await Qemu.start({ ...snapshot.hardware, disk });
    // All lines before the machine goes on: where nobody is at the other end, a shell finds the end of its input.
    const lines: Record<Agent, Duplex> = {
      root: await qemu.line('root'),
      operator: await qemu.line('operator'),
      superuser: await qemu.line('superuser'),
    };
    const resumeLine = await qemu.line('resume');
    await arrived(qemu);
    const begin = (nonces: Partial<Shells>): Readonly<Record<Agent, Shell>> => ({
      root: new Shell(lines.root, nonces.root),
      operator: new Shell(lines.operator, nonces.operator),
      superuser: new Shell(lines.superuser, nonces.superuser),
    });
    let shells = begin(snapshot.shells);
    await qemu.control.run('cont');
    const machine: Machine = {
      qemu,
      snapshot,
      disk,
      get root() {
        return shells.root;
      },
      get operator() {
        return shells.operator;
      },
      get superuser() {
        return shells.superuser;
      },
      greet: () => {
        for (const agent of AGENTS) shells[agent].leave();
        shells = begin({});
      },
      renew: async (agent) => {
        const timeoutMs = RESUME_LIMIT_MS;
        await shells.root.run(`systemctl restart lab-agent@${agent}`, {
          timeoutMs,
          onOutput: () => undefined,
        });
        shells[agent].leave();
        shells = { ...shells, [agent]: new Shell(lines[agent]) };
      },
      wake: (aheadS) => wake(resumeLine, RESUME_LIMIT_MS, aheadS),
      stop,
    };
    await machine.wake(snapshot.aheadS);
    return machine;
  } catch (error) {
    const console = (await qemu?.console(2000)) ?? '';
    await stop();
    throw new VmError(`${(error as Error).message}\n${console}`.trim());
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
