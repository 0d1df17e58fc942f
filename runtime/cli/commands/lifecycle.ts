// kittiwake restart, kittiwake stop and kittiwake rm
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { ASKING, ASKING_HELP, ASKING_OPTIONS, ASKING_STATUS, someOperands } from '../daemon-words.ts';
import { EXIT } from '../errors.ts';
import type { Command as Asked } from '../../protocol/command.ts';

/** A command that asks the same of each unikernel it names. */
function lifecycle(name: string, about: string, examples: string, asked: Asked): Command {
  return {
    help: `${about}

Usage: kittiwake ${name} NAME...

Options:
${ASKING_HELP}
${ASKING_STATUS}
Examples:
${examples}`,
    options: [...ASKING_OPTIONS],
    async run(args, { out }) {
      const { values, positionals } = parseArgs({ args: [...args], options: ASKING, allowPositionals: true });
      const words = someOperands(name, positionals);
      const { clientOf, each } = await import('../orchestrated.ts');
      await each(words, await clientOf(values), asked, (unikernel, done) =>
        out(values.json ? `${JSON.stringify({ name: unikernel, done })}\n` : `${unikernel}: ${done}\n`),
      );
      return EXIT.ok;
    },
  };
}

export const restart = lifecycle(
  'restart',
  `Start unikernels again: those that run are ended first, as by 'kittiwake stop'.`,
  '  sudo kittiwake restart web\n',
  { kind: 'unikernel', value: { kind: 'restart', value: { kind: 'same' } } },
);

export const stop = lifecycle(
  'stop',
  `End unikernels: each is asked, and after 10 s it is killed. What they were
created with is kept, and so are their last lines; 'kittiwake restart' starts
them again, 'kittiwake rm' removes them. They do not come back with the host.`,
  '  sudo kittiwake stop web\n',
  { kind: 'kittiwake', value: { kind: 'stop' } },
);

export const rm = lifecycle(
  'rm',
  `End unikernels where they run, as by 'kittiwake stop', and forget them: their
settings, their image where no other has it, their last lines.`,
  '  sudo kittiwake rm web\n  sudo kittiwake rm team:a team:b\n',
  { kind: 'unikernel', value: { kind: 'destroy' } },
);
