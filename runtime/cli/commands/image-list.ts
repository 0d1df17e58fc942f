// kittiwake image list: the prebuilt images that came with the installation, or those that kittiwaked keeps for its unikernels.
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { ASKING, ASKING_HELP, ASKING_OPTIONS, ASKING_STATUS, type Where } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { prebuiltImages, type PrebuiltImage } from '../install.ts';
import { table } from '../table.ts';

const HELP = `List the prebuilt images; or the images of kittiwaked's unikernels, with whose
they are and which prebuilt one each is.

Usage: kittiwake image list [--json]
       kittiwake image list --deployed [PATH]

Run a prebuilt one by its name: kittiwake run hello.hvt

Options:
  --deployed          those of kittiwaked's unikernels
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  kittiwake image list
  kittiwake image list --json
  sudo kittiwake image list --deployed
`;

export const imageList: Command = {
  help: HELP,
  options: ['--deployed', ...ASKING_OPTIONS],
  run(args, { out, install }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...ASKING, deployed: { type: 'boolean' } },
    });
    const { json = false } = values;
    const prebuilt = prebuiltImages(install);
    if (positionals.length > 1)
      throw new CommandError(
        EXIT.usage,
        "image list takes one PATH at most; see 'kittiwake image list --help'",
      );
    if (values.deployed)
      return deployed(positionals[0], values, prebuilt).then((found) => {
        if (json) out(`${JSON.stringify(found)}\n`);
        else out(table(['SHA-256', 'PREBUILT', 'UNIKERNELS'], found.map(deployedRow)));
        return EXIT.ok;
      });
    const option = (['sockets', 'remote', 'identity', 'server-name'] as const).find((name) => values[name]);
    if (option !== undefined || positionals.length > 0)
      throw new CommandError(
        EXIT.usage,
        `image list: ${option === undefined ? 'a PATH' : `--${option}`} is of no use without --deployed; add that`,
      );
    if (json) out(`${JSON.stringify(prebuilt)}\n`);
    else out(table(['IMAGE', 'TENDER', 'BYTES', 'DEVICES'], prebuilt.map(row)));
    return EXIT.ok;
  },
};

const row = ({ file, abi, size, devices }: PrebuiltImage): string[] => [
  ...[file, abi, String(size), devices.map(({ name }) => name).join(' ') || '-'],
];

interface Deployed {
  readonly sha256: string;
  /** The prebuilt one it is. */
  readonly file: string | undefined;
  readonly unikernels: readonly string[];
}

const deployedRow = ({ sha256, file, unikernels }: Deployed): string[] => [
  ...[`${sha256.slice(0, 16)}…`, file ?? '-', unikernels.join(' ')],
];

/** The images of unikernels at and below `scope`, each once. */
async function deployed(
  scope: string | undefined,
  where: Where,
  prebuilt: readonly PrebuiltImage[],
): Promise<Deployed[]> {
  const { asking, clientOf, scopeOf, shownName } = await import('../orchestrated.ts');
  const { infosOf } = await import('../states.ts');
  const infos = await asking(async () => infosOf(await clientOf(where), scopeOf(scope)));
  const users = new Map<string, string[]>();
  for (const { name, info } of infos) {
    const digest = Buffer.from(info.digest).toString('hex');
    users.set(digest, [...(users.get(digest) ?? []), shownName(name)]);
  }
  return [...users].map(([sha256, unikernels]) => ({
    sha256,
    file: prebuilt.find((image) => image.sha256 === sha256)?.file,
    unikernels: unikernels.sort(),
  }));
}
