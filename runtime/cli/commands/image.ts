// kittiwake image
import type { Command } from '../command.ts';
import { group } from '../group.ts';

export const image: Command = {
  ...group(
    'image',
    [
      {
        name: 'list',
        summary: 'list the prebuilt images, or those that kittiwaked has',
        load: async () => (await import('./image-list.ts')).imageList,
      },
      {
        name: 'inspect',
        summary: 'show which tender and devices an image wants',
        load: async () => (await import('./image-inspect.ts')).imageInspect,
      },
      {
        name: 'get',
        summary: "write the image of one of kittiwaked's unikernels to a file",
        load: async () => (await import('./image-get.ts')).imageGet,
      },
    ],
    `Images: prebuilt ones came with the installation, others are files, and
kittiwaked keeps those of its unikernels.`,
    `Examples:
  kittiwake image list
  kittiwake image inspect netcheck.hvt
  sudo kittiwake image get web -o web.spt
`,
  ),
  takesImage: true,
};
