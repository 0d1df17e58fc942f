// Programs that a test starts: whether they can be run here, when they say that they are ready, and their end with all that they have started.
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { root } from '../../scripts/setup/root.ts';

/** Why `command` cannot be run here, by what it said; undefined where it can. */
export function whyNot(command: readonly string[]): string | undefined {
  const [program = '', ...args] = command;
  const { status, stderr, error } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? undefined : `${command.join(' ')}: ${error?.message ?? stderr.trim()}`;
}

/** Starts `command` in the project's folder; `end` ends it. */
export function start(command: readonly string[]): ChildProcessWithoutNullStreams {
  const [program = '', ...args] = command;
  return spawn(program, args, { cwd: root, stdio: 'pipe', detached: true });
}

/** The first line of `program` that begins with `words`, and all it has said by then. @throws Error with that where it ends before */
export async function said(
  program: ChildProcessWithoutNullStreams,
  words: string,
): Promise<{ readonly line: string; readonly all: string }> {
  let all = '';
  program.stderr.on('data', (bytes) => (all += String(bytes)));
  for await (const line of createInterface(program.stdout)) {
    all += `${line}\n`;
    if (line.startsWith(words)) return { line, all };
  }
  throw new Error(`${program.spawnargs.join(' ')} ended: ${all}`);
}

/** Ends `program` and what it has started; resolves when it has ended. */
export async function end(program: ChildProcessWithoutNullStreams): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null || program.pid === undefined) return;
  process.kill(-program.pid, 'SIGTERM');
  await once(program, 'exit');
}
