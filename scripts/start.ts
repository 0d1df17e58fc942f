// npm start: sets up, builds, and serves the handbook, by the unikernel it is about.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildRuntime } from './runtime.ts';
import { root } from './setup/root.ts';
import { siteFolder } from './site/build.ts';
import { serveHandbook, serveWithLabs } from './site/handbook.ts';
import { buildSite, packSite } from './site.ts';
import { labSnapshotBeside } from './vm.ts';

const HELP = `Build the handbook and the runtime it documents, and serve the handbook.

Usage: npm start [-- OPTIONS]

It is served by the unikernel 'website', which needs no privilege for it; where
that does not work, by a plain server, which then says why.

Beside it is the lab server: with the address that is printed, the pages can run
each step in a virtual machine of your own. The machine is made when you first
need it.

Options:
  --port N   serve on this port of 127.0.0.1 (default 4321)
  --plain    serve by the plain server
  --no-lab   no lab server: the pages only show the steps

Stop it with Ctrl-C.
`;

/** Of spt, which runs everywhere. */
const IMAGE = join(root, 'fixtures', 'images', 'website.spt');

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    port: { type: 'string', default: '4321' },
    plain: { type: 'boolean', default: false },
    'no-lab': { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP.trimEnd());
else await start(portOf(values.port), values.plain, !values['no-lab']);

function portOf(text: string): number {
  return /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
}

async function start(port: number, plain: boolean, lab: boolean): Promise<void> {
  const runtime = await buildRuntime();
  await buildSite();
  const files = { runtime, image: IMAGE, pages: siteFolder, archive: () => packSite() };
  const labs = {
    folder: join(root, 'labs'),
    readers: join(root, 'build', 'labs', 'readers'),
    snapshot: labSnapshotBeside,
  };
  const { url, by } = await (lab
    ? serveWithLabs(files, labs, port, plain)
    : serveHandbook(files, port, plain));
  console.log(`
The handbook is at ${url}, served by ${by}
${lab ? '\nOpened by this address, its pages run each step in a virtual machine of your own.\n' : ''}
To run its labs yourself, in another terminal:
  npm run vm -- shell     a terminal in the lab VM, where every command of the handbook works
  npm run labs            every command of the handbook, in fresh VMs, checked

For a workshop with others on your network, start this instead:  npm run workshop
`);
}
