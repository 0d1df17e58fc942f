// The lab VM as it travels: file system, kernel and the frozen machine, of an emulated processor.
import { constants } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { emulated } from '../../labs/vm/accelerator.ts';
import { makeScratch, removeScratch } from '../../labs/vm/scratch.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import { labSnapshot } from '../vm.ts';
import { VM_FILES } from './carried/files.ts';

/**
 * Gathers the lab VM in `folder`. Its frozen state holds a processor that QEMU emulates, the same in the same QEMU on whatever host; that of
 * a machine under KVM would hold this host's. Where there is KVM the bundle boots once instead.
 */
export async function gatherMachine(folder: string): Promise<Snapshot> {
  const snapshot = await labSnapshot(emulated('a bundle has to run without KVM too'));
  const { hardware } = snapshot;
  await mkdir(folder, { recursive: true });
  const info = await $({ quiet: true })`qemu-img info --output=json ${hardware.disk}`;
  const base = (JSON.parse(info.stdout) as { 'full-backing-filename': string })['full-backing-filename'];
  const place = (from: string, name: string): Promise<void> =>
    copyFile(from, join(folder, name), constants.COPYFILE_FICLONE);
  await place(base, VM_FILES.rootfs);
  for (const name of ['kernel', 'initrd', 'runtime', 'state'] as const)
    await place(hardware[name], VM_FILES[name]);
  await place(hardware.disk, VM_FILES.disk);
  // By a name without a folder, QEMU looks beside the disk.
  await $({
    quiet: true,
  })`qemu-img rebase -u -f qcow2 -F qcow2 -b ${VM_FILES.rootfs} ${join(folder, VM_FILES.disk)}`;
  return snapshot;
}

/** Calls `work` with a folder that holds what is in folder `name` of the file system on `disk`, and what dpkg says is installed there. */
export async function insideDisk<T>(
  disk: string,
  name: string,
  work: (folder: string, status: string) => Promise<T>,
): Promise<T> {
  const scratch = await makeScratch('bundle');
  try {
    const [raw, tree] = [join(scratch, 'disk.raw'), join(scratch, 'tree')];
    await mkdir(tree);
    await $({ quiet: true })`qemu-img convert -f qcow2 -O raw ${disk} ${raw}`;
    const path = `${process.env['PATH']}:/usr/sbin:/sbin`;
    const ask = async (request: string): Promise<string> =>
      (await $({ quiet: true, env: { ...process.env, PATH: path } })`debugfs -R ${request} ${raw}`).stdout;
    await ask(`rdump "${name}" "${tree}"`);
    const status = await ask('cat /var/lib/dpkg/status');
    await rm(raw);
    return await work(tree, status);
  } finally {
    await removeScratch(scratch);
  }
}
