// The package kittiwake-labs as a stranger has it: packed, installed into an empty folder without a network, run on a small handbook.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/setup/root.ts';

/** The first run boots the VM once. */
const LIMIT_MS = 900_000;

const folder = mkdtempSync(join(tmpdir(), 'kittiwake-package-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The environment of somebody who has another Node and no network. */
const env = { ...process.env, PATH: '/usr/local/bin:/usr/bin:/bin', npm_config_offline: 'true', CI: '' };

interface Ran {
  readonly status: number | null;
  readonly out: string;
}

function labs(...args: string[]): Promise<Ran> {
  return run(join(folder, 'node_modules', '.bin', 'kittiwake-labs'), args);
}

function run(program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: folder, env });
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.on('close', (status) => resolve({ status, out }));
  });
}

const page = (name: string): string => join(folder, 'docs', name);

const INSTALL = `---
title: Install it
---

\`\`\`sh name=write
echo "written on $(date +%F)" | tee ~/one
tool
\`\`\`

\`\`\`output
written on ‹time›
the tool
\`\`\`

\`\`\`sh skip="needs a browser"
xdg-open ~/one
\`\`\`
`;

const USE = `import { Tabs } from 'nowhere';

<Tabs>
  \`\`\`console
  $ echo yes
  no
  $ cat /etc/not-there
  \`\`\`
</Tabs>
`;

beforeAll(() => {
  const packed = spawnSync('npm', ['pack', '--silent', `--pack-destination=${folder}`], {
    cwd: join(root, 'labs'),
    encoding: 'utf8',
  });
  expect(packed.status, packed.stderr).toBe(0);
  writeFileSync(join(folder, 'package.json'), '{}');
  const install = ['install', '--no-audit', '--no-fund', `./${packed.stdout.trim().split('\n').at(-1)}`];
  const installed = spawnSync('npm', install, { cwd: folder, env, encoding: 'utf8' });
  expect(installed.status, installed.stderr).toBe(0);
  for (const name of ['docs', 'tree/bin']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'tree/bin/tool'), '#!/bin/sh\necho the tool\n', { mode: 0o755 });
  writeFileSync(page('install.md'), INSTALL);
  writeFileSync(page('use.mdx'), USE);
  writeFileSync(page('latin.md'), Buffer.from('# T\n\n```sh\necho \xe4\n```\n', 'latin1'));
}, LIMIT_MS);

test('help has examples, and no line is longer than a terminal is wide', async () => {
  const { status, out } = await run('npx', ['kittiwake-labs', '--help']);
  expect(status).toBe(0);
  expect(out).toMatch(/Examples:\n {2}kittiwake-labs docs/);
  expect(
    Math.max(
      ...out
        .replaceAll(/^npm .*\n/gm, '')
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(80);
});

test.each([
  [[], /^kittiwake-labs: no pages; name some/],
  [['docs/latin.md'], /^kittiwake-labs: docs\/latin.md:4: not UTF-8; save it as UTF-8/],
  [['docs/missing.md'], /^kittiwake-labs: docs\/missing.md: there is no such page; give/],
  [
    ['--packages', 'jq,-x', 'docs/install.md'],
    /^kittiwake-labs: --packages: '-x' is no Debian package; give/,
  ],
  [['--install', 'nowhere', 'docs/use.mdx'], /--install nowhere: there is no such folder; build it first/],
  [['--jobs', '0', 'docs/use.mdx'], /--jobs 0: give a number from 1 to 64/],
])('%j is refused in a line with the remedy', async (args, message) => {
  const { status, out } = await labs(...args);
  expect(out).toMatch(message);
  expect(status).toBe(1);
});

test(
  'a page that is right is green, a wrong one is red with its line; recorded, it says what is printed',
  async () => {
    const pages = (...args: string[]): Promise<Ran> =>
      labs('--install', 'tree', ...args, 'docs/install.md', './docs/install.md', 'docs/use.mdx');
    const red = await pages();
    expect(red.status, red.out).toBe(1);
    expect(red.out).toContain('✓ docs/install.md write');
    expect(red.out).toContain('docs/install.md:15: not run: needs a browser');
    expect(red.out).toContain(
      "docs/use.mdx:5: part 'step-1' failed: it printed something else than expected",
    );
    expect(red.out).toContain('  - no\n  + yes\n');
    const results = JSON.parse(readFileSync(join(folder, 'build/labs/results.json'), 'utf8')) as {
      labs: { lab: string; title: string; parts: { part: string; outcome: string }[] }[];
    };
    expect(results.labs).toMatchObject([
      { lab: 'docs/install.md', title: 'Install it', parts: [{ part: 'write', outcome: 'passed' }] },
      { lab: 'docs/use.mdx', parts: [{ outcome: 'failed' }, { outcome: 'not-run' }] },
    ]);

    // Of the second fence's commands nobody said that one fails.
    const USE_RIGHT = USE.replace('$ cat /etc/not-there', '$ cat /etc/not-there || true');
    writeFileSync(page('use.mdx'), USE_RIGHT);
    const recorded = await pages('--record');
    expect(recorded.out).toContain('  - no\n  + yes\n');
    expect(readFileSync(page('use.mdx'), 'utf8')).toBe(USE_RIGHT.replace('no\n  $', 'yes\n  $'));
    expect(readFileSync(page('install.md'), 'utf8')).toBe(INSTALL);
    const green = await pages();
    expect(green.status, green.out).toBe(0);
    expect(green.out).toContain('3 of 3 parts passed');
  },
  LIMIT_MS,
);
