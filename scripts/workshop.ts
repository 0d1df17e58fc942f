// npm run workshop: one machine serves a room: the handbook, and a lab machine for each attendee.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildRuntime } from './runtime.ts';
import { root } from './setup/root.ts';
import { siteFolder } from './site/build.ts';
import { buildSite, packSite } from './site.ts';
import { labSnapshot } from './vm.ts';
import { askedOf, WORKSHOP_OPTIONS, WORKSHOP_OPTIONS_HELP } from './workshop/options.ts';
import { serveWorkshop } from './workshop/serve.ts';

const HELP = `Serve a workshop: many attendees on a network, each with a lab machine of their own.

Usage: npm run workshop [-- OPTIONS]

Attendees open the handbook in a browser, join by a code, and run its steps in
virtual machines on this machine. The presenter sees where everybody is and who is
stuck, on this machine alone. Nothing of it needs the Internet.

Options:
${WORKSHOP_OPTIONS_HELP}

Examples:
  npm run workshop
  npm run workshop -- --listen 192.168.1.20 --seats 8
  npm run workshop -- --listen 192.168.1.20 --name workshop.example --port 80

Stop it with Ctrl-C.
`;

/** Of spt, which runs everywhere. */
const IMAGE = join(root, 'fixtures', 'images', 'website.spt');

const { values } = parseArgs({ options: { help: { type: 'boolean' }, ...WORKSHOP_OPTIONS } });
if (values.help) console.log(HELP.trimEnd());
else {
  const asked = askedOf(values);
  const runtime = await buildRuntime();
  await buildSite();
  await serveWorkshop(
    { runtime, image: IMAGE, pages: siteFolder, archive: () => packSite() },
    {
      folder: join(root, 'labs'),
      readers: join(root, 'build', 'labs', 'workshop'),
      snapshot: () => labSnapshot(),
    },
    asked,
  );
}
