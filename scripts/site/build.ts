// Builds the pages, unless they are built from exactly these inputs already.
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { $ } from 'zx';
import { exclusively } from '../setup/exclusive.ts';
import { root } from '../setup/root.ts';
import { step } from '../setup/step.ts';
import { writeSearch } from './search.ts';

/** Where the pages are. */
export const siteFolder = join(root, 'build', 'site');

/** The digest of what the pages in `siteFolder` were built from. */
const stamp = join(root, 'build', 'site.digest');

/** Everything the pages are made from; what is not there counts as empty. */
const INPUTS = [
  'astro.config.mjs',
  'ec.config.mjs',
  'package-lock.json',
  'src',
  'public',
  'labs',
  'build/labs/results.json',
];

/** Of Astro's log, enough to hold an error with its place. */
const LOG_LINES = 30;

async function filesOf(path: string): Promise<string[]> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return [];
  if (found.isFile()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** sha256 over the names and contents of all inputs. */
async function inputsDigest(): Promise<string> {
  const files = (await Promise.all(INPUTS.map((input) => filesOf(join(root, input))))).flat().sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const content = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    hash.update(`${relative(root, file)}\0${content}\n`);
  }
  return hash.digest('hex');
}

/** Astro's last words, without the stack of its own insides and the noise of every build. */
function complaint(log: string): string {
  const lines = log
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s+at |MODULE_LEVEL_DIRECTIVE/.test(line));
  const error = lines.findIndex((line) => line.includes('[ERROR]'));
  return (error < 0 ? lines.slice(-LOG_LINES) : lines.slice(error, error + LOG_LINES)).join('\n');
}

/** Builds the pages if anything they are made from has changed; who comes meanwhile waits. @throws Error with what Astro said. */
export function buildSite(): Promise<void> {
  return exclusively(`${siteFolder}.lock`, build);
}

async function build(): Promise<void> {
  const digest = await inputsDigest();
  if (existsSync(siteFolder) && (await readFile(stamp, 'utf8').catch(() => '')) === digest) return;
  await step('handbook built', async () => {
    const next = `${siteFolder}.next`;
    const { exitCode, stdall } = await $({
      cwd: root,
      quiet: true,
      nothrow: true,
      env: { ...process.env, NO_COLOR: '1', ASTRO_TELEMETRY_DISABLED: '1' },
    })`${join(root, 'node_modules', '.bin', 'astro')} build --outDir ${next}`;
    if (exitCode !== 0) throw new Error(`astro build failed:\n${complaint(stdall)}`);
    await writeSearch(next);
    // From here until the stamp is written nobody may take the folder for built.
    await rm(stamp, { force: true });
    await rm(siteFolder, { recursive: true, force: true });
    await rename(next, siteFolder);
    await writeFile(stamp, digest);
  });
}
