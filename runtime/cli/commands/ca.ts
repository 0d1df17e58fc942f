// kittiwake ca
import type { Command } from '../command.ts';
import { noneOf } from '../group.ts';
import { caDelegate } from './ca-delegate.ts';
import { caInit } from './ca-init.ts';
import { caServer } from './ca-server.ts';

const commands = [caInit, caDelegate, caServer];

export const ca: Command = {
  name: 'ca',
  summary: 'let others deploy unikernels here: a root of trust, and who may do what',
  help: `Let others deploy unikernels to this host from elsewhere. Who may do what is in
certificates that they show: the server knows one root of trust, and nobody by
name.

Usage: kittiwake ca COMMAND [ARGUMENTS]

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  kittiwake ca COMMAND --help   shows a command's options and examples

Examples:
  kittiwake ca init ca --server unikernels.example.org
  kittiwake ca delegate ca anna --unikernels 5 --memory 512 --cpu 0 --bridge br0
`,
  options: ['--help'],
  commands,
  run: noneOf('ca'),
};
