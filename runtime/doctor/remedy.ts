// Commands that mend: lines for a shell, to be run as they stand.
import type { Cure } from './finding.ts';
import type { Path } from './path.ts';

/** A command of root's. The first words are ours; names and addresses follow. */
export function sudo(command: string, ...words: readonly string[]): string {
  return ['sudo', command, ...words].join(' ');
}

/** A managed network is mended by what made it. */
export function mend({ restore }: Pick<Path, 'restore'>, otherwise: string): Cure {
  return { remedy: restore ?? otherwise };
}

/** `text` as one word of a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
