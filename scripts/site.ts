// npm run site: builds the handbook, and serves it on this machine only.
import { parseArgs } from 'node:util';
import { buildSite, siteFolder } from './site/build.ts';
import { serveFolder, type Served } from './site/server.ts';

const HELP = `Build the handbook, or build and serve it.

Usage: npm run site [-- --serve [--port N]]

Options:
  --serve    serve it at 127.0.0.1 after building, until Ctrl-C
  --port N   the port to serve at (default 4321)

The pages are in build/site. They are built again only when something they are made from has changed.
`;

export { buildSite };

/** Serves the built pages at 127.0.0.1:`port`. @throws Error with a remedy when the port cannot be had. */
export async function serveSite({ port }: { port: number }): Promise<Served> {
  return serveFolder(siteFolder, port);
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
