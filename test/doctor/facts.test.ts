// What doctor reads of processes and command lines.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { guestWords, retold, told } from '../../runtime/doctor/facts/guest.ts';
import { readHolders } from '../../runtime/doctor/facts/holders.ts';

const proc = mkdtempSync(join(tmpdir(), 'kittiwake-proc-'));
afterAll(() => rmSync(proc, { recursive: true }));

function process(pid: number, command: readonly string[], { tap = '', state = 'S (sleeping)' } = {}): void {
  const folder = join(proc, String(pid));
  mkdirSync(join(folder, 'fdinfo'), { recursive: true });
  writeFileSync(join(folder, 'cmdline'), command.map((word) => `${word}\0`).join(''));
  writeFileSync(join(folder, 'status'), `Name:\tx\nState:\t${state}\n`);
  writeFileSync(join(folder, 'fdinfo', '3'), tap === '' ? 'pos:\t0\n' : `pos:\t0\niif:\t${tap}\n`);
}

test('who holds a tap is seen by its descriptor, or said by its command line', () => {
  const command = ['/usr/bin/kittiwake-spt', '--net:service=tap1', '--', 'netcheck.spt'];
  process(7, ['qemu-system-x86_64', '--net:service=tap9'], { tap: 'tap0' });
  process(8, command, { state: 'T (stopped)' });
  process(9, command);
  process(10, ['kittiwake-spt', '--net:service=@3', '--', 'netcheck.spt']);
  mkdirSync(join(proc, '11'));
  expect(readHolders(proc)).toEqual([
    { pid: 7, tap: 'tap0', command: ['qemu-system-x86_64', '--net:service=tap9'], stopped: false },
    { pid: 8, tap: 'tap1', command, stopped: true },
  ]);
});

describe('what a unikernel was told', () => {
  test.each<[readonly string[], 4 | 6, object]>([
    [['--ipv4=10.0.1.2/24', '--ipv4-gateway=10.0.1.1'], 4, { address: '10.0.1.2/24', gateway: '10.0.1.1' }],
    [['--ipv4', '10.0.1.2/24', '-l', 'debug'], 4, { address: '10.0.1.2/24' }],
    [['--ipv6=fd00::2/64'], 6, { address: 'fd00::2/64' }],
    [['--ipv6=fd00::2/64'], 4, { address: '10.0.0.2/24' }],
    [[], 4, { address: '10.0.0.2/24' }],
    [[], 6, {}],
    [['--dhcp'], 4, {}],
    [['--ipv6-only'], 4, {}],
    [['--ipv4=nonsense'], 4, {}],
  ])('%j by IPv%i', (words, family, expected) => expect(told(words, family)).toEqual(expected));

  test('stands behind the image', () => {
    expect(guestWords(['kittiwake-spt', '--net:service=tap0', '--', 'a.spt', '--dhcp'])).toEqual(['--dhcp']);
    expect(guestWords(['solo5-hvt', '--net:service=tap0', 'a.hvt', '--dhcp'])).toEqual(['--dhcp']);
    expect(guestWords(['solo5-hvt'])).toEqual([]);
  });

  test('is said otherwise in its place', () => {
    const command = ['kittiwake-spt', '--', 'a.spt', '--ipv4', '10.0.7.2/24', '-l', 'debug'];
    expect(retold(command, '--ipv4', '10.0.0.2/24')).toEqual([
      ...['kittiwake-spt', '--', 'a.spt', '-l', 'debug', '--ipv4=10.0.0.2/24'],
    ]);
  });
});
