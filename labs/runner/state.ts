// What a lab leaves behind: the machine before its first part beside the machine after its last.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VmError } from '../vm/errors.ts';
import type { Shell } from '../vm/shell.ts';

const LIMIT_MS = 300_000;
/** Far more than a machine's state is, in characters. */
const STATE_MAX = 4 << 20;

/** A fact a line (state.sh), of the machine that `root`, a shell of root's, is in. @throws VmError where it does not tell. */
export async function stateOf(root: Shell): Promise<ReadonlySet<string>> {
  const script = await readFile(join(import.meta.dirname, 'state.sh'), 'utf8');
  let text = '';
  const { exit } = await root.run(script, {
    timeoutMs: LIMIT_MS,
    onOutput: (piece) => (text = (text + piece).slice(0, STATE_MAX)),
  });
  if (exit !== 0) throw new VmError(`the lab VM does not tell what there is in it: ${text.slice(-200)}`);
  return new Set(text.replaceAll('\r\n', '\n').trimEnd().split('\n'));
}

/** What differs, a line each: `+` is left behind, `-` is gone. */
export function leftovers(before: ReadonlySet<string>, after: ReadonlySet<string>): string[] {
  const only = (a: ReadonlySet<string>, b: ReadonlySet<string>, sign: string): string[] =>
    [...a].filter((fact) => !b.has(fact)).map((fact) => `${sign} ${fact}`);
  return [...only(after, before, '+'), ...only(before, after, '-')];
}
