// What doctor reads of processes and command lines.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { tapBehind } from '../../runtime/doctor/facts/behind.ts';
import { guestWords, retold, told } from '../../runtime/doctor/facts/guest.ts';
import { readHolders } from '../../runtime/doctor/facts/holders.ts';
import { answersAt, ownServers } from '../../runtime/doctor/facts/nameservers.ts';
import type { RouteAnswer } from '../../runtime/doctor/facts/probes.ts';

const proc = mkdtempSync(join(tmpdir(), 'kittiwake-proc-'));
afterAll(() => rmSync(proc, { recursive: true }));

function process(pid: number, command: readonly string[], { tap = '', state = 'S (sleeping)' } = {}): void {
  const folder = join(proc, String(pid));
  for (const each of ['fd', 'fdinfo']) mkdirSync(join(folder, each), { recursive: true });
  symlinkSync(tap === '' ? 'socket:[4711]' : '/dev/net/tun', join(folder, 'fd', '3'));
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
    [['--dhcp', '--dns=10.0.0.3'], 4, { nameServer: '10.0.0.3' }],
    [['--ipv6-only', '--dns', 'fd00::3'], 6, { nameServer: 'fd00::3' }],
    [['--dhcp', '--dns=clock.example'], 4, {}],
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

describe('a unikernel that is named by its address', () => {
  const holder = {
    pid: 9,
    tap: 'tap1',
    stopped: false,
    command: ['kittiwake-spt', '--', 'a.spt', '--ipv4=10.0.1.2/24'],
  };
  const link = {
    mac: '',
    loopback: false,
    up: true,
    carrier: true,
    isolated: false,
    mtu: 1500,
    queues: false,
    addresses: [],
  };
  const links = new Map([
    ['tap0', { ...link, name: 'tap0', kind: 'tun', type: 'tap' }],
    ['eth0', { ...link, name: 'eth0' }],
  ]);
  const tap = { name: 'www', mac: '02:00:00:00:00:01', address: '10.0.42.2', address6: 'fd00:42::2' };
  const networks = [{ taps: [tap] }];

  test.each<[string, string, RouteAnswer, string | undefined]>([
    ['its network wrote it down', '10.0.42.2', { dev: 'eth0' }, 'www'],
    ['its network wrote it down, for IPv6', 'fd00:42::2', { dev: 'eth0' }, 'www'],
    ['it was told so', '10.0.1.2', { error: 'Network is unreachable' }, 'tap1'],
    ['the way leads over its tap', '10.0.0.2', { dev: 'tap0' }, 'tap0'],
    ['nobody knows it', '192.0.2.9', { dev: 'eth0' }, undefined],
  ])('is found where %s', (_, address, route, expected) =>
    expect(tapBehind(address, { networks, holders: [holder], links, route })).toBe(expected),
  );
});

describe('a name server', () => {
  const open = async (answer: (query: Buffer) => Buffer | undefined): Promise<Socket> => {
    const socket = createSocket('udp4');
    socket.on('message', (query, { port, address }) => {
      const said = answer(query);
      if (said) socket.send(said, port, address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return socket;
  };

  test.each<[string, boolean, (query: Buffer) => Buffer | undefined]>([
    // Of the header (RFC 1035, section 4.1.1): it is an answer, and says REFUSED.
    [
      'that refuses answers',
      true,
      (query) => Buffer.from([...query.subarray(0, 2), 0x80, 5, ...query.subarray(4)]),
    ],
    ['that says nothing does not', false, () => undefined],
    ['that answers another does not', false, (query) => Buffer.from([0, 0, 0x80, 0, ...query.subarray(4)])],
    ['that asks back does not', false, (query) => query],
    ['that stammers does not', false, (query) => query.subarray(0, 2)],
  ])('%s', async (_, answers, answer) => {
    const server = await open(answer);
    // Whoever is to answer may take its time.
    expect(await answersAt('127.0.0.1', server.address().port, answers ? 60_000 : 300)).toBe(answers);
    server.close();
  });

  test('that does not listen does not, and that is known at once', async () => {
    const server = await open(() => undefined);
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    expect(await answersAt('127.0.0.1', port, 60_000)).toBe(false);
  });

  test('stands in resolv.conf', () => {
    const file = join(proc, 'resolv.conf');
    writeFileSync(
      file,
      '# nameserver 1.1.1.1\nsearch example\nnameserver 10.0.0.1\nnameserver\tfe80::1%eth0\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n',
    );
    expect(ownServers(file)).toEqual(['10.0.0.1', 'fe80::1%eth0', '10.0.0.2']);
    expect(ownServers(join(proc, 'none'))).toEqual([]);
  });
});
