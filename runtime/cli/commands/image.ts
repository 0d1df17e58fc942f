// kittiwake image
import type { Command } from '../command.ts';
import { noneOf } from '../group.ts';
import { imageGet } from './image-get.ts';
import { imageInspect } from './image-inspect.ts';
import { imageList } from './image-list.ts';

const COMMANDS: readonly Command[] = [imageList, imageInspect, imageGet];

export const image: Command = {
  name: 'image',
  summary: 'list images, show what one wants, get one from kittiwaked',
  help: `Images: prebuilt ones came with the installation, others are files, and
kittiwaked keeps those of its unikernels.

Usage: kittiwake image COMMAND [ARGUMENTS]

Commands:
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  kittiwake image COMMAND --help   shows a command's options and examples

Examples:
  kittiwake image list
  kittiwake image inspect netcheck.hvt
  sudo kittiwake image get web -o web.spt
`,
  options: [...COMMANDS.map(({ name }) => name), '--help'],
  commands: COMMANDS,
  takesImage: true,
  run: noneOf('image'),
};
