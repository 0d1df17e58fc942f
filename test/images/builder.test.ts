// The image builder's own input: manifests it refuses, and what it says about another toolchain.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { notesSource, readManifest } from '../../scripts/images/manifest.ts';
import { differences } from '../../scripts/images/toolchain.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kittiwake-manifest-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(text: string) {
  const file = join(folder, 'manifest.json');
  await writeFile(file, text);
  return readManifest(file);
}

const manifest = (...devices: unknown[]): string =>
  JSON.stringify({ type: 'solo5.manifest', version: 1, devices });
const net = { name: 'service', type: 'NET_BASIC' };

test('a manifest becomes entries in its order, behind the reserved one', async () => {
  const devices = await read(manifest(net, { name: 'disk0', type: 'BLOCK_BASIC' }));
  expect(devices).toEqual([net, { name: 'disk0', type: 'BLOCK_BASIC' }]);
  const source = notesSource('spt', devices, ['FEATURE_NOTICE', 'FEATURE_STOP']);
  expect(source).toContain('ABI_SPT');
  expect(source).toMatch(/MFT_RESERVED_FIRST\}[^]*"service", \.type = 2\}[^]*"disk0", \.type = 1\}/);
  expect(source).toContain('.entries = 3,');
  expect(source).toContain('.features = FEATURE_NOTICE | FEATURE_STOP,');
});

test('63 devices are the most', async () => {
  const many = Array.from({ length: 63 }, (_, i) => ({ ...net, name: `d${i}` }));
  expect(await read(manifest(...many))).toHaveLength(63);
  await expect(read(manifest(...many, { ...net, name: 'more' }))).rejects.toThrow('at most 63');
});

test.each([
  ['', 'not a JSON object'],
  ['null', 'not a JSON object'],
  ['{}', 'not a manifest of version 1'],
  ['{"type":"solo5.manifest","version":2,"devices":[]}', 'not a manifest of version 1'],
  ['{"type":"solo5.manifest","version":1}', "'devices' is no list"],
  [manifest({ type: 'NET_BASIC' }), "'' is no device name"],
  [manifest({ ...net, name: 'no"quote' }), `'no"quote' is no device name`],
  [manifest({ ...net, name: 'a'.repeat(68) }), 'is no device name'],
  [manifest({ ...net, type: 'NET' }), "device service: 'NET' is none of BLOCK_BASIC, NET_BASIC"],
  [manifest({ ...net, type: 'toString' }), "'toString' is none of"],
  [manifest(net, net), 'device service is declared twice'],
])('%s is refused', async (text, why) => {
  await expect(read(text)).rejects.toThrow(why);
  await expect(read(text)).rejects.toThrow(join(folder, 'manifest.json'));
});

test('another version of a program is named, the same ones are not', () => {
  const recorded = { assemblyscript: '0.28.20', wasm2c: '1.0.32', gcc: 'gcc 12.2.0', ld: 'GNU ld 2.40' };
  expect(differences(recorded, recorded)).toEqual([]);
  expect(differences(recorded, { ...recorded, gcc: 'gcc 14.2.0' })).toEqual([
    'gcc is gcc 14.2.0 here, the index was made with gcc 12.2.0',
  ]);
});
