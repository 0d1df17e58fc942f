// kittiwake net rm and kittiwake net up
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { EXIT } from '../errors.ts';
import { NetworkError } from '../../network/errors.ts';
import { remove, up } from '../../network/manager.ts';
import {
  CHANGING,
  CHANGING_HELP,
  commandError,
  operands,
  report,
  speaking,
  STATUS_HELP,
  surroundings,
} from './net-words.ts';

export const netRm: Command = {
  help: `Remove a network: its taps, its bridge, its firewall, and what it changed about
the host's settings.

Usage: kittiwake net rm NAME [OPTIONS]

Options:
  --force             also while unikernels use it, who lose their taps
${CHANGING_HELP}
${STATUS_HELP}
Examples:
  sudo kittiwake net rm web
  kittiwake net rm web --dry-run
`,
  options: ['--force', '--dry-run', '--json', '--state', '--help'],
  run(args, context) {
    const options = { ...CHANGING, force: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [name = ''] = operands('rm', ['NAME'], positionals);
    const outcome = speaking(() => remove(name, values.force === true, surroundings(values, context)));
    report(outcome, values, context, () => `network ${name}: removed\n`);
    return EXIT.ok;
  },
};

export const netUp: Command = {
  help: `Set up networks as they were created: after a restart of the host, or when
something of them has been changed by hand.

Usage: kittiwake net up [NAME] [OPTIONS]

Without a name, all networks; one that fails does not keep the others down.

Options:
${CHANGING_HELP}
${STATUS_HELP}
Examples:
  sudo kittiwake net up
  sudo kittiwake net up web
`,
  options: ['--dry-run', '--json', '--state', '--help'],
  run(args, context) {
    const { values, positionals } = parseArgs({ args: [...args], options: CHANGING, allowPositionals: true });
    if (positionals.length > 1) operands('up', ['NAME'], positionals);
    const outcomes = speaking(() => up(positionals[0], surroundings(values, context)));
    let status: number = EXIT.ok;
    for (const outcome of outcomes) {
      if (outcome instanceof NetworkError) {
        const error = commandError(outcome);
        context.note(error.message);
        status = error.status;
        continue;
      }
      const name = outcome.network?.name;
      report(
        outcome,
        values,
        context,
        (changed) => `network ${name}: ${changed ? 'set up' : 'there already, nothing to do'}\n`,
      );
    }
    return status;
  },
};
