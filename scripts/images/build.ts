// One unikernel, for each ABI, from its sources to the bytes of its image.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { root } from '../setup/root.ts';
import { linkImage } from './link.ts';
import { notesSource, readManifest, type Abi, type Device } from './manifest.ts';
import { compileModule, featuresOf, translateModule } from './module.ts';
import { guestFolder, tenderFolder, unikernelsFolder } from './paths.ts';

export interface Image {
  /** Its name among the prebuilt images, as hello.hvt. */
  readonly file: string;
  readonly abi: Abi;
  readonly size: number;
  readonly sha256: string;
  readonly devices: readonly Device[];
  /** sha256 of what it was built from; a folder's is that of its files' names and contents. */
  readonly inputs: Readonly<Record<string, string>>;
}

const ABIS: readonly Abi[] = ['hvt', 'spt'];

/** The unikernels there are: the folders of runtime/unikernels. */
export async function unikernels(): Promise<string[]> {
  const entries = await readdir(unikernelsFolder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function folderDigest(folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  const lines = await Promise.all(
    files.map(async (file) => `${sha256(await readFile(join(folder, file)))}  ${file}\n`),
  );
  return sha256(lines.join(''));
}

/** Builds the unikernel `name` in `folder`, which must be empty; its images are left there. */
export async function buildUnikernel(name: string, folder: string): Promise<Image[]> {
  const source = join(unikernelsFolder, name);
  const devices = await readManifest(join(source, 'manifest.json'));
  const inputs = {
    'runtime/guest': await folderDigest(guestFolder),
    'runtime/libos': await folderDigest(join(root, 'runtime', 'libos')),
    'runtime/tender/abi.h': sha256(await readFile(join(tenderFolder, 'abi.h'))),
    [`runtime/unikernels/${name}`]: await folderDigest(source),
  };
  const wasm = join(folder, `${name}.wasm`);
  await compileModule(`runtime/unikernels/${name}/main.ts`, wasm);
  const features = await featuresOf(wasm);
  const images: Image[] = [];
  for (const abi of ABIS) {
    const work = join(folder, `${name}-${abi}`);
    await mkdir(work);
    const names = await translateModule(wasm, work);
    await writeFile(join(work, 'notes.c'), notesSource(abi, devices, features));
    const file = `${name}.${abi}`;
    await linkImage(work, abi, names, join(folder, file));
    const bytes = await readFile(join(folder, file));
    images.push({ file, abi, size: bytes.length, sha256: sha256(bytes), devices, inputs });
  }
  return images;
}
