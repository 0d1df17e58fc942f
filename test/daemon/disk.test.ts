// What outlives the daemon, whatever ends it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Disk } from '../../runtime/daemon/disk.ts';
import { withoutImage, type Unikernel } from '../../runtime/daemon/table.ts';
import { formatName } from '../../runtime/protocol/name.ts';
import { config, name, policy } from '../protocol/arbitraries.ts';

let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'kittiwake-disk-'));
});
afterEach(() => fs.rm(folder, { recursive: true }));

const label = { path: ['team'], label: 'hello' };

async function one(): Promise<Unikernel> {
  const { disk } = await Disk.open(folder);
  const [whole] = fc.sample(config, { numRuns: 1, seed: 1 });
  if (!whole) throw new Error('no configuration');
  const digest = await disk.putImage(Buffer.from('an image'));
  const unikernel = { name: label, digest, config: withoutImage(whole) };
  await disk.putUnikernel(unikernel);
  return unikernel;
}

test('what was put is there after the next start, and what was removed is not', async () => {
  await fc.assert(
    fc.asyncProperty(name, config, name, policy, async (called, whole, path, granted) => {
      const { disk } = await Disk.open(folder);
      const unikernel = { name: called, digest: 'ab', config: withoutImage(whole), limits: { cpuMax: 50 } };
      const issued = new Date('2026-11-21T12:00:00Z');
      const policies = new Map([[formatName({ path: path.path }), { ...granted, issued }]]);
      await disk.putUnikernel(unikernel);
      await disk.putPolicies(policies);
      expect((await Disk.open(folder)).remembered).toEqual({
        unikernels: [unikernel],
        past: [],
        policies,
        damaged: [],
      });
      await disk.removeUnikernel(called);
      await disk.putPolicies(new Map());
      const nothing = { unikernels: [], past: [], policies: new Map(), damaged: [] };
      expect((await Disk.open(folder)).remembered).toEqual(nothing);
    }),
    { numRuns: 50, seed: 6 },
  );
});

test('an image is kept once, as it was, until nobody needs it', async () => {
  const { disk } = await Disk.open(folder);
  const bytes = Buffer.from('an image');
  const digest = await disk.putImage(bytes);
  const before = await fs.stat(disk.image(digest));
  expect(await disk.putImage(bytes)).toBe(digest);
  expect((await fs.stat(disk.image(digest))).ino).toBe(before.ino);
  expect(await disk.getImage(digest)).toEqual(bytes);
  expect(before.mode & 0o777).toBe(0o600);
  await disk.collect(new Set([digest]));
  expect(await disk.getImage(digest)).toEqual(bytes);
  await disk.collect(new Set());
  await expect(disk.getImage(digest)).rejects.toThrow('ENOENT');
});

test('an image that is another by now is not given out', async () => {
  const { disk } = await Disk.open(folder);
  const digest = await disk.putImage(Buffer.from('an image'));
  await fs.writeFile(disk.image(digest), 'no image');
  await expect(disk.getImage(digest)).rejects.toThrow('create it again');
});

test.each<[string, (bytes: Buffer) => Buffer]>([
  ['cut short', (bytes) => bytes.subarray(0, bytes.length - 1)],
  ['empty', () => Buffer.alloc(0)],
  ['longer', (bytes) => Buffer.concat([bytes, Buffer.from([0])])],
  ['with one bit turned', (bytes) => Buffer.from(bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte)))],
])('a record that is %s is put aside, named, and keeps nobody from starting', async (_, damage) => {
  await one();
  const [file = ''] = await fs.readdir(join(folder, 'unikernels'));
  const path = join(folder, 'unikernels', file);
  await fs.writeFile(path, damage(await fs.readFile(path)));
  const { remembered } = await Disk.open(folder);
  expect(remembered.unikernels).toEqual([]);
  expect(remembered.damaged).toEqual([`${path}: its checksum is wrong; it is kept as ${path}.damaged`]);
  expect(await fs.readdir(join(folder, 'unikernels'))).toEqual([`${file}.damaged`]);
  expect((await Disk.open(folder)).remembered.damaged).toEqual([]);
});

test('killed at any instant, each record is the old or the new one', async () => {
  for (let round = 0; round < 25; round += 1) {
    const writer = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let written = 0;
    // Some rounds further on each time, so that every step is hit sooner or later.
    for await (const said of writer.stdout) {
      written += String(said).split('\n').length - 1;
      if (written > round % 5) break;
    }
    writer.kill('SIGKILL');
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
    const { disk, remembered } = await Disk.open(folder);
    expect(remembered.damaged).toEqual([]);
    const [unikernel] = remembered.unikernels;
    expect(remembered.unikernels).toHaveLength(1);
    expect([16, 64]).toContain(unikernel?.config.memory);
    expect(unikernel?.config.arguments?.[0]).toHaveLength((unikernel?.config.memory ?? 0) * 1000);
    expect([16, 64]).toContain(remembered.policies.get('a:')?.memory);
    expect(await disk.getImage(unikernel?.digest ?? '')).toHaveLength(100_000);
  }
}, 120_000);
