// What a group of commands does where none of them was named.
import type { Command } from './command.ts';
import { CommandError, EXIT } from './errors.ts';
import { printable } from './printable.ts';

/** The `run` of the group that is called by `words`. */
export const noneOf =
  (words: string): Command['run'] =>
  ([word]) => {
    const cause = word === undefined ? 'no command given' : `'${printable(word)}': no such command`;
    throw new CommandError(EXIT.usage, `${cause}; 'kittiwake ${words} --help' lists them`);
  };
