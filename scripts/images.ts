// npm run images: builds the prebuilt images of fixtures/images from runtime/, or proves that they are what it builds.
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildUnikernel, unikernels, type Image } from './images/build.ts';
import { fixturesFolder } from './images/paths.ts';
import { differences, toolchain, type Toolchain } from './images/toolchain.ts';
import { ensurePackages } from './setup/packages.ts';
import { step } from './setup/step.ts';

const HELP = `Build the prebuilt images of fixtures/images.

Usage: npm run images [-- --verify]

Options:
  --verify   build them anew in a temporary folder and compare byte for byte with
             those of fixtures/images, which stay as they are

Examples:
  npm run images
  npm run images -- --verify
`;

interface Index {
  readonly images: readonly Image[];
  readonly toolchain: Toolchain;
}

const INDEX = 'index.json';

/** Builds every unikernel in `folder`; the images and their index are left there. */
async function build(folder: string): Promise<Index> {
  const images: Image[] = [];
  for (const name of await unikernels()) {
    images.push(...(await step(`${name} built`, () => buildUnikernel(name, folder))));
  }
  const index = { images, toolchain: await toolchain() };
  await writeFile(join(folder, INDEX), `${JSON.stringify(index, null, 2)}\n`);
  return index;
}

/** What lies in fixtures/images though none of `images` is called so. */
async function leftOvers(images: readonly Image[]): Promise<string[]> {
  const names = await readdir(fixturesFolder);
  return names.filter((name) => name !== INDEX && !images.some(({ file }) => file === name)).sort();
}

/**
 * Replaces fixtures/images; each file by a rename, the index last and only then what it no longer names, so that it never
 * names what is not there.
 */
async function update(folder: string): Promise<void> {
  const { images } = await build(folder);
  await mkdir(fixturesFolder, { recursive: true });
  for (const name of [...images.map(({ file }) => file), INDEX]) {
    const next = join(fixturesFolder, `.${name}.next`);
    await writeFile(next, await readFile(join(folder, name)), { flush: true });
    await rename(next, join(fixturesFolder, name));
  }
  for (const name of await leftOvers(images)) await rm(join(fixturesFolder, name));
  for (const { file, size, sha256 } of images) console.log(`${sha256.slice(0, 12)}  ${size}  ${file}`);
}

/** The index of fixtures/images. @throws Error that says what to do, where there is none. */
async function recordedIndex(): Promise<Index> {
  try {
    return JSON.parse(await readFile(join(fixturesFolder, INDEX), 'utf8')) as Index;
  } catch (cause) {
    throw new Error(`fixtures/images/${INDEX} cannot be read; 'npm run images' makes it`, { cause });
  }
}

/** @throws Error that names every file that is not what the sources build, and what may be the cause. */
async function verify(folder: string): Promise<void> {
  const recorded = await recordedIndex();
  const built = await build(folder);
  const wrong: string[] = [];
  for (const name of [...built.images.map(({ file }) => file), INDEX]) {
    const mine = await readFile(join(folder, name));
    const theirs = await readFile(join(fixturesFolder, name)).catch(() => undefined);
    if (theirs === undefined) wrong.push(`fixtures/images/${name} is missing`);
    else if (!mine.equals(theirs)) wrong.push(`fixtures/images/${name} is not what runtime/ builds`);
  }
  wrong.push(...(await leftOvers(built.images)).map((name) => `fixtures/images/${name} is built by nothing`));
  if (wrong.length === 0) {
    console.log(`${built.images.length} images are byte for byte what runtime/ builds`);
    return;
  }
  const causes = differences(recorded.toolchain, built.toolchain);
  const remedy =
    causes.length > 0 ? `the toolchain differs: ${causes.join('; ')}` : `'npm run images' builds them anew`;
  throw new Error(`${wrong.join('\n')}\n${remedy}`);
}

const { values } = parseArgs({ options: { help: { type: 'boolean' }, verify: { type: 'boolean' } } });
if (values.help) console.log(HELP.trimEnd());
else {
  await ensurePackages('images');
  const folder = await mkdtemp(join(tmpdir(), 'kittiwake-images-'));
  try {
    await (values.verify ? verify(folder) : update(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
