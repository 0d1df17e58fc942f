// kittiwake net: managed networks. This file is the group; each command of it is in a file beside.
import { noneOf } from '../group.ts';
import type { Command } from '../command.ts';
import { netCreate } from './net-create.ts';
import { netInspect, netList } from './net-list.ts';
import { netPublish, netUnpublish } from './net-publish.ts';
import { netRm, netUp } from './net-rm.ts';
import { netTap } from './net-tap.ts';

const COMMANDS: readonly Command[] = [
  netCreate,
  netList,
  netInspect,
  netRm,
  netTap,
  netPublish,
  netUnpublish,
  netUp,
];

const HELP = `Set up networks that unikernels are on: bridges, taps, addresses, NAT, published
ports.

Usage: kittiwake net COMMAND [ARGUMENTS]

Commands:
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  kittiwake net COMMAND --help   shows a command's options and examples

Whatever changes the host's network needs root. With --dry-run it prints the
commands of ip, nft and sysctl that would do the same, and changes nothing.

Examples:
  sudo kittiwake net create web --subnet 10.0.42.0/24 --nat
  sudo kittiwake net tap add web www
  sudo kittiwake net publish web 8080:www:80
  kittiwake net inspect web
  sudo kittiwake net rm web
`;

export const net: Command = {
  name: 'net',
  summary: 'set up networks for unikernels: bridges, taps, NAT',
  help: HELP,
  options: [...COMMANDS.map(({ name }) => name), '--help'],
  commands: COMMANDS,
  run: noneOf('net'),
};
