// npm run setup: everything the project needs on this machine, at once, for whoever goes offline next.
import { parseArgs } from 'node:util';
import { ensurePackages } from './setup/packages.ts';

const HELP = `Install everything the project needs: npm packages, and the Debian packages of the runtime, images, labs and tests.

Usage: npm run setup

It shows the list of missing packages before it installs them and does nothing when none is missing. 'npm start' and
'npm test' do this by themselves; this is for a machine that goes offline afterwards.
`;

const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
if (values.help) console.log(HELP.trimEnd());
else {
  await ensurePackages('runtime', 'images', 'labs', 'tests');
  console.log('setup: everything is installed');
}
