// What a subcommand is, and the surroundings it is given.
import type { Install } from './install.ts';
import type { Kvm } from './kvm.ts';

export interface Context {
  /** Writes text, newlines included, to standard output. */
  readonly out: (text: string) => void;
  /** Writes one line about what the command itself does to standard error. */
  readonly note: (line: string) => void;
  /** Shows a line in place of the one it showed before, on a terminal; there is none where standard error is no terminal. */
  readonly status?: (line: string) => void;
  /** Standard output is a terminal that wants colour. */
  readonly colour: boolean;
  readonly install: Install;
  readonly probeKvm: () => Kvm;
  /** Becomes the program; returns only if that failed. */
  readonly exec: (path: string, args: readonly string[]) => void;
}

/** A command in the list of those there are. The rest of it, and all it needs, is loaded when it is asked for. */
export interface Listed {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly load: () => Command | Promise<Command>;
}

export interface Command {
  /** The whole help text, with examples. */
  readonly help: string;
  /** Long options, for completion. */
  readonly options: readonly string[];
  /** Completes its operand with file names. */
  readonly takesImage?: boolean;
  /** It is a group of these; its own `run` is for when none of them was named. */
  readonly commands?: readonly Listed[];
  /** Does it; the exit status, at once or later. Throws CommandError for whatever the person should mend. */
  readonly run: (args: readonly string[], context: Context) => number | Promise<number>;
}
