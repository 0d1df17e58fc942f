// Builds an image from a test's own program, as the image builder builds a unikernel.
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkImage } from '../../scripts/images/link.ts';
import { notesSource, type Abi, type Device } from '../../scripts/images/manifest.ts';
import { compileModule, featuresOf, translateModule } from '../../scripts/images/module.ts';

/** The image of test/guest/programs/`program`.ts that declares `devices`, in a folder that the caller removes. */
export async function buildProgram(
  program: string,
  abi: Abi = 'spt',
  devices: readonly Device[] = [],
): Promise<{ image: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'kittiwake-guest-'));
  const wasm = join(folder, 'module.wasm');
  await compileModule(`test/guest/programs/${program}.ts`, wasm);
  const work = join(folder, 'work');
  await mkdir(work);
  const names = await translateModule(wasm, work);
  await writeFile(join(work, 'notes.c'), notesSource(abi, devices, await featuresOf(wasm)));
  const image = join(folder, `${program}.${abi}`);
  await linkImage(work, abi, names, image);
  return { image, folder };
}
