// Small C programs that measure or carry frames where JavaScript cannot: compiled when first wanted.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { root } from './root.ts';

const FLAGS = [
  '-std=c11',
  '-D_GNU_SOURCE',
  '-O2',
  ...['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wstrict-prototypes', '-Werror'],
];

/** Compiles `source`, a C file by its path in the project, where it has changed; returns the program's path. `more` are flags of its own. */
export function compileC(source: string, more: readonly string[] = []): string {
  const file = join(root, source);
  const program = join(root, 'build', 'programs', basename(source, '.c'));
  const built = statSync(program, { throwIfNoEntry: false });
  if (built && built.mtimeMs > statSync(file).mtimeMs) return program;
  mkdirSync(dirname(program), { recursive: true });
  // It appears whole, for tests that run side by side.
  const next = `${program}.${process.pid}`;
  const gcc = spawnSync('gcc', [...FLAGS, ...more, '-o', next, file], { encoding: 'utf8' });
  if (gcc.error) throw new Error(`gcc: ${gcc.error.message}; install the Debian package gcc`);
  if (gcc.status !== 0) throw new Error(`${source} does not compile:\n${gcc.stderr}`);
  renameSync(next, program);
  return program;
}
