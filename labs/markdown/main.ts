#!/usr/bin/env node
// kittiwake-labs: runs the shell fences of Markdown and MDX pages in fresh VMs, compares what they print with what the pages show.
import './older-node.ts';
import { statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Handbook } from '../cli/handbook.ts';
import { runLabs } from '../cli/main.ts';
import { askedFor, OPTIONS, optionsHelp } from '../cli/options.ts';
import { LabError } from '../runner/lab.ts';
import { readText, writeWhole } from '../runner/text.ts';
import { VmError } from '../vm/errors.ts';
import { packagesOf, pagesSnapshot } from './machine.ts';
import { parsePage, type Page } from './page.ts';
import { promote } from './promote.ts';

const ALL_OPTIONS = {
  ...OPTIONS,
  install: {
    type: 'string',
    value: 'FOLDER',
    help: 'a tree that the VMs find under /usr/local: bin, lib, share',
  },
  packages: { type: 'string', value: 'A,B', help: 'Debian packages that the VMs have besides their own' },
  evidence: {
    type: 'string',
    value: 'FOLDER',
    default: join('build', 'labs'),
    help: 'where results.json, flakes.json and control.json are left (default: build/labs)',
  },
} as const;

const HELP = `Run the commands of a Markdown or MDX handbook, in fresh Debian VMs, and compare
what they print with what its pages show.

Usage: kittiwake-labs [OPTIONS] PAGE...

Each shell fence of a PAGE is run (sh, bash, shell, console), each page in a VM
of its own. What a page shows in an output fence is compared. A fence that
cannot be run says so: skip="reason". README.md has all of it.

Options:
${optionsHelp(ALL_OPTIONS)}

Examples:
  kittiwake-labs docs/*.md
  kittiwake-labs --packages jq,git --install build/tree docs/*.mdx
  kittiwake-labs --record docs/install.md
  kittiwake-labs --repeat 20 docs/*.md

Exit status: 0 all is well; 1 a page is wrong, or there is no VM.
`;

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({ options: ALL_OPTIONS, allowPositionals: true });
  if (values.help) {
    console.log(HELP.trimEnd());
    return true;
  }
  const asked = askedFor(values);
  if (positionals.length === 0) throw new LabError('no pages; name some, as kittiwake-labs docs/*.md');
  const root = process.cwd();
  const pages = await Promise.all(
    [...new Set(positionals.map((given) => relative(root, resolve(given))))].map(async (file) => {
      if (!statSync(file, { throwIfNoEntry: false })?.isFile())
        throw new LabError(`${file}: there is no such page; give Markdown or MDX files`);
      return parsePage(file, await readText(file));
    }),
  );
  const packages = values.packages === undefined ? [] : packagesOf(values.packages);
  const handbook: Handbook = {
    root,
    evidence: resolve(values.evidence),
    snapshot: () => pagesSnapshot({ install: values.install, packages }),
    images: () => Promise.resolve({}),
    async record({ file }, recording) {
      const source = await readText(file);
      const next = promote(file, source, recording);
      if (next !== source) await writeWhole(file, next);
    },
    hints: ({ file }) => [`to see it again:  kittiwake-labs ${file}`],
  };
  const labs = pages.filter(({ lab }) => lab.parts.length > 0);
  if (labs.length === 0) throw new LabError(`${positionals.join(', ')}: no command to run; name other pages`);
  tellSkipped(pages);
  return runLabs(handbook, labs, asked);
}

/** A reader takes what is not run for as good as the rest, so it is told each time. */
function tellSkipped(pages: readonly Page[]): void {
  for (const { lab, skipped } of pages)
    for (const { line, reason } of skipped) console.error(`${lab.file}:${line}: not run: ${reason}`);
}

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  // An orderly end: the machines go with it.
  process.once(signal, () => process.exit(128 + number));
}

main().then(
  (well) => (process.exitCode = well ? 0 : 1),
  (error: unknown) => {
    const known =
      error instanceof LabError || error instanceof VmError || process.env['KITTIWAKE_DEBUG'] === undefined;
    console.error(`kittiwake-labs: ${known ? (error as Error).message : String((error as Error).stack)}`);
    process.exitCode = 1;
  },
);
