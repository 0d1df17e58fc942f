// npm run bundle: the handbook with everything to run its labs, as one folder for a machine without a network.
import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { pack } from './bundle/archive.ts';
import { makeBundle } from './bundle/make.ts';
import { tryBundle } from './bundle/trial.ts';
import { step } from './setup/step.ts';

const HELP = `Make the offline bundle: one folder with the handbook, its search, the images, the
runtime, the lab VM and QEMU, for another Debian machine without a network.

Usage: npm run bundle [-- --archive] [--try]

It is left in build/bundle/kittiwake-VERSION-x86_64; the command to start there is
./kittiwake-handbook, and README.txt is for who gets it.

Options:
  --archive  also pack it to one file beside it, .tar.zst
  --try      try it: serve the pages and run a lab out of it, where there is no
             network and nothing of this machine but its kernel

Examples:
  npm run bundle
  npm run bundle -- --archive
  npm run bundle -- --try
  cp -r build/bundle/kittiwake-*-x86_64 /media/stick/
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { help: { type: 'boolean' }, archive: { type: 'boolean' }, try: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(HELP.trimEnd());
    return;
  }
  const { folder, bytes } = await makeBundle();
  const megabytes = (size: number): string => `${(size / 1e6).toFixed(0)} MB`;
  console.log(`${relative('.', folder)}: ${megabytes(bytes)}`);
  if (values.try) await tryBundle(folder);
  if (values.archive) {
    const file = await step('archive', () => pack(folder));
    console.log(`${relative('.', file)}: ${megabytes((await stat(file)).size)}`);
  }
}

await main();
