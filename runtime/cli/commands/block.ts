// kittiwake block: block devices that kittiwaked keeps for unikernels.
import { parseArgs } from 'node:util';
import type { Command, Context } from '../command.ts';
import {
  ASKING,
  ASKING_HELP,
  ASKING_OPTIONS,
  ASKING_STATUS,
  numberOf,
  operandsOf,
  someOperands,
  type Where,
} from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { group } from '../group.ts';
import { table } from '../table.ts';
import type { Client } from '../../client/socket.ts';
import type { Name } from '../../protocol/name.ts';

const MB = 1 << 20;

/** Loaded when one of them runs. */
async function library() {
  const [asking, blocks, files] = await Promise.all([
    import('../orchestrated.ts'),
    import('../../client/blocks.ts'),
    import('../files.ts'),
  ]);
  return { ...asking, ...blocks, ...files };
}

interface Asked {
  readonly client: Client;
  /** As the server has it. */
  readonly name: Name;
}

/** Asks about the device `word`; what `action` says is said to the person. */
async function about(
  word: string,
  values: Where & { readonly json?: boolean | undefined },
  { out }: Context,
  action: (asked: Asked, lib: Awaited<ReturnType<typeof library>>) => Promise<string>,
): Promise<void> {
  const lib = await library();
  await lib.asking(async () => {
    const client = await lib.clientOf(values);
    const name = await client.whole(lib.deviceName(word));
    const done = await action({ client, name }, lib);
    const called = lib.shownName(name);
    out(values.json ? `${JSON.stringify({ name: called, done })}\n` : `${called}: ${done}\n`);
  });
}

const list: Command = {
  help: `List the block devices at and below a path.

Usage: kittiwake block list [NAME|PATH]

Options:
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake block list
  sudo kittiwake block list team: --json
`,
  options: [...ASKING_OPTIONS],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({ args: [...args], options: ASKING, allowPositionals: true });
    if (positionals.length > 1)
      throw new CommandError(
        EXIT.usage,
        `block list takes one NAME or PATH at most; see 'kittiwake block list --help'`,
      );
    const { asking, blockDevices, clientOf, scopeOf, shownName } = await library();
    const devices = await asking(async () => blockDevices(await clientOf(values), scopeOf(positionals[0])));
    const sorted = devices
      .map(({ name, size, inUse }) => ({ name: shownName(name), size, inUse }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    if (values.json) out(`${JSON.stringify(sorted)}\n`);
    else
      out(
        table(
          ['NAME', 'SIZE', 'IN USE'],
          sorted.map(({ name, size, inUse }) => [name, `${size} MB`, inUse ? 'yes' : 'no']),
        ),
      );
    return EXIT.ok;
  },
};

const add: Command = {
  help: `Make a block device: of nothing but zeros, or with what is in a file at its
beginning. A unikernel gets it by 'kittiwake create --block:DEVICE=NAME'.

Usage: kittiwake block add NAME --size MB
       kittiwake block add NAME [--size MB] --from FILE

Options:
  --size MB           its size in MB (default: so that FILE fits)
  --from FILE         what is on it at first
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake block add data --size 64
  sudo kittiwake block add team:site --from site.tar
`,
  options: ['--size', '--from', ...ASKING_OPTIONS],
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...ASKING, size: { type: 'string' }, from: { type: 'string' } },
    });
    const [word = ''] = operandsOf('block add', ['NAME'], positionals);
    const { from } = values;
    if (values.size === undefined && from === undefined)
      throw new CommandError(EXIT.usage, 'block add: no size given; give --size MB, or --from FILE');
    await about(word, values, context, async ({ client, name }, lib) => {
      const bytes = from === undefined ? 0 : await lib.sizeOf(from);
      const least = Math.max(1, Math.ceil(bytes / MB));
      const size = values.size === undefined ? least : numberOf('--size', values.size);
      if (size < least)
        throw new CommandError(
          EXIT.usage,
          `option '--size': ${from ?? 'a device'} needs ${least} MB at least`,
        );
      const said = lib.expected('text', await lib.addBlock(client, name, size));
      if (from === undefined) return said;
      try {
        const pieces = lib.shown(lib.readPieces(from), word, bytes, context.status);
        return lib.expected('text', await lib.setBlock(client, name, pieces));
      } catch (error) {
        // All of it, or nothing.
        await lib.removeBlock(client, name).catch(() => undefined);
        throw error;
      }
    });
    return EXIT.ok;
  },
};

const set: Command = {
  help: `Put what is in FILE on a block device that no unikernel has, in place of all it
has; zeros follow. The device keeps its size.

Usage: kittiwake block set NAME FILE

Options:
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake block set team:site site.tar
`,
  options: [...ASKING_OPTIONS],
  takesImage: true,
  async run(args, context) {
    const { values, positionals } = parseArgs({ args: [...args], options: ASKING, allowPositionals: true });
    const [word = '', file = ''] = operandsOf('block set', ['NAME', 'FILE'], positionals);
    await about(word, values, context, async ({ client, name }, lib) => {
      const pieces = lib.shown(lib.readPieces(file), word, await lib.sizeOf(file), context.status);
      return lib.expected('text', await lib.setBlock(client, name, pieces));
    });
    return EXIT.ok;
  },
};

const dump: Command = {
  help: `Write all that is on a block device, which no unikernel may have meanwhile, to
FILE. The file is whole or not there.

Usage: kittiwake block dump NAME -o FILE [--force]

Options:
  -o, --output FILE   the file to make
  --force             in place of FILE where it is there already
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake block dump data -o data.img
`,
  options: ['--output', '--force', ...ASKING_OPTIONS],
  takesImage: true,
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...ASKING, output: { type: 'string', short: 'o' }, force: { type: 'boolean' } },
    });
    const [word = ''] = operandsOf('block dump', ['NAME'], positionals);
    const { output } = values;
    if (output === undefined)
      throw new CommandError(EXIT.usage, 'block dump: no file given; write it like -o data.img');
    await about(word, values, context, async ({ client, name }, lib) => {
      const [device] = await lib.blockDevices(client, name);
      if (!device)
        throw new CommandError(
          EXIT.unavailable,
          `block device ${lib.shownName(name)}: there is none; 'kittiwake block list' lists those there are`,
        );
      const pieces = lib.shown(lib.dumpBlock(client, name), word, device.size * MB, context.status);
      await lib.saveFile(output, pieces, { force: values.force ?? false });
      return `${device.size} MB written to ${output}`;
    });
    return EXIT.ok;
  },
};

const rm: Command = {
  help: `Remove block devices that no unikernel has. What is on them is lost.

Usage: kittiwake block rm NAME...

Options:
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake block rm data
`,
  options: [...ASKING_OPTIONS],
  async run(args, context) {
    const { values, positionals } = parseArgs({ args: [...args], options: ASKING, allowPositionals: true });
    for (const word of someOperands('block rm', positionals))
      await about(word, values, context, async ({ client, name }, lib) =>
        lib.expected('text', await lib.removeBlock(client, name)),
      );
    return EXIT.ok;
  },
};

export const block = group(
  'block',
  [
    { name: 'list', summary: 'list block devices, and whether a unikernel has them', load: () => list },
    { name: 'add', summary: 'make a block device', load: () => add },
    {
      name: 'set',
      summary: 'put what is in a file on a block device, in place of what it has',
      load: () => set,
    },
    { name: 'dump', summary: 'write what is on a block device to a file', load: () => dump },
    { name: 'rm', summary: 'remove block devices, and what is on them', load: () => rm },
  ],
  `Block devices that kittiwaked keeps, and gives to unikernels: files of whole
megabytes, each of one unikernel at a time. A device is of the path of its name:
'team:data' is for unikernels in 'team'.`,
  `Examples:
  sudo kittiwake block add site --from site.tar
  sudo kittiwake create web website.spt --net:service=br0 --block:data=site
  sudo kittiwake block list
`,
);
