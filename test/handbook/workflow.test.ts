// The workflows of GitHub Actions, which run nowhere here: by the form they must have, and by what they name, which must be there.
import { validateWorkflow } from '@action-validator/core';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { OPTIONS } from '../../labs/cli/options.ts';
import { root } from '../../scripts/setup/root.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Workflow {
  readonly permissions: unknown;
  readonly env: { readonly DEBIAN: string };
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions?: unknown;
        readonly 'timeout-minutes'?: number;
        readonly strategy?: { readonly matrix: { readonly labs: readonly string[] } };
        readonly steps: readonly Step[];
      }
    >
  >;
}

const folder = join(root, '.github', 'workflows');
const scripts = (
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
).scripts;

test.each(readdirSync(folder))('%s is a workflow that can do what it says', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  expect(validateWorkflow(text)).toEqual({ actionType: 'workflow', errors: [] });
  const { permissions, env, jobs } = parse(text) as Workflow;
  expect(permissions).toEqual({ contents: 'read' });
  for (const job of Object.values(jobs)) {
    expect(job.permissions).toBeUndefined();
    expect(job['timeout-minutes']).toBeGreaterThan(0);
    for (const { uses, run } of job.steps) {
      // A tag can be moved to other code; a commit cannot.
      if (uses !== undefined) expect(uses).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
      const command = run?.replace('$DEBIAN', env.DEBIAN) ?? '';
      for (const [file] of command.matchAll(/\.github\/\w+/g))
        expect(() => accessSync(join(root, file), constants.X_OK), file).not.toThrow();
      for (const [, script = ''] of command.matchAll(/npm (?:run )?(\w+)/g))
        expect(scripts).toHaveProperty(script);
      // Nothing of a stranger's pull request may become a command.
      for (const [, what = ''] of command.matchAll(/\$\{\{\s*(.*?)\s*\}\}/g))
        expect(what).toMatch(/^matrix\.\w+$/);
    }
    for (const options of job.strategy?.matrix.labs ?? []) {
      for (const [, option = ''] of options.matchAll(/--(\w+)/g)) expect(OPTIONS).toHaveProperty(option);
    }
  }
});

test('the validator finds an error', () => {
  const wrong = 'on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{ run: y, timeout-minuts: 4 }]\n';
  expect(validateWorkflow(wrong).errors).not.toEqual([]);
});
