// Freezing a machine as it runs: its memory, devices and disk in a folder, to go on with later, with the shells it has.
import { constants, copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VmError } from './errors.ts';
import type { Machine } from './machine.ts';
import { AGENTS, type Qemu } from './qemu.ts';
import { shellWord } from './quote.ts';
import type { Shells, Snapshot } from './snapshot.ts';

const SAVE_LIMIT_MS = 120_000;
const CLOCK_LIMIT_MS = 30_000;
/** A clock nearer to the host's is right: telling takes a moment where the host is busy. Labs that set it set it by days. */
const RIGHT_WITHIN_S = 60;

/**
 * Freezes `machine` into `folder`, which is there and empty, and lets it go on. What comes back starts machines that go on from
 * this very point, in the same shells, as long as the snapshot it began with is there.
 * @throws VmError while something runs in one of its shells.
 */
export async function freeze(machine: Machine, folder: string): Promise<Snapshot> {
  const { qemu, snapshot, disk } = machine;
  if (!AGENTS.every((agent) => machine[agent].idle))
    throw new VmError('the lab VM cannot be frozen while something runs in its shells');
  const { state, disk: copy, shells, clock } = files(folder);
  const aheadS = await ahead(machine);
  try {
    await save(qemu, state);
    // Whoever saved a state has let go of the disk: nothing is written to it before the machine goes on.
    await copyFile(disk, copy, constants.COPYFILE_FICLONE);
  } finally {
    await qemu.control.run('cont');
  }
  await machine.wake(aheadS);
  const { root, operator, superuser } = machine;
  await writeShells(shells, {
    root: root.nonce,
    operator: operator.nonce,
    superuser: superuser.nonce,
  });
  await writeFile(clock, String(aheadS));
  return thaw(folder, snapshot);
}

/** How many seconds the machine's clock is ahead of the host's; 0 where nobody has set it to another time. */
async function ahead({ root }: Machine): Promise<number> {
  let said = '';
  await root.run('date +%s', { timeoutMs: CLOCK_LIMIT_MS, onOutput: (text) => (said += text) });
  const seconds = /^\d+/.test(said) ? Number.parseInt(said) - Math.round(Date.now() / 1000) : 0;
  return Math.abs(seconds) < RIGHT_WITHIN_S ? 0 : seconds;
}

/** What `freeze` left in `folder` of a machine that began with `snapshot`. */
export async function thaw(folder: string, snapshot: Snapshot): Promise<Snapshot> {
  const { state, disk, shells, clock } = files(folder);
  return {
    ...snapshot,
    frozen: true,
    aheadS: Number(await readFile(clock, 'utf8')),
    shells: await readShells(shells),
    hardware: { ...snapshot.hardware, disk, state },
  };
}

function files(folder: string): { state: string; disk: string; shells: string; clock: string } {
  return {
    state: join(folder, 'state'),
    disk: join(folder, 'disk.qcow2'),
    shells: join(folder, 'shells.json'),
    clock: join(folder, 'clock'),
  };
}

/** Stops the machine and writes its memory and devices to `file`. */
export async function save(machine: Qemu, file: string): Promise<void> {
  await machine.control.run('stop');
  await machine.control.run('migrate-set-parameters', { 'max-bandwidth': 0 });
  await machine.control.run('migrate', { uri: `exec:cat > ${shellWord(file)}` });
  const end = performance.now() + SAVE_LIMIT_MS;
  for (;;) {
    const { status } = (await machine.control.run('query-migrate')) as { status?: string };
    if (status === 'completed') return;
    if (status === 'failed' || performance.now() > end) {
      throw new VmError(`the lab VM could not be frozen (${status}); is there space for its state?`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export async function writeShells(file: string, shells: Shells): Promise<void> {
  await writeFile(file, JSON.stringify(shells));
}

export async function readShells(file: string): Promise<Shells> {
  return JSON.parse(await readFile(file, 'utf8')) as Shells;
}
