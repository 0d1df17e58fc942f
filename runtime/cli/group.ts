// A group of commands: `kittiwake net create` is one of the group `net`.
import type { Command, Listed } from './command.ts';
import { CommandError, EXIT } from './errors.ts';
import { printable } from './printable.ts';

/** The lines of a help text that say which commands there are. */
export const listing = (commands: readonly Listed[]): string =>
  commands.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n');

/** The group that is called by `word`. Its help says what it is `about`, lists its commands, and ends with `more`. */
export function group(word: string, commands: readonly Listed[], about: string, more: string): Command {
  return {
    help: `${about}

Usage: kittiwake ${word} COMMAND [ARGUMENTS]

Commands:
${listing(commands)}

  kittiwake ${word} COMMAND --help   shows a command's options and examples

${more}`,
    options: [...commands.map(({ name }) => name), '--help'],
    commands,
    run([given]) {
      const cause = given === undefined ? 'no command given' : `'${printable(given)}': no such command`;
      throw new CommandError(EXIT.usage, `${cause}; 'kittiwake ${word} --help' lists them`);
    },
  };
}
