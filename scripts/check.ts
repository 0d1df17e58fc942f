// npm run check: what can be said about the code without running it: format, lint, types.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { $ } from 'zx';
import { root } from './setup/root.ts';
import { step } from './setup/step.ts';

const HELP = `Check format (Prettier), lint (ESLint) and types (TypeScript, Astro).

Usage: npm run check

'npm run format' mends the format.
`;

/** Runs all checks; throws with the first one's output when it finds something. */
export async function check(): Promise<void> {
  const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
  const checks: [string, string[]][] = [
    ['format', [bin('prettier'), '--check', '--log-level=warn', '.']],
    // Before the others, which need the types it generates. In a folder of its own, since it does not find Playwright's.
    [
      'components',
      [bin('astro'), 'check', '--tsconfig', 'src/tsconfig.json', '--minimumFailingSeverity', 'warning'],
    ],
    ['lint', [bin('eslint'), '.']],
    ['types', [bin('tsc'), '--noEmit', '--project', '.']],
  ];
  for (const [name, command] of checks) {
    await step(`checked ${name}`, async () => {
      const { exitCode, stdall } = await $({ cwd: root, nothrow: true, quiet: true })`${command}`;
      if (exitCode !== 0) throw new Error(`\n${stdall}`);
    });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help) console.log(HELP.trimEnd());
  else await check();
}
