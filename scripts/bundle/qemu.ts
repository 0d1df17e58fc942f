// QEMU as a folder that runs on any Linux: its two programs with every library, the C library and its loader among them, its emulation, its
// firmware.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { librariesOf } from './libraries.ts';

/** What starts a lab machine. QEMU reads other firmware for devices only that it has not. */
const FIRMWARE = ['bios-256k.bin', 'kvmvapic.bin', 'linuxboot_dma.bin'];
const FIRMWARE_FOLDERS = ['/usr/share/qemu', '/usr/share/seabios'];
const EMULATION = '/usr/lib/x86_64-linux-gnu/qemu/accel-tcg-x86_64.so';
const SYSTEM = '/usr/bin/qemu-system-x86_64';
const IMG = '/usr/bin/qemu-img';
const LOADER = 'ld-linux-x86-64.so.2';

/**
 * What is found as bin/NAME. The loader itself is told where the libraries are: in a variable, the programs that QEMU starts would find
 * them too. Nothing of the host's is loaded, whatever C library that has.
 */
function wrapper(name: string, options = ''): string {
  return `#!/bin/sh
# Starts ${name} with the libraries it was carried with.
here=\${0%/*}/..
export QEMU_MODULE_DIR="$here/modules"
exec "$here/lib/${LOADER}" --inhibit-cache --library-path "$here/lib" "$here/libexec/${name}"${options} "$@"
`;
}

function firmware(name: string): string {
  const file = FIRMWARE_FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (file !== undefined) return file;
  throw new Error(`${name}: QEMU's firmware is not there; install qemu-system-data and seabios again`);
}

/** Gathers QEMU in `folder`. Returns the files it was taken from. */
export async function gatherQemu(folder: string): Promise<string[]> {
  for (const part of ['bin', 'lib', 'libexec', 'modules', 'firmware'])
    await mkdir(join(folder, part), { recursive: true });
  const libraries = await librariesOf(SYSTEM, IMG, EMULATION);
  const parts: [part: string, name: string, file: string][] = [
    ['libexec', basename(SYSTEM), SYSTEM],
    ['libexec', basename(IMG), IMG],
    ['modules', basename(EMULATION), EMULATION],
    ...[...libraries].map(([name, file]): [string, string, string] => ['lib', name, file]),
    ...FIRMWARE.map((name): [string, string, string] => ['firmware', name, firmware(name)]),
  ];
  for (const [part, name, file] of parts) await copyFile(file, join(folder, part, name));
  const executable = { mode: 0o755 };
  await writeFile(
    join(folder, 'bin', basename(SYSTEM)),
    wrapper(basename(SYSTEM), ' -L "$here/firmware"'),
    executable,
  );
  await writeFile(join(folder, 'bin', basename(IMG)), wrapper(basename(IMG)), executable);
  return parts.map(([, , file]) => file);
}
