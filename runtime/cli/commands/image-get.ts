// kittiwake image get: the image of a unikernel, as a file.
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { ASKING, ASKING_HELP, ASKING_OPTIONS, ASKING_STATUS, operandsOf } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';

export const imageGet: Command = {
  help: `Write the image that a unikernel of kittiwaked runs to FILE, once it is sure to
have the digest it is listed with.

Usage: kittiwake image get NAME -o FILE [--force]

Options:
  -o, --output FILE   the file to make
  --force             in place of FILE where it is there already
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake image get web -o web.spt
  sudo kittiwake image get web -o web.spt && kittiwake image inspect ./web.spt
`,
  options: ['--output', '--force', ...ASKING_OPTIONS],
  takesImage: true,
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...ASKING, output: { type: 'string', short: 'o' }, force: { type: 'boolean' } },
    });
    const [word = ''] = operandsOf('image get', ['NAME'], positionals);
    const { output } = values;
    if (output === undefined)
      throw new CommandError(EXIT.usage, 'image get: no file given; write it like -o web.spt');
    const { asking, clientOf, shownName, unikernelName } = await import('../orchestrated.ts');
    const { imageOf } = await import('../../client/images.ts');
    const { saveFile } = await import('../files.ts');
    await asking(async () => {
      const client = await clientOf(values);
      const name = await client.whole(unikernelName(word));
      const { bytes, digest } = await imageOf(client, name);
      await saveFile(output, [bytes], { force: values.force ?? false, mode: 0o644 });
      const said = { name: shownName(name), file: output, bytes: bytes.length, sha256: digest };
      out(
        values.json
          ? `${JSON.stringify(said)}\n`
          : `${said.name}: ${said.bytes} bytes written to ${output}\n`,
      );
    });
    return EXIT.ok;
  },
};
