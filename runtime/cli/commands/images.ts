// kittiwake images: the prebuilt images that came with the installation.
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { EXIT } from '../errors.ts';
import { prebuiltImages } from '../install.ts';
import { table } from '../table.ts';

const HELP = `List the prebuilt images.

Usage: kittiwake images [--json]

Run one by its name: kittiwake run hello.hvt

Examples:
  kittiwake images
  kittiwake images --json
`;

export const images: Command = {
  name: 'images',
  summary: 'list the prebuilt images',
  help: HELP,
  options: ['--json', '--help'],
  run(args, { out, install }) {
    const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean' } } });
    const list = prebuiltImages(install);
    if (values.json) {
      out(`${JSON.stringify(list)}\n`);
      return EXIT.ok;
    }
    out(
      table(
        ['IMAGE', 'TENDER', 'BYTES', 'DEVICES'],
        list.map(({ file, abi, size, devices }) => [
          file,
          abi,
          String(size),
          devices.map(({ name }) => name).join(' ') || '-',
        ]),
      ),
    );
    return EXIT.ok;
  },
};
