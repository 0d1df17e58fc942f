// kittiwake net tap add and kittiwake net tap rm
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { CommandError, EXIT } from '../errors.ts';
import { printable } from '../printable.ts';
import { addTap, removeTap } from '../../network/manager.ts';
import { findTap } from '../../network/model.ts';
import {
  CHANGING,
  CHANGING_HELP,
  operands,
  report,
  runLine,
  speaking,
  STATUS_HELP,
  surroundings,
} from './net-words.ts';

const tapAdd: Command = {
  help: `Add a tap for a unikernel to a network, and allot it a MAC address, an IPv4
address and, where the network has IPv6, an IPv6 address. They stay the same,
also when the tap is removed and added again, and only they may be used: frames
from other addresses are dropped.

Usage: kittiwake net tap add NETWORK NAME [OPTIONS]

NAME is the interface's: up to 15 small letters, digits, hyphens.

Options:
  --user USER         who may use the tap (default: who called sudo, else root)
  --group GROUP       members of GROUP may use it as well; alone: only they
  --address ADDRESS   this IPv4 address (default: the lowest that is free)
${CHANGING_HELP}
${STATUS_HELP}
Examples:
  sudo kittiwake net tap add web www
  sudo kittiwake net tap add web db --user postgres --address 10.0.42.20
`,
  options: ['--user', '--group', '--address', '--dry-run', '--json', '--state', '--help'],
  run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...CHANGING,
        user: { type: 'string' },
        group: { type: 'string' },
        address: { type: 'string' },
      },
    });
    const [network = '', name = ''] = operands('tap add', ['NETWORK', 'NAME'], positionals);
    const { group, address } = values;
    const user = values.user ?? (group === undefined ? process.env['SUDO_USER'] : undefined);
    const outcome = speaking(() =>
      addTap(network, { name, user, group, address }, surroundings(values, context)),
    );
    report(outcome, values, context, (changed) => {
      const tap = outcome.network && findTap(outcome.network, name);
      if (!outcome.network || !tap) return '';
      const addresses = [tap.address, tap.address6, tap.mac].filter((each) => each !== undefined).join(', ');
      const done = changed ? '' : ' there already, nothing to do:';
      return `tap ${name}:${done} ${addresses}\n${runLine(outcome.network, tap)}\n`;
    });
    return EXIT.ok;
  },
};

const tapRm: Command = {
  help: `Remove a tap from a network, and the ports published for it. Its addresses are
kept for its name.

Usage: kittiwake net tap rm NETWORK NAME [OPTIONS]

Options:
  --force             also while a unikernel uses it
${CHANGING_HELP}
${STATUS_HELP}
Examples:
  sudo kittiwake net tap rm web www
`,
  options: ['--force', '--dry-run', '--json', '--state', '--help'],
  run(args, context) {
    const options = { ...CHANGING, force: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [network = '', name = ''] = operands('tap rm', ['NETWORK', 'NAME'], positionals);
    const outcome = speaking(() =>
      removeTap(network, name, values.force === true, surroundings(values, context)),
    );
    report(outcome, values, context, () => `tap ${name}: removed\n`);
    return EXIT.ok;
  },
};

export const netTap: Command = {
  help: `Add a tap for a unikernel to a network, or remove one.

Usage: kittiwake net tap add NETWORK NAME [OPTIONS]
       kittiwake net tap rm NETWORK NAME [OPTIONS]

'kittiwake net tap add --help' and 'kittiwake net tap rm --help' say more.

Examples:
  sudo kittiwake net tap add web www
  sudo kittiwake net tap rm web www
`,
  options: ['add', 'rm', '--help'],
  commands: [
    {
      name: 'add',
      summary: 'add a tap for a unikernel, with addresses of its own',
      load: () => tapAdd,
    },
    {
      name: 'rm',
      summary: 'remove a tap and the ports published for it',
      load: () => tapRm,
    },
  ],
  run([word]) {
    const cause =
      word === undefined ? 'neither add nor rm given' : `'${printable(word)}': neither add nor rm`;
    throw new CommandError(EXIT.usage, `net tap: ${cause}; see 'kittiwake net tap --help'`);
  },
};
