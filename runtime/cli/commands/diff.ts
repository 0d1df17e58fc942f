// kittiwake diff: what apply would do.
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { ASKING, ASKING_HELP, ASKING_OPTIONS, operandsOf } from '../daemon-words.ts';
import { CommandError } from '../errors.ts';

/** As diff(1) ends. */
const SAME = 0;
const DIFFERENT = 1;
const TROUBLE = 2;

export const diff: Command = {
  help: `Show what 'kittiwake apply' would do, a line each: + what would be made, ~ what
would change, field by field, and - what --prune would remove. Images are
compared by their digests.

Usage: kittiwake diff FILE [--prune]

Options:
  --prune             also show what is below FILE's path and not in FILE
${ASKING_HELP}
Exit status, as diff(1) has it: 0 where nothing would change, 1 where something
would, 2 where that cannot be told, or cannot be done.

Examples:
  sudo kittiwake diff fleet.yaml
  sudo kittiwake diff fleet.yaml --prune --json
  sudo kittiwake diff fleet.yaml > /dev/null || sudo kittiwake apply fleet.yaml
`,
  options: ['--prune', ...ASKING_OPTIONS],
  takesImage: true,
  async run(args, context) {
    try {
      const { values, positionals } = parseArgs({
        args: [...args],
        allowPositionals: true,
        options: { ...ASKING, prune: { type: 'boolean' } },
      });
      const [file = ''] = operandsOf('diff', ['FILE'], positionals);
      const { asking } = await import('../orchestrated.ts');
      const { prepare } = await import('../fleet/prepare.ts');
      const { lineOf, wordsOf } = await import('../fleet/words.ts');
      const { planned } = await asking(() => prepare(file, values, values.prune ?? false, context));
      const { steps, remarks, obstacles } = planned;
      if (values.json) context.out(`${JSON.stringify(steps.map(wordsOf))}\n`);
      else for (const step of steps) context.out(`${lineOf(step)}\n`);
      [...remarks, ...obstacles].forEach(context.note);
      if (obstacles.length > 0) return TROUBLE;
      return steps.length > 0 ? DIFFERENT : SAME;
    } catch (error) {
      const known =
        error instanceof CommandError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
      if (!known) throw error;
      context.note((error as Error).message);
      return TROUBLE;
    }
  },
};
