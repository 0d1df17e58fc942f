// kittiwake export: what runs, as a fleet file.
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { ASKING, ASKING_HELP, ASKING_OPTIONS, ASKING_STATUS } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { prebuiltImages } from '../install.ts';

export const exportFleet: Command = {
  help: `Write the unikernels that are to run at and below a path, the block devices and
policies there as a fleet file, for 'kittiwake apply'. Images are named by their
digests, and by the prebuilt images they are.

Usage: kittiwake export [PATH] [-o FILE [--force] [--images FOLDER]]

Not in it: health checks, what is on block devices ('kittiwake block dump' has
that), limits of CPU, and whether --add-name was given.

Options:
  -o, --output FILE   the file to make (default: standard output)
  --force             in place of FILE where it is there already
  --images FOLDER     also make a file of each image that is no prebuilt one,
                      named by its digest
${ASKING_HELP}
With --json it is JSON, which is YAML, too.

${ASKING_STATUS}
Examples:
  sudo kittiwake export -o fleet.yaml
  sudo kittiwake export team
`,
  options: ['--output', '--force', '--images', ...ASKING_OPTIONS],
  takesImage: true,
  async run(args, { install, out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...ASKING,
        output: { type: 'string', short: 'o' },
        force: { type: 'boolean' },
        images: { type: 'string' },
      },
    });
    if (positionals.length > 1)
      throw new CommandError(EXIT.usage, `export takes one PATH at most; see 'kittiwake export --help'`);
    const { output, images } = values;
    if (images !== undefined && output === undefined)
      throw new CommandError(EXIT.usage, '--images: of no use without -o FILE; add that');
    const { asking, clientOf, pathOf } = await import('../orchestrated.ts');
    const { exported, isToRun, prebuiltNames, textOf } = await import('../fleet/export.ts');
    const { observe } = await import('../fleet/observed.ts');
    const { saveFile } = await import('../files.ts');
    const { saveImages } = await import('../fleet/images.ts');
    await asking(async () => {
      const client = await clientOf(values);
      const scope = await client.whole(pathOf(positionals[0] ?? ''));
      const observed = await observe(client, scope);
      const prebuilt = prebuiltNames(prebuiltImages(install));
      const saved =
        images === undefined || output === undefined
          ? new Map<string, string>()
          : await saveImages([...observed.unikernels.values()].filter(isToRun), client, {
              ...{ folder: images, beside: output, isKnown: (digest) => prebuilt(digest) !== undefined },
            });
      const written = exported({
        scope,
        observed,
        imageOf: (digest) => prebuilt(digest) ?? saved.get(digest),
      });
      const text = values.json
        ? `${JSON.stringify(written, undefined, 2)}\n`
        : textOf(written, install.schema);
      if (output === undefined) out(text);
      else await saveFile(output, [Buffer.from(text)], { force: values.force ?? false, mode: 0o644 });
    });
    return EXIT.ok;
  },
};
