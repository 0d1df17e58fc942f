// kittiwake events: what happens to the unikernels of the orchestrator.
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { ASKING, ASKING_HELP, ASKING_OPTIONS, ASKING_STATUS } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { printable } from '../printable.ts';

export const events: Command = {
  help: `Show what happens from now on to the unikernels of kittiwaked: starts, ends, and
what is done about them. Its journal has what happened before.

Usage: kittiwake events [NAME|PATH]

Options:
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake events
  sudo kittiwake events team: --json
  journalctl -u kittiwaked
`,
  options: [...ASKING_OPTIONS],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({ args: [...args], options: ASKING, allowPositionals: true });
    if (positionals.length > 1)
      throw new CommandError(
        EXIT.usage,
        `events takes one NAME or PATH at most; see 'kittiwake events --help'`,
      );
    const { asking, clientOf, scopeOf, shownName } = await import('../orchestrated.ts');
    await asking(async () => {
      const asked = { kind: 'kittiwake', value: { kind: 'events' } } as const;
      await using exchange = await (await clientOf(values)).open(scopeOf(positionals[0]), asked);
      for await (const { name, data } of exchange.data()) {
        if (data.kind !== 'event') continue;
        const { time, text } = data.value;
        out(
          values.json
            ? `${JSON.stringify({ time, name: shownName(name), event: text })}\n`
            : `${time.toISOString()} ${shownName(name)} ${printable(text, 500)}\n`,
        );
      }
    });
    return EXIT.ok;
  },
};
