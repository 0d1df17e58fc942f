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
 * Does them in order. Those of one program that follow each other are one call of it, where it takes them so: statements of nft(8) are then one
 * transaction, ip(8) and sysctl(8) do one after the other.
 * @throws NetworkError `host` with the command that failed; those before it are done.
 */
export function apply(steps: readonly Step[], exec: Exec): void {
  for (let at = 0; at < steps.length;) {
    const step = steps[at];
    if (!step) break;
    const together = TOGETHER.get(step.program);
    let end = at + 1;
    if (together) while (steps[end]?.program === step.program) end++;
    if (together) together(steps.slice(at, end), exec);
    else alone(step, exec);
    if (step.program === 'kill') awaitEnd(step.args[0] ?? '');
    at = end;
  }
}

function alone(step: Step, exec: Exec): void {
  check(line(step), exec(step.program, step.args));
}

/** How a program does steps of it that follow each other. */
const TOGETHER: ReadonlyMap<string, (steps: readonly Step[], exec: Exec) => void> = new Map([
  ['nft', transaction],
  ['ip', batch],
  ['sysctl', settings],
]);

function transaction(steps: readonly Step[], exec: Exec): void {
  const statements = steps.map(({ args }) => args.join(' '));
  check('nft -f -', exec('nft', ['-f', '-'], `${statements.join('\n')}\n`));
}

function batch(steps: readonly Step[], exec: Exec): void {
  const [first, ...more] = steps;
  if (first && more.length === 0) {
    alone(first, exec);
    return;
  }
  // Names, addresses and owners have been checked: none has a blank, a quote or a # in it, which a batch reads otherwise.
  const commands = steps.map(({ args }) => args.join(' '));
  const ended = exec('ip', ['-batch', '-'], `${commands.join('\n')}\n`);
  const failed = steps[Number(/^Command failed -:(\d+)$/m.exec(ended.err)?.[1]) - 1];
  check((failed ? [failed] : steps).map(line).join('; '), ended);
}

function settings(steps: readonly Step[], exec: Exec): void {
  const words = steps.map(({ args }) => args[1] ?? '');
  check(`sysctl -w ${words.join(' ')}`, exec('sysctl', ['-w', ...words]));
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
