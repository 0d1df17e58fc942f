// The machine that pages run in: what a handbook wants to find in it, and what this host needs to make it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseAccelerator, programlessProbes } from '../vm/accelerator.ts';
import { VmError } from '../vm/errors.ts';
import { makeScratch, removeScratch } from '../vm/scratch.ts';
import { snapshot, type Snapshot } from '../vm/snapshot.ts';

export interface Wanted {
  /** A folder whose tree is unpacked to /usr/local; missing where nothing is. */
  readonly install: string | undefined;
  /** Debian packages besides those of the lab VM. */
  readonly packages: readonly string[];
}

/** What this host must have, by the Debian package it is in. */
const PROGRAMS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
} as const;

const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

/** @throws VmError that names what is missing, and how to install it. */
export function checkHost(path = PATH): void {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new VmError(
      `${process.platform} on ${process.arch}: the lab VM needs Linux on x86_64; use such a machine`,
    );
  const missing = Object.entries(PROGRAMS).filter(
    ([program]) => !path.split(':').some((folder) => folder !== '' && existsSync(join(folder, program))),
  );
  if (missing.length > 0) {
    const packages = [...new Set(missing.map(([, name]) => name))].join(' ');
    throw new VmError(
      `${missing.map(([program]) => program).join(', ')}: not found; install with: sudo apt-get install ${packages}`,
    );
  }
  if (process.getuid?.() !== 0 && spawnSync('newuidmap', { stdio: 'ignore' }).error)
    throw new VmError(`newuidmap: not found; install with: sudo apt-get install uidmap`);
}

/** As Debian's policy has names of packages. */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+$/;

/** Debian packages as `--packages` has them. @throws VmError with what is none. */
export function packagesOf(list: string): string[] {
  const names = list.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !PACKAGE.test(name));
  if (wrong !== undefined)
    throw new VmError(
      `--packages: '${wrong}' is no Debian package; give names with commas between, as jq,git`,
    );
  return [...new Set(names)].sort();
}

/** What the machines of a handbook start from, built where it is missing. */
export async function pagesSnapshot({ install, packages }: Wanted): Promise<Snapshot> {
  checkHost();
  if (install !== undefined && !existsSync(install))
    throw new VmError(`--install ${install}: there is no such folder; build it first`);
  const folder = await makeScratch('pages');
  try {
    const nothing = join(folder, 'nothing');
    await mkdir(nothing);
    const accelerator = await chooseAccelerator(programlessProbes(join(folder, 'firmware')));
    return await snapshot(install ?? nothing, accelerator, (line) => console.error(line), packages);
  } finally {
    await removeScratch(folder);
  }
}
