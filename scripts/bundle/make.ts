// Makes the bundle: one folder with everything, which appears whole or not at all.
import { cp, mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { $ } from 'zx';
import { makeScratch, removeScratch } from '../../labs/vm/scratch.ts';
import { buildRuntime, bundle } from '../runtime.ts';
import { exclusively } from '../setup/exclusive.ts';
import { ensurePackages } from '../setup/packages.ts';
import { root } from '../setup/root.ts';
import { step } from '../setup/step.ts';
import { buildSite, siteFolder } from '../site/build.ts';
import { packFolder, packingTime } from '../site/pack.ts';
import { VM_FILES, type Contents } from './carried/files.ts';
import { gatherUsernetLibraries } from './libraries.ts';
import { writeLicences } from './licences.ts';
import { gatherMachine, insideDisk } from './machine.ts';
import { writeProgram } from './program.ts';
import { gatherQemu } from './qemu.ts';
import { readme } from './readme.ts';
import { seal } from './seal.ts';

export interface Bundle {
  readonly folder: string;
  readonly bytes: number;
}

/** What a bundle takes with its parts that are only there while it is made. */
const ROOM_BYTES = 4 * 2 ** 30;

const bundles = join(root, 'build', 'bundle');

/** Makes the bundle anew and returns where it is. @throws Error that says what is missing */
export async function makeBundle(): Promise<Bundle> {
  if (process.arch !== 'x64')
    throw new Error(
      `a bundle holds programs of the machine that makes it, and of ${process.arch} there is no lab VM; make it on x86_64`,
    );
  await ensurePackages('runtime', 'labs', 'images');
  await mkdir(bundles, { recursive: true });
  return exclusively(join(root, 'build', 'bundle.lock'), make);
}

async function make(): Promise<Bundle> {
  const { bavail, bsize } = await statfs(bundles);
  if (bavail * bsize < ROOM_BYTES)
    throw new Error(
      `${bundles}: only ${(bavail * bsize) / 1e9} GB are free, and a bundle takes 4 while it is made; make room`,
    );
  const runtime = await buildRuntime();
  await buildSite();
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const folder = join(bundles, `kittiwake-${version}-x86_64`);
  const next = `${folder}.next`;
  // Left by one that was killed.
  await rm(next, { recursive: true, force: true });
  await mkdir(next, { recursive: true });
  try {
    const modified = await packingTime();
    await step('site and labs', async () => {
      await cp(siteFolder, join(next, 'site'), { recursive: true });
      await packFolder(siteFolder, join(next, 'site.tar'));
      await copyLabs(join(next, 'labs'));
    });
    await step('runtime', () => cp(runtime, join(next, 'runtime'), { recursive: true }));
    const modules = await step('command', async () => [
      ...(await writeProgram(next)),
      ...(await runtimeModules(version)),
    ]);
    const files = await step('QEMU', async () => [
      ...(await gatherQemu(join(next, 'qemu'))),
      ...(await gatherUsernetLibraries(
        join(runtime, 'bin', 'kittiwake-usernet'),
        join(next, 'lib', 'usernet'),
      )),
    ]);
    const snapshot = await step('lab VM', () => gatherMachine(join(next, 'vm')));
    await step('licences', () =>
      insideDisk(join(next, 'vm', VM_FILES.rootfs), '/usr/share/doc', (inside, status) =>
        writeLicences(join(next, 'licences'), files, { status, doc: join(inside, 'doc') }, modules),
      ),
    );
    const commit = await commitHere();
    const contents: Contents = {
      version,
      ...commit,
      vm: { digest: snapshot.digest, qemu: snapshot.qemu, shells: snapshot.shells },
      images: await images(runtime),
    };
    await writeFile(join(next, 'bundle.json'), `${JSON.stringify(contents, null, 2)}\n`);
    await writeFile(join(next, 'README.txt'), readme(version, commit.commit));
    const bytes = await step('digests', () => seal(next, modified));
    await $({ quiet: true })`sync --file-system ${next}`;
    await rm(folder, { recursive: true, force: true });
    await rename(next, folder);
    return { folder, bytes };
  } finally {
    await rm(next, { recursive: true, force: true });
  }
}

/** The files of ours and of others that are in the runtime's programs. */
async function runtimeModules(version: string): Promise<string[]> {
  const folder = await makeScratch('modules');
  const chunks = await bundle(folder, version);
  await removeScratch(folder);
  return chunks.flatMap(({ moduleIds }) => moduleIds);
}

/** The labs' scripts and recordings, without what runs them. */
async function copyLabs(to: string): Promise<void> {
  const entries = await readdir(join(root, 'labs'), { recursive: true, withFileTypes: true });
  for (const { parentPath, name } of entries.filter((entry) => /\.(sh|out)$/.test(entry.name))) {
    const from = join(parentPath, name);
    const chapter = parentPath.slice(join(root, 'labs').length + 1);
    if (chapter === '' || chapter.includes('/')) continue;
    const target = join(to, chapter, name);
    await mkdir(dirname(target), { recursive: true });
    await cp(from, target);
  }
}

async function commitHere(): Promise<{ commit: string; dirty: boolean }> {
  const head = await $({ cwd: root, quiet: true, nothrow: true })`git rev-parse HEAD`;
  if (head.exitCode !== 0) return { commit: 'unknown', dirty: true };
  const changed = await $({ cwd: root, quiet: true })`git status --porcelain -- . :!labs/*.json`;
  return { commit: head.stdout.trim(), dirty: changed.stdout !== '' };
}

async function images(runtime: string): Promise<Record<string, string>> {
  const index = await readFile(join(runtime, 'share', 'kittiwake', 'images', 'index.json'), 'utf8');
  const { images } = JSON.parse(index) as { images: { file: string; sha256: string }[] };
  return Object.fromEntries(images.map(({ file, sha256 }) => [file, sha256]));
}
