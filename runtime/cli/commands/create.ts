// kittiwake create: gives a unikernel to the orchestrator, which keeps it running.
import { readFileSync } from 'node:fs';
import type { Command as Asked } from '../../protocol/command.ts';
import type { Command } from '../command.ts';
import { parseCreation } from '../create-options.ts';
import { ASKING_HELP, ASKING_OPTIONS, ASKING_STATUS } from '../daemon-words.ts';
import { EXIT } from '../errors.ts';
import { LIMITING_HELP, LIMITING_OPTIONS } from '../limit-options.ts';
import { findImage } from '../find-image.ts';
import { readImage } from '../image.ts';

export const create: Command = {
  help: `Give a unikernel to kittiwaked. It starts now, again after a crash, and whenever
the host does, until it is stopped or removed. ('kittiwake run' needs no
kittiwaked: there the unikernel is yours to look after.)

Usage: kittiwake create NAME IMAGE [OPTIONS] [-- GUEST-ARGUMENTS]

NAME is letters, digits, dots and hyphens; 'team:web' is web below the path
team, whose policies limit it. IMAGE is a file, or the name of a prebuilt image.

Options:
  --net:DEVICE=BRIDGE join the image's network device DEVICE to BRIDGE
  --net-mac:DEVICE=MAC
                      give it this MAC address (default: one made of the name)
  --block:DEVICE=NAME attach the block device NAME, of the unikernel's path, to
                      the image's block device DEVICE
  --block-sector-size:DEVICE=N
                      that device's sector in bytes
  --mem N             memory in MB (default: 64)
  --cpu N,N           CPUs it may use (default: all that policies allow)
  --restart no|always|STATUS,STATUS
                      when to start it again after it ended: never, always, or
                      after these statuses (default: 2,255, those of crashes)
${LIMITING_HELP}  --start-order N     when the host starts, lower ones go first (default: 50)
  --add-name          --name=NAME is the guest's first argument
  --replace           in place of the unikernel of that name
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake create hello hello.spt -- Hello from me
  sudo kittiwake create web:hi hello.spt --restart no --mem 16 --start-order 10
  sudo kittiwake create batch batch.hvt --cpu-weight 10 --cpu-limit 50
  sudo kittiwake create a netcheck.spt --net:service=br0 -- --ipv4=10.0.0.2/24
`,
  options: [
    ...['--net:', '--net-mac:', '--block:', '--block-sector-size:', '--mem', '--cpu', '--restart'],
    ...LIMITING_OPTIONS,
    ...['--start-order', '--add-name', '--replace', ...ASKING_OPTIONS],
  ],
  takesImage: true,
  async run(args, { install, probeKvm, note, out }) {
    const wanted = parseCreation(args);
    const path = findImage(wanted.image, install, probeKvm, note);
    readImage(path); // A wrong file is better refused here, where its name is known.
    const { asking, clientOf, expected, shownName, unikernelName } = await import('../orchestrated.ts');
    await asking(async () => {
      const client = await clientOf(wanted.where);
      const name = await client.whole(unikernelName(wanted.name));
      const { allowedCpus } = await import('../../client/allowed.ts');
      const cpuids = wanted.cpus ?? (await allowedCpus(client, name));
      const value = { ...wanted.config, cpuids, compressed: false, image: readFileSync(path) };
      const kind = wanted.replace ? 'forceCreate' : 'create';
      const { replace, limits } = wanted;
      const asked: Asked =
        limits === undefined
          ? { kind: 'unikernel', value: { kind, value } }
          : { kind: 'kittiwake', value: { kind: 'create', value: { config: value, replace, limits } } };
      const said = expected('text', await client.ask(name, asked));
      out(
        wanted.json
          ? `${JSON.stringify({ name: shownName(name), done: said })}\n`
          : `${shownName(name)}: ${said}\n`,
      );
    });
    return EXIT.ok;
  },
};
