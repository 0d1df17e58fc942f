// The command line of a tender.
import { expect, test } from 'vitest';
import { tenderArguments } from '../../runtime/daemon/tender.ts';
import { macOf } from '../../runtime/protocol/mac.ts';
import { parseName } from '../../runtime/protocol/name.ts';

test.each([
  ['hello', '00:80:41:cd:8a:eb'],
  ['foo:hello', '00:80:41:df:aa:23'],
])('the address of device service of %s is the one Albatross gives it', (name, address) => {
  expect(macOf(parseName(name), 'service')).toBe(address);
});

test('everything a unikernel has is on it, in order, the image after the options', () => {
  const name = parseName('foo:hello');
  const config = {
    typ: 'solo5',
    addName: true,
    failBehaviour: { kind: 'quit' },
    cpuids: [0],
    memory: 32,
    blocks: [{ name: 'data', hostDevice: 'disk', sectorSize: 4096 }],
    bridges: [{ name: 'service' }, { name: 'lan', bridge: 'br0', mac: '02:00:00:00:00:01' }],
    arguments: ['--ipv4=10.0.0.2/24', '-l', '*:debug'],
    cpus: 1,
  } as const;
  const attached = {
    taps: new Map([
      ['service', 'kwt0'],
      ['lan', 'kwt1'],
    ]),
    blocks: new Map([['foo:disk', '/var/lib/x/foo:disk']]),
  };
  expect(tenderArguments({ name, config, digest: '' }, '/img', attached, true)).toEqual([
    '--mem=32',
    '--net:service=kwt0',
    '--net-mac:service=00:80:41:df:aa:23',
    '--net:lan=kwt1',
    '--net-mac:lan=02:00:00:00:00:01',
    '--block:data=/var/lib/x/foo:disk',
    '--block-sector-size:data=4096',
    '--',
    '/img',
    '--name=hello',
    '--ipv4=10.0.0.2/24',
    '-l',
    '*:debug',
  ]);
  const unnamed = { name, config: { ...config, arguments: [] }, digest: '' };
  expect(tenderArguments(unnamed, '/img', attached, false).slice(-2)).toEqual(['--', '/img']);
  expect(() => tenderArguments(unnamed, '/img', { ...attached, taps: new Map() }, false)).toThrow(
    'not attached',
  );
});
