// npm start: sets up, builds, and serves the handbook, by the unikernel it is about.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildRuntime } from './runtime.ts';
import { root } from './setup/root.ts';
import type { Served } from './site/server.ts';
import { serveUnikernel } from './site/unikernel.ts';
import { buildSite, packSite, serveSite } from './site.ts';

const HELP = `Build the handbook and the runtime it documents, and serve the handbook.

Usage: npm start [-- OPTIONS]

It is served by the unikernel 'website', which needs no privilege for it; where
that does not work, by a plain server, which then says why.

Options:
  --port N   serve on this port of 127.0.0.1 (default 4321)
  --plain    serve by the plain server

Stop it with Ctrl-C.
`;

/** Of spt, which runs everywhere. */
const IMAGE = join(root, 'fixtures', 'images', 'website.spt');

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    port: { type: 'string', default: '4321' },
    plain: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP.trimEnd());
else await start(values.port, values.plain);

async function start(port: string, plain: boolean): Promise<void> {
  const runtime = await buildRuntime();
  await buildSite();
  const { url, by } = await serve(runtime, port, plain);
  console.log(`
The handbook is at ${url}, served by ${by}

To run its labs yourself, in another terminal:
  npm run vm -- shell     a terminal in the lab VM, where every command of the handbook works
  npm run labs            every command of the handbook, in fresh VMs, checked
`);
}

async function serve(
  runtime: string,
  port: string,
  plain: boolean,
): Promise<Pick<Served, 'url'> & { by: string }> {
  const number = /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN;
  if (plain) return { ...(await serveSite({ port: number })), by: 'a plain server' };
  try {
    const archive = await packSite();
    const args = ['--no-access-log'];
    const at = { port: number };
    const { url, ended } = await serveUnikernel({ runtime, image: IMAGE, archive, at, args });
    // Without it there is nothing left to serve.
    void ended.then((words) => {
      console.error(words);
      process.exit(1);
    });
    return { url, by: 'the unikernel website' };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const served = await serveSite({ port: number });
    return { url: served.url, by: `a plain server, because ${why}` };
  }
}
