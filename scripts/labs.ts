// npm run labs: runs every part of every lab of the handbook in fresh VMs, and leaves the evidence.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Handbook } from '../labs/cli/handbook.ts';
import { runLabs } from '../labs/cli/main.ts';
import { askedFor, OPTIONS, optionsHelp } from '../labs/cli/options.ts';
import { select } from '../labs/cli/select.ts';
import { checkRecording } from '../labs/runner/lab.ts';
import { readLabs, writeRecording } from '../labs/runner/labs.ts';
import { runtimeTree } from './runtime.ts';
import { root } from './setup/root.ts';
import { labSnapshot } from './vm.ts';

const ALL_OPTIONS = {
  ...OPTIONS,
  publish: {
    type: 'boolean',
    default: false,
    help: 'when all is well on a clean commit, make this run the evidence the handbook shows: labs/*.json',
  },
} as const;

const HELP = `Run labs: every command of the handbook, in fresh VMs, compared with what is recorded.

Usage: npm run labs [-- OPTIONS] [LAB...]

LAB is a name as hvt/hello, or a chapter as hvt; without any, all labs run.
What a run shows is left in build/labs: results.json, flakes.json, control.json;
of labs that failed, console, journal and transcript in build/labs/failed/LAB.

Options:
${optionsHelp(ALL_OPTIONS)}

Examples:
  npm run labs
  npm run labs -- hvt/hello
  npm run labs -- --record networking
  npm run labs -- --from spt --debug hvt/hello
  npm run labs -- --watch hvt/hello
  npm run labs -- --repeat 20 --publish
  npm run labs -- --control --sample 10
`;

const labsFolder = join(root, 'labs');

const handbook: Handbook = {
  root,
  evidence: join(root, 'build', 'labs'),
  published: labsFolder,
  source: { folder: labsFolder, read: () => readLabs(labsFolder) },
  snapshot: () => labSnapshot(),
  async images() {
    const index = join(runtimeTree, 'share', 'kittiwake', 'images', 'index.json');
    const { images } = JSON.parse(await readFile(index, 'utf8')) as {
      images: { file: string; sha256: string }[];
    };
    return Object.fromEntries(images.map(({ file, sha256 }) => [file, sha256]));
  },
  record: ({ id }, recording) => writeRecording(labsFolder, id, recording),
  hints: ({ id }) => [
    `to see it again:  npm run labs -- ${id}`,
    `to look around:   npm run labs -- --debug ${id}`,
  ],
};

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({ options: ALL_OPTIONS, allowPositionals: true });
  if (values.help) {
    console.log(HELP.trimEnd());
    return true;
  }
  const asked = askedFor(values);
  const all = await readLabs(labsFolder);
  const labs = select(all, positionals);
  if (!asked.record && !asked.list) for (const { lab, recording } of labs) checkRecording(lab, recording);
  // What --control found of other labs stays.
  if (asked.publish && !asked.control && (labs.length < all.length || asked.record))
    throw new Error('--publish: only with all labs, compared (without LAB and --record), or with --control');
  return runLabs(handbook, labs, asked);
}

process.exitCode = (await main()) ? 0 : 1;
