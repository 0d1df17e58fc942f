// What `npm pack` in labs/ packs: the command kittiwake-labs as one file of JavaScript, and the files it makes VMs from.
import { chmod, copyFile, cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';
import { root } from './setup/root.ts';

const HELP = `Build what the package kittiwake-labs consists of, in labs/build.

Usage: npm run labs-package

'npm pack' in labs/ does it by itself.
`;

const labs = join(root, 'labs');
const target = join(labs, 'build');

async function build(): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target);
  const bundled = await rolldown({
    input: join(labs, 'markdown', 'main.ts'),
    platform: 'node',
    // What says that something is not taken along that is there at run time, or the other way round.
    onLog: (level, { message }) => {
      if (level === 'warn') throw new Error(message);
    },
  });
  const program = join(target, 'kittiwake-labs.mjs');
  await bundled.write({ file: program, format: 'esm', minify: false, codeSplitting: false });
  await bundled.close();
  await chmod(program, 0o755);
  // Beside the program, which looks for them in its own folder.
  for (const folder of ['vm', 'runner']) {
    for (const entry of await readdir(join(labs, folder), { withFileTypes: true })) {
      if (/\.(?:ts|md)$/.test(entry.name)) continue;
      await cp(join(labs, folder, entry.name), join(target, entry.name), { recursive: true });
    }
  }
  await copyFile(join(root, 'LICENSE'), join(target, 'LICENSE'));
}

const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
if (values.help) console.log(HELP.trimEnd());
else {
  await build();
  console.error('kittiwake-labs is in labs/build');
}
