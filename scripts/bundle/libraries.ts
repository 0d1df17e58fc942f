// The shared libraries that programs of this host load.
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';

/** Where the libraries that `files` load lie, by the names they are loaded by. @throws Error that names one that is missing. */
export async function librariesOf(...files: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const file of files) {
    const { stdout } = await $({ quiet: true })`ldd ${file}`;
    for (const line of stdout.split('\n')) {
      if (line.includes('not found'))
        throw new Error(`${file}: a library is missing (${line.trim()}); install its Debian package again`);
      // `NAME => PATH (ADDRESS)`; the loader's line is its path alone, and the kernel's own library has none.
      const path = /(\/\S+) \(0x/.exec(line)?.[1];
      const name = /^\s*(\S+) =>/.exec(line)?.[1] ?? path?.split('/').at(-1);
      if (path !== undefined && name !== undefined) found.set(name, path);
    }
  }
  return found;
}

/** What every Debian has, in a version that fits its kernel's and its other programs'. */
const EVERYWHERE = /^(ld-linux.*|lib(c|m|dl|rt|pthread)\.so\..*)$/;
const SLIRP = '/usr/lib/x86_64-linux-gnu/libslirp.so.0';

/**
 * Gathers in `folder` what `usernet`, the program, wants to make a network, for a host that lacks it. It is no program of QEMU's, so it goes on
 * with the host's own C library. Returns the files taken.
 */
export async function gatherUsernetLibraries(usernet: string, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const libraries = await librariesOf(usernet, SLIRP);
  const taken = [...libraries.set('libslirp.so.0', SLIRP)].filter(([name]) => !EVERYWHERE.test(name));
  for (const [name, file] of taken) await copyFile(file, join(folder, name));
  return taken.map(([, file]) => file);
}
