// kittiwake limit: how much CPU a unikernel of the orchestrator gets, from now on.
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { ASKING, ASKING_HELP, ASKING_OPTIONS, ASKING_STATUS, operandsOf } from '../daemon-words.ts';
import { EXIT } from '../errors.ts';
import { LIMITING, LIMITING_HELP, LIMITING_OPTIONS, limitsOf } from '../limit-options.ts';

export const limit: Command = {
  help: `Limit the CPU that a unikernel of kittiwaked gets, at once and from then on.
What is not named is not limited; 'kittiwake ps NAME --json' has the limits
there are. Memory is limited by itself: to what the unikernel was given, and a
little for its tender. kittiwaked needs control groups for it (cgroup v2), which
its unit has.

Usage: kittiwake limit NAME [--cpu-weight N] [--cpu-limit PERCENT]

Options:
${LIMITING_HELP}${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake limit batch --cpu-limit 25
  sudo kittiwake limit web --cpu-weight 400
  sudo kittiwake limit batch
`,
  options: [...LIMITING_OPTIONS, ...ASKING_OPTIONS],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...ASKING, ...LIMITING },
      allowPositionals: true,
    });
    const words = operandsOf('limit', ['NAME'], positionals);
    const value = limitsOf(values) ?? {};
    const { clientOf, each } = await import('../orchestrated.ts');
    await each(
      words,
      await clientOf(values),
      { kind: 'kittiwake', value: { kind: 'limit', value } },
      (name, done) => out(values.json ? `${JSON.stringify({ name, done })}\n` : `${name}: ${done}\n`),
    );
    return EXIT.ok;
  },
};
