// npm start: sets up, builds, and serves the handbook.
import { parseArgs } from 'node:util';
import { buildRuntime } from './runtime.ts';
import { buildSite, serveSite } from './site.ts';

const HELP = `Build the handbook and the runtime it documents, and serve the handbook.

Usage: npm start [-- --port N]

Options:
  --port N   serve on this port of 127.0.0.1 (default 4321)

Stop it with Ctrl-C.
`;

const { values } = parseArgs({
  options: { help: { type: 'boolean' }, port: { type: 'string', default: '4321' } },
});
if (values.help) console.log(HELP.trimEnd());
else await start(Number(values.port));

async function start(port: number): Promise<void> {
  await buildRuntime();
  await buildSite();
  const { url } = await serveSite({ port });
  console.log(`
The handbook is at ${url}

To run its labs yourself, in another terminal:
  npm run vm -- shell     a terminal in the lab VM, where every command of the handbook works
  npm run labs            every command of the handbook, in fresh VMs, checked
`);
}
