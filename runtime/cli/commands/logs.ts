// kittiwake logs: the last lines a unikernel printed, and those it prints from now on.
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { ASKING, ASKING_HELP, ASKING_OPTIONS, ASKING_STATUS, numberOf, operandsOf } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { printable } from '../printable.ts';

/** Longest line of a console, with room for what is added to one that was cut. */
const LINE_MAX = 1024;

export const logs: Command = {
  help: `Show what a unikernel has printed: its last lines, also after its end and after
the host's restart, and with -f those that follow. kittiwaked keeps the last
megabyte of each on the disk. Of what prints more than 2000 lines a second for
long, lines are left out; how many, a line says.

Usage: kittiwake logs NAME [-f] [-n N | --since TIME]

Options:
  -f, --follow        go on with what it prints from now on
  -n, --lines N       the last N lines (default: 100)
  --since TIME        the lines from TIME on, as 2026-11-21T12:00:00Z
  --times             the time before each line
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake logs web
  sudo kittiwake logs -f -n 5 --times web
  sudo kittiwake logs web --since 2026-11-21T12:00:00Z
`,
  options: ['--follow', '--lines', '--since', '--times', ...ASKING_OPTIONS],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...ASKING,
        follow: { type: 'boolean', short: 'f' },
        lines: { type: 'string', short: 'n' },
        since: { type: 'string' },
        times: { type: 'boolean' },
      },
    });
    const [word = ''] = operandsOf('logs', ['NAME'], positionals);
    const from =
      values.since === undefined
        ? ({ kind: 'count', value: numberOf('--lines', values.lines ?? '100') } as const)
        : ({ kind: 'since', value: timeOf(values.since) } as const);
    const { asking, clientOf, unikernelName } = await import('../orchestrated.ts');
    await asking(async () => {
      const name = unikernelName(word);
      const subscribe = { kind: 'console', value: { kind: 'subscribe', value: from } } as const;
      await using exchange = await (await clientOf(values)).open(name, subscribe, values.follow ?? false);
      for await (const { data } of exchange.data()) {
        if (data.kind !== 'console') continue;
        const { time, line } = data.value;
        const text = printable(line, LINE_MAX);
        if (values.json) out(`${JSON.stringify({ time, line })}\n`);
        else out(values.times ? `${time.toISOString()} ${text}\n` : `${text}\n`);
      }
    });
    return EXIT.ok;
  },
};

function timeOf(text: string): Date {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new CommandError(
    EXIT.usage,
    `option '--since': '${printable(text)}' is no time; write it like 2026-11-21T12:00:00Z`,
  );
}
