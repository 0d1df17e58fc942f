// The lab VM out of the bundle: the frozen machine where the processor is emulated; where there is KVM one that is booted once.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseAccelerator, defaultProbes } from '../../../labs/vm/accelerator.ts';
import { cacheFolder } from '../../../labs/vm/cache.ts';
import { startMachine } from '../../../labs/vm/machine.ts';
import { snapshotOn, type Snapshot } from '../../../labs/vm/snapshot.ts';
import { attachTerminal } from '../../../labs/vm/terminal.ts';
import { exclusively } from '../../setup/exclusive.ts';
import { VM_FILES } from './files.ts';
import { carried, contents } from './home.ts';

const file = (name: keyof typeof VM_FILES): string => carried('vm', VM_FILES[name]);

/** What a machine of this host starts from; `progress` hears of what takes long. */
export async function carriedSnapshot(progress: (line: string) => void): Promise<Snapshot> {
  const accelerator = await chooseAccelerator(defaultProbes(carried('runtime', 'bin', 'kittiwake-hvt')));
  const { digest, qemu, shells } = contents.vm;
  const base = { kernel: file('kernel'), initrd: file('initrd') };
  if (accelerator.name === 'tcg') {
    const hardware = {
      ...base,
      accelerator,
      disk: file('disk'),
      runtime: file('runtime'),
      state: file('state'),
    };
    return { digest, accelerator, qemu, frozen: false, shells, hardware };
  }
  const cache = cacheFolder();
  await mkdir(cache, { recursive: true });
  return exclusively(join(cache, 'handbook.lock'), () =>
    snapshotOn({ ...base, digest, disk: file('rootfs') }, digest, carried('runtime'), accelerator, progress),
  );
}

/** Tells the person at the command of it. */
export const say = (line: string): void => console.error(line);

/** A terminal in a fresh machine, until the person leaves it. */
export async function shell(): Promise<void> {
  const machine = await startMachine(await carriedSnapshot(say));
  try {
    await attachTerminal(machine);
  } finally {
    await machine.stop();
  }
}
