// The cache of layers: made once, whole or not at all, shared by clones, cleaned of what nobody uses.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { digestOf, layer } from '../../labs/vm/cache.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kittiwake-cache-'));
  vi.stubEnv('KITTIWAKE_CACHE', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const make = vi.fn(async (target: string) => writeFile(join(target, 'disk'), 'x'));

test('a layer is made once', async () => {
  make.mockClear();
  const made = await layer('rootfs', 'abc', make);
  expect(made).toBe(join(folder, 'vm', 'rootfs-abc'));
  expect(await layer('rootfs', 'abc', make)).toBe(made);
  expect(make).toHaveBeenCalledTimes(1);
  expect(readdirSync(made)).toEqual(['disk']);
});

test('one that fails leaves nothing, and is made the next time', async () => {
  const failing = layer('rootfs', 'abc', () => Promise.reject(new Error('no network')));
  await expect(failing).rejects.toThrow('no network');
  expect(readdirSync(join(folder, 'vm'))).toEqual([]);
  expect(existsSync(await layer('rootfs', 'abc', make))).toBe(true);
});

test('of layers, those long unused go when a new one is made, and leftovers of builders that are gone', async () => {
  const vms = join(folder, 'vm');
  for (const name of [
    'rootfs-old',
    'rootfs-new',
    'snapshot-old',
    'rootfs-x.999999999',
    `rootfs-y.${process.ppid}`,
  ]) {
    mkdirSync(join(vms, name), { recursive: true });
  }
  const long = new Date(Date.now() - 30 * 24 * 3600 * 1000);
  for (const name of ['rootfs-old', 'snapshot-old']) utimesSync(join(vms, name), long, long);
  await layer('rootfs', 'abc', make);
  expect(readdirSync(vms).sort()).toEqual(
    ['rootfs-abc', 'rootfs-new', `rootfs-y.${process.ppid}`, 'snapshot-old'].sort(),
  );
});

test('of more than four layers of a kind those go that nobody used for an hour, the least recent first', async () => {
  const vms = join(folder, 'vm');
  const hours = { a: 0, b: 0.5, c: 2, d: 3, e: 0.2, f: 0.3 };
  for (const [name, age] of Object.entries(hours)) {
    mkdirSync(join(vms, `snapshot-${name}`), { recursive: true });
    const used = new Date(Date.now() - age * 3600 * 1000);
    utimesSync(join(vms, `snapshot-${name}`), used, used);
  }
  await layer('snapshot', 'new', make);
  expect(readdirSync(vms).sort()).toEqual(['a', 'b', 'e', 'f', 'new'].map((name) => `snapshot-${name}`));
});

test('what a killed build with our process number left behind is in nobody’s way', async () => {
  mkdirSync(join(folder, 'vm', `rootfs-abc.${process.pid}`), { recursive: true });
  writeFileSync(join(folder, 'vm', `rootfs-abc.${process.pid}`, 'half'), 'x');
  expect(readdirSync(await layer('rootfs', 'abc', make))).toEqual(['disk']);
});

test('a digest changes with names, contents, execute bits and the other inputs', async () => {
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'a'), { recursive: true });
  writeFileSync(join(tree, 'a', 'f'), '1');
  const seen = [await digestOf(tree), await digestOf(tree, 'x')];
  expect(await digestOf(tree)).toBe(seen[0]);
  writeFileSync(join(tree, 'a', 'f'), '2');
  seen.push(await digestOf(tree));
  writeFileSync(join(tree, 'a', 'g'), '2');
  seen.push(await digestOf(tree));
  writeFileSync(join(tree, 'h'), '2', { mode: 0o755 });
  seen.push(await digestOf(tree));
  expect(new Set(seen).size).toBe(seen.length);
});
