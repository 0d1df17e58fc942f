// kittiwake image inspect: what an image is and which devices it wants, before anybody runs it.
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Device, Image } from '../../image/notes.ts';
import { readImage } from '../image.ts';
import { locate } from '../install.ts';

const HELP = `Show what an image is: its tender, and the devices its manifest wants.

Usage: kittiwake image inspect [--json] IMAGE

IMAGE is a file, or the name of a prebuilt image.

Examples:
  kittiwake image inspect netcheck.hvt
  kittiwake image inspect --json ./website.spt
`;

export const imageInspect: Command = {
  help: HELP,
  options: ['--json', '--help'],
  takesImage: true,
  run(args, { out, install }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { json: { type: 'boolean' } },
      allowPositionals: true,
    });
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) {
      throw new CommandError(
        EXIT.usage,
        `image inspect takes one image; see 'kittiwake image inspect --help'`,
      );
    }
    const image = readImage(locate(name, install) ?? name);
    out(values.json ? `${JSON.stringify(image)}\n` : describe(image));
    return EXIT.ok;
  },
};

function describe({ machine, abi, devices }: Image): string {
  const width = Math.max(...devices.map(({ name }) => name.length));
  const rows =
    devices.length === 0
      ? ['  none']
      : devices.map((device) => `  ${device.name.padEnd(width)}  ${deviceWords(device)}`);
  return [
    `tender   kittiwake-${abi.target} (ABI version ${abi.version}, ${machine})`,
    'devices',
    ...rows,
    '',
  ].join('\n');
}

function deviceWords({ name, type }: Device): string {
  if (type === 'NET_BASIC') return `network, attach with --net:${name}=TAP`;
  if (type === 'BLOCK_BASIC') return `block, attach with --block:${name}=PATH`;
  return type;
}
