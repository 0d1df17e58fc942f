// npm run site: builds the handbook, serves it on this machine, packs it, serves it from a unikernel, tests it in a browser.
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildRuntime } from './runtime.ts';
import { ensurePackages } from './setup/packages.ts';
import { root } from './setup/root.ts';
import { testServed, testUnikernel, whyNoNamespace } from './site/browser-tests.ts';
import { buildSite, siteFolder } from './site/build.ts';
import { packFolder } from './site/pack.ts';
import { serveFolder, type Served } from './site/server.ts';
import { serveUnikernel } from './site/unikernel.ts';

const HELP = `Build the handbook; serve it, pack it, or test it.

Usage: npm run site
       npm run site -- --serve [--port N]
       npm run site -- --pack [FILE]
       npm run site -- --unikernel [--net TAP] [--image IMAGE]
       npm run site -- --test [--unikernel] [--image IMAGE]

Options:
  --serve         serve it at 127.0.0.1 until Ctrl-C
  --port N        the port to serve at (default 4321)
  --pack [FILE]   pack it as the archive the image 'website' serves
                  (default build/site.tar)
  --unikernel     pack it and serve it from the image 'website' until Ctrl-C;
                  this makes a tap interface, which takes root or CAP_NET_ADMIN
  --net TAP       use this tap, which is up and has an IPv4 address, instead
  --image IMAGE   an image of another name, or a file
  --test          test it in a browser; with --unikernel, as the image serves it
                  in a network namespace, which takes no privileges

Examples:
  npm run site -- --serve --port 8080
  npm run site -- --pack /tmp/handbook.tar
  npm run site -- --unikernel
  npm run site -- --unikernel --net tap100
  npm run site -- --test --unikernel

The pages are in build/site. They are built again only when something they are made from has changed.
`;

export { buildSite };

/** Where the pages are packed to. */
const archiveFile = join(root, 'build', 'site.tar');

/** Serves the built pages at 127.0.0.1:`port`. @throws Error with a remedy when the port cannot be had. */
export async function serveSite({ port }: { port: number }): Promise<Served> {
  return serveFolder(siteFolder, port);
}

/** Packs the built pages to `file` and says what is in it. */
export async function packSite(file: string = archiveFile): Promise<string> {
  const { files, brotli, gzip, bytes } = await packFolder(siteFolder, file);
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(
    `packed ${relative('.', file)}: ${files} files, ${brotli} of them also by brotli and ${gzip} by gzip; ${size}, checksummed`,
  );
  return file;
}

/**
 * Tests the built pages as the prebuilt `image` serves them.
 * @returns whether they passed, or in words why they could not be tested here
 */
export async function testWebsite(image = 'website'): Promise<boolean | string> {
  const runtime = await buildRuntime();
  const file = image.includes('/') ? resolve(image) : join(root, 'fixtures', 'images', `${image}.spt`);
  if (!existsSync(file))
    throw new Error(`${relative(root, file)}: no such image; build it with 'npm run images'`);
  const reason = whyNoNamespace();
  if (reason !== undefined) return reason;
  return testUnikernel(runtime, file, await packSite());
}

/** Serves the pages by a unikernel until a signal ends us. @throws Error when the unikernel ends by itself. */
async function runUnikernel(image: string, tap: string | undefined): Promise<void> {
  const runtime = await buildRuntime();
  const archive = await packSite();
  const { url, ended } = await serveUnikernel({
    runtime,
    image,
    archive,
    at: tap === undefined ? 'own tap' : { tap },
  });
  console.log(`The handbook is at ${url}, served by the unikernel ${image}; stop it with Ctrl-C`);
  throw new Error(await ended);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      help: { type: 'boolean' },
      serve: { type: 'boolean' },
      port: { type: 'string', default: '4321' },
      pack: { type: 'boolean' },
      unikernel: { type: 'boolean' },
      net: { type: 'string' },
      image: { type: 'string', default: 'website' },
      test: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(HELP.trimEnd());
    return;
  }
  const [file, ...more] = positionals;
  const unknown = values.pack ? more[0] : file;
  if (unknown !== undefined) throw new Error(`'${unknown}': nothing takes it; see npm run site -- --help`);
  await buildSite();
  if (values.pack) await packSite(file === undefined ? archiveFile : resolve(file));
  if (values.test) {
    await ensurePackages('tests');
    const passed = values.unikernel ? await testWebsite(values.image) : await testServed();
    if (typeof passed === 'string') console.log(`skipped: ${passed}`);
    else if (!passed) process.exitCode = 1;
  } else if (values.unikernel) await runUnikernel(values.image, values.net);
  else if (values.serve) {
    const { url } = await serveSite({ port: Number(values.port) });
    console.log(`The handbook is at ${url}`);
  }
}

if (import.meta.main) await main();
