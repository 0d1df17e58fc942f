// What the installed command loads before it does anything: each line of it is read and compiled anew by every call, and in a machine whose
// processor is emulated that is most of what a call takes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { OutputChunk } from 'rolldown';
import { beforeAll, expect, test } from 'vitest';
import { bundle } from '../../scripts/runtime.ts';
import { root } from '../../scripts/setup/root.ts';

let chunks: readonly OutputChunk[];
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kittiwake-bundle-'));
  chunks = await bundle(folder, '0');
  rmSync(folder, { recursive: true });
});

/** The files that are loaded with those which `sources` are in, the sources themselves. */
function loaded(sources: readonly string[]): {
  files: number;
  bytes: number;
  modules: string[];
  /** Node's own parts that are loaded with them. */
  builtins: Set<string>;
} {
  const found = new Set<OutputChunk>();
  const visit = (chunk: OutputChunk | undefined): void => {
    if (chunk === undefined || found.has(chunk)) return;
    found.add(chunk);
    for (const name of chunk.imports) visit(chunks.find(({ fileName }) => fileName === name));
  };
  for (const source of sources) {
    const chunk = chunks.find(({ moduleIds }) => moduleIds.includes(join(root, source)));
    expect(chunk, source).toBeDefined();
    visit(chunk);
  }
  return {
    files: found.size,
    bytes: [...found].reduce((sum, { code }) => sum + Buffer.byteLength(code), 0),
    modules: [...found].flatMap(({ moduleIds }) => moduleIds.map((id) => relative(root, id))),
    builtins: new Set(
      [...found].flatMap(({ imports }) => imports.filter((name) => name.startsWith('node:'))),
    ),
  };
}

const MAIN = 'runtime/cli/main.ts';
const command = (name: string): string[] => [MAIN, `runtime/cli/commands/${name}.ts`];
const asked = (name: string): string[] => [...command(name), 'runtime/cli/orchestrated.ts'];

test.each([
  ['--version', [MAIN], 24, 3],
  ['run', command('run'), 45, 5],
  ['image inspect', [...command('image'), ...command('image-inspect')], 40, 6],
  ['net list', [...command('net'), ...command('net-list')], 130, 7],
  ['doctor', command('doctor'), 218, 7],
  ['ps', asked('ps'), 100, 6],
  ['ps --remote', [...asked('ps'), 'runtime/client/remotes.ts', 'runtime/client/remote.ts'], 147, 9],
  ['cert show', [...command('cert'), ...command('cert-show'), 'runtime/client/identity.ts'], 120, 6],
] as const)('%s loads little, from few files', (_, sources, kilobytes, files) => {
  const found = loaded(sources);
  expect(found.bytes).toBeLessThan(kilobytes * 1000);
  expect(found.files).toBeLessThanOrEqual(files);
});

test('libraries are loaded where they are needed', () => {
  const libraries = (sources: readonly string[]): string[] =>
    loaded(sources).modules.filter((name) => name.includes('node_modules'));
  for (const name of [
    'run',
    'image-list',
    'net-create',
    'doctor',
    'trace',
    'explain',
    'ps',
    'ca-init',
    'cert-show',
  ])
    expect(libraries(command(name)), name).toEqual([]);
  expect(
    asked('ps').flatMap((source) => loaded([source]).modules.filter((name) => name.includes('x509'))),
  ).toEqual([]);
  expect(libraries(asked('ps'))).toEqual([]);
  // The test sees libraries where they are.
  expect(
    libraries([...command('apply'), 'runtime/cli/fleet/document.ts']).filter((name) => name.includes('yaml')),
  ).not.toEqual([]);
});

test("Node's cryptography is loaded where it is needed", () => {
  const isLoaded = (sources: readonly string[]): boolean => loaded(sources).builtins.has('node:crypto');
  for (const name of ['ps', 'logs', 'create', 'policy', 'events'])
    expect(isLoaded(asked(name)), name).toBe(false);
  expect(isLoaded([...command('cert-show'), 'runtime/client/identity.ts'])).toBe(true);
});

test('what reads certificates waits for nothing and asks nobody: it loads neither files of promises nor sockets', () => {
  const { builtins } = loaded([...command('cert-show'), 'runtime/client/identity.ts']);
  expect([...builtins].filter((name) => /promises|net|tls/.test(name))).toEqual([]);
  const remotely = [...asked('ps'), 'runtime/client/remotes.ts', 'runtime/client/remote.ts'];
  expect(loaded(remotely).builtins).not.toContain('node:fs/promises');
  // Seen where it is.
  expect(loaded(command('cert-revoke')).builtins).toContain('node:fs/promises');
});

test('the libraries that tests hold certificates and DER against are no part of what is installed', () => {
  // Loading it took twice as long as Node itself.
  const modules = chunks.flatMap(({ moduleIds }) => moduleIds);
  expect(
    modules.filter((name) => /@peculiar|tsyringe|reflect-metadata|asn1js|pvutils|pvtsutils/.test(name)),
  ).toEqual([]);
  expect(modules.filter((name) => name.includes('runtime/protocol/x509/'))).not.toEqual([]);
});
