// Options and texts of the commands that speak to the orchestrator.
import { CommandError, EXIT } from './errors.ts';

export const ASKING = {
  json: { type: 'boolean' },
  sockets: { type: 'string' },
  remote: { type: 'string' },
  identity: { type: 'string' },
  'server-name': { type: 'string' },
} as const;
export const ASKING_OPTIONS = [
  ...['--json', '--sockets', '--remote', '--identity', '--server-name', '--help'],
] as const;

/** Where the orchestrator is, as the options above have it. */
export interface Where {
  readonly sockets?: string | undefined;
  readonly remote?: string | undefined;
  readonly identity?: string | undefined;
  readonly 'server-name'?: string | undefined;
}

export const ASKING_HELP = `  --json              write JSON instead of text
  --sockets FOLDER    the orchestrator's sockets (default: /run/albatross/util)
  --remote HOST       the orchestrator of another host, HOST or HOST:PORT, by
                      certificate; --identity FOLDER has those, from
                      'kittiwake ca delegate'; --server-name NAME is what the
                      server's is to say, where that is not HOST. Or a name
                      from 'kittiwake remote add', which has all of that
  --help              show this text
`;

export const ASKING_STATUS = `Exit status: 0, 64 (usage), 69 (kittiwaked is not there, or says no, and why) or
77 (permission).
`;

/** The operands, as many as there are `names`. @throws CommandError */
export function operandsOf(command: string, names: readonly string[], given: readonly string[]): string[] {
  if (given.length === names.length) return [...given];
  throw new CommandError(
    EXIT.usage,
    `${command} takes ${names.join(' ')}; see 'kittiwake ${command} --help'`,
  );
}

/** One operand or more. @throws CommandError */
export function someOperands(command: string, given: readonly string[]): readonly string[] {
  if (given.length > 0) return given;
  throw new CommandError(EXIT.usage, `${command} takes NAME...; see 'kittiwake ${command} --help'`);
}

/** A whole number of an option. @throws CommandError */
export function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new CommandError(EXIT.usage, `option '${option}': not a number; write it like ${option} 32`);
}

/** Numbers with commas between them. @throws CommandError */
export const numbersOf = (option: string, text: string): number[] =>
  text.split(',').map((part) => numberOf(option, part));
