// kittiwake stats: what unikernels of the orchestrator use, or what a tender has counted of its guest; once, or again and again.
import { parseArgs } from 'node:util';
import type { Command, Context } from '../command.ts';
import { ASKING, ASKING_HELP, ASKING_OPTIONS, ASKING_STATUS } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { readStats } from '../stats.ts';
import { describeStats } from '../stats-text.ts';

const HELP = `Show what unikernels use: processor, memory, network. Of kittiwaked's all, those
of a PATH, as 'team:', or one by its NAME; or of one that 'kittiwake run' has
started, by the FILE its tender counts into (--stats=FILE). A FILE is written
with a slash, as './web.stats': no name has one.

Usage: kittiwake stats [NAME|PATH] [-f] [--json]
       kittiwake stats FILE [-f] [--json]

CPU is the share of one processor since the line before, in the first since the
start. MEMORY is what is resident, OF what the unikernel was given. IN and OUT
are the unikernel's. A FILE has more: exits, calls, blocks. Reading it does not
disturb the guest, and works after its end, too.

Options:
  -f, --follow        go on: every 2 s (kittiwaked --stats-interval), or every
                      second of a FILE, until the guest ends
${ASKING_HELP}
With --json each line is one unikernel, with all that is known of it.

${ASKING_STATUS}
Examples:
  sudo kittiwake stats
  sudo kittiwake stats -f web
  sudo kittiwake stats team: --json
  kittiwake stats /run/netcheck.stats
`;

const SECOND_MS = 1000;

export const stats: Command = {
  help: HELP,
  options: ['--follow', ...ASKING_OPTIONS],
  takesImage: true,
  run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...ASKING, follow: { type: 'boolean', short: 'f' } },
      allowPositionals: true,
    });
    const [word, ...more] = positionals;
    if (more.length > 0)
      throw new CommandError(
        EXIT.usage,
        `stats takes one NAME, PATH or FILE at most; see 'kittiwake stats --help'`,
      );
    const { json = false, follow = false, ...where } = values;
    if (!word?.includes('/')) return ofUnikernels(word, { json, follow }, where, context);
    const lost = Object.keys(where)[0];
    if (lost !== undefined)
      throw new CommandError(EXIT.usage, `--${lost}: of no use with a file; leave it out`);
    while (showFile(word, json, context) === 'running' && follow) sleep(SECOND_MS);
    return EXIT.ok;
  },
};

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function showFile(path: string, json: boolean, { out }: Context): string {
  const read = readStats(path);
  out(json ? `${JSON.stringify(read)}\n` : `${describeStats(read)}\n`);
  return read.state;
}

async function ofUnikernels(
  word: string | undefined,
  { json, follow }: { readonly json: boolean; readonly follow: boolean },
  where: Parameters<typeof import('../orchestrated.ts').clientOf>[0],
  { out, colour }: Context,
): Promise<number> {
  const { asking, clientOf, scopeOf } = await import('../orchestrated.ts');
  const { rounds } = await import('../samples.ts');
  const { plainUsage, usageRow, USAGE_HEAD } = await import('../usage.ts');
  const { table } = await import('../table.ts');
  await asking(async () => {
    let shown = 0;
    for await (const round of rounds(await clientOf(where), scopeOf(word), follow)) {
      if (json)
        for (const { name, now, before, given } of round)
          out(`${JSON.stringify(plainUsage(name, now, before, given))}\n`);
      else {
        const rows = round.map(({ name, now, before, given }) => usageRow(name, now, before, given));
        // A person who watches has it in one place.
        const again = follow && colour ? '\x1b[H\x1b[J' : shown > 0 ? '\n' : '';
        out(`${again}${table(USAGE_HEAD, rows)}`);
      }
      shown += 1;
    }
    if (shown === 0 && !json) out(table(USAGE_HEAD, []));
  });
  return EXIT.ok;
}
