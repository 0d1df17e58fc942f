// What is done to the host, as commands that a person could type: planned first, shown by --dry-run, and applied from the same list.
import { existsSync } from 'node:fs';
import { NetworkError } from './errors.ts';
import type { Exec } from './exec.ts';
import { firstLine } from './host.ts';

export interface Step {
  readonly program: string;
  readonly args: readonly string[];
}

export function ip(...args: readonly string[]): Step {
  return { program: 'ip', args };
}

export function sysctl(key: string, value: string): Step {
  return { program: 'sysctl', args: ['-w', `${key}=${value}`] };
}

/** One statement of nft(8). */
export function nft(statement: string): Step {
  return { program: 'nft', args: [statement] };
}

/** The step as a line for a shell. */
export function line({ program, args }: Step): string {
  return [program, ...args].map(shellWord).join(' ');
}

/** `word` as a POSIX shell reads it back. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** How long a program may take to end once it was told to. */
const END_MS = 5000;

/**
 * Does them in order; statements of nft(8) that follow each other are one transaction.
 * @throws NetworkError `host` with the command that failed; those before it are done.
 */
export function apply(steps: readonly Step[], exec: Exec): void {
  for (let at = 0; at < steps.length;) {
    const step = steps[at];
    if (!step) break;
    if (step.program === 'nft') {
      let end = at;
      while (steps[end]?.program === 'nft') end++;
      const statements = steps.slice(at, end).map(({ args }) => args.join(' '));
      check('nft -f -', exec('nft', ['-f', '-'], `${statements.join('\n')}\n`));
      at = end;
      continue;
    }
    check(line(step), exec(step.program, step.args));
    if (step.program === 'kill') awaitEnd(step.args[0] ?? '');
    at++;
  }
}

function check(command: string, { status, err }: { status: number; err: string }): void {
  if (status === 0) return;
  const cause = firstLine(err) || `status ${status}`;
  throw new NetworkError(
    'host',
    `${command}: ${cause}; mend that and run this again, it goes on where it stopped`,
  );
}

/** Whoever comes next needs its port. */
function awaitEnd(pid: string): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; existsSync(`/proc/${pid}`); waited += 20) {
    if (waited >= END_MS)
      throw new NetworkError(
        'host',
        `process ${pid}: has not ended in ${END_MS / 1000} s; 'kill -9 ${pid}' ends it`,
      );
    Atomics.wait(clock, 0, 0, 20);
  }
}
