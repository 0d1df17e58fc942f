// kittiwake ps: what the orchestrator looks after, and how it is.
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { ASKING, ASKING_HELP, ASKING_OPTIONS, ASKING_STATUS } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { table } from '../table.ts';

export const ps: Command = {
  help: `List the unikernels that kittiwaked looks after, those that ended among them,
and how they ended.

Usage: kittiwake ps [NAME|PATH] [--json]

A PATH ends in a colon, as 'team:'; without one all are listed. With --json
there is all that is known of each: devices, arguments, digest of the image.

Options:
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake ps
  sudo kittiwake ps team:
  sudo kittiwake ps web --json
`,
  options: [...ASKING_OPTIONS],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({ args: [...args], options: ASKING, allowPositionals: true });
    if (positionals.length > 1)
      throw new CommandError(EXIT.usage, `ps takes one NAME or PATH at most; see 'kittiwake ps --help'`);
    const { asking, clientOf, scopeOf } = await import('../orchestrated.ts');
    const { statesOf, stateRow, plainState } = await import('../states.ts');
    const states = await asking(async () => statesOf(await clientOf(values), scopeOf(positionals[0])));
    if (values.json) out(`${JSON.stringify(states.map(plainState))}\n`);
    else out(table(['NAME', 'STATE', 'SINCE', 'MEMORY', 'NETWORKS', 'LAST END'], states.map(stateRow)));
    return EXIT.ok;
  },
};
