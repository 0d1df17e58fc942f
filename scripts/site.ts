// npm run site: builds the handbook, and serves it on this machine only.
import { createHash } from 'node:crypto';
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { preview } from 'astro';
import { $ } from 'zx';
import { root } from './setup/root.ts';
import { step } from './setup/step.ts';

const HELP = `Build the handbook, or build and serve it.

Usage: npm run site [-- --serve [--port N]]

Options:
  --serve    serve it at 127.0.0.1 after building
  --port N   the port to serve at (default 4321)

The pages are in build/site.
`;

const site = join(root, 'build', 'site');
const stamp = join(root, 'build', 'site.digest');

/** Everything the pages are made from. */
const INPUTS = [
  'astro.config.mjs',
  'ec.config.mjs',
  'package-lock.json',
  'src',
  'public',
  'labs',
  'build/labs',
];

/** sha256 over the names and contents of all inputs. */
async function inputsDigest(): Promise<string> {
  const files: string[] = [];
  for (const input of INPUTS) {
    const path = join(root, input);
    const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined);
    if (!entries) files.push(path);
    else
      files.push(
        ...entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)),
      );
  }
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    const content = await readFile(file).catch(() => Buffer.alloc(0)); // build/labs may not be there
    hash.update(`${relative(root, file)}\0${createHash('sha256').update(content).digest('hex')}\n`);
  }
  return hash.digest('hex');
}

/** Builds the pages if anything they are made from has changed. @throws Error with what Astro said. */
export async function buildSite(): Promise<void> {
  const digest = await inputsDigest();
  if ((await readFile(stamp, 'utf8').catch(() => '')) === digest) return;
  await step('handbook built', async () => {
    await rm(stamp, { force: true });
    const next = `${site}.next`;
    const astro = join(root, 'node_modules', '.bin', 'astro');
    const { exitCode, stdall } = await $({
      cwd: root,
      quiet: true,
      nothrow: true,
      env: { ...process.env, NO_COLOR: '1' },
    })`${astro} build --outDir ${next}`;
    if (exitCode !== 0)
      throw new Error(`astro build failed:\n${stdall.trim().split('\n').slice(-40).join('\n')}`);
    await rm(site, { recursive: true, force: true });
    await rename(next, site);
    await writeFile(stamp, digest);
  });
}

/** Serves build/site at 127.0.0.1:`port`. @throws Error that names the port when it is taken. */
export async function serveSite({
  port,
}: {
  port: number;
}): Promise<{ url: string; stop: () => Promise<void> }> {
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Error(`--port ${port}: give a number from 1 to 65535`);
  }
  try {
    const server = await preview({ root, logLevel: 'silent', server: { host: '127.0.0.1', port } });
    return { url: `http://127.0.0.1:${server.port}/`, stop: () => server.stop() };
  } catch (error) {
    const taken = error instanceof Error && /already in use|EADDRINUSE/i.test(error.message);
    if (!taken) throw error;
    throw new Error(
      `port ${port} of 127.0.0.1 is in use; choose another with --port, as --port ${port + 1}`,
      {
        cause: error,
      },
    );
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      serve: { type: 'boolean' },
      port: { type: 'string', default: '4321' },
    },
  });
  if (values.help) {
    console.log(HELP.trimEnd());
    return;
  }
  await buildSite();
  if (!values.serve) return;
  const { url } = await serveSite({ port: Number(values.port) });
  console.log(`The handbook is at ${url}`);
}

if (import.meta.main) await main();
