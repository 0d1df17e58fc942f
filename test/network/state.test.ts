// The files: what is believed of them, and how they are written.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withTap, type Network } from '../../runtime/network/model.ts';
import { Damage, formatNetwork, parseChanges, parseNetwork } from '../../runtime/network/state.ts';
import { folderStore } from '../../runtime/network/store.ts';
import { seeded } from '../random.ts';

const empty: Network = {
  ...{
    name: 'web',
    subnet: '10.0.42.0/24',
    subnet6: 'fd00::/64',
    forward: 'nat',
    uplink: 'eth0',
    dhcp: false,
    isolated: true,
  },
  ...{ seed: '5e'.repeat(32), taps: [], former: [{ name: 'old', address: '10.0.42.9' }], published: [] },
  applied: { wanted: 'a'.repeat(64), listed: 'b'.repeat(64) },
};
const web: Network = {
  ...withTap(withTap(empty, { name: 'www', user: 'agent' }), { name: 'db', group: '100' }),
  published: [
    { protocol: 'tcp', port: 8080, tap: 'www', guestPort: 80 },
    { protocol: 'udp', address: 'fd00::1', port: 53, tap: 'db', guestPort: 53 },
  ],
};
const text = formatNetwork(web);

describe('a file', () => {
  test('is read as it was written', () => expect(parseNetwork('web', text)).toEqual(web));

  const broken: readonly (readonly [what: string, path: string, value: unknown, message: RegExp])[] = [
    ['another version', 'version', 2, /version 2, not 1/],
    ['another name', 'name', 'db', /it is network "db"/],
    ['a name for a path', 'name', '../x', /not a name for a network/],
    ['host bits', 'subnet', '10.0.42.1/24', /host bits/],
    ['an uplink that nft would read', 'uplink', 'e" accept', /not an interface's name/],
    ['no seed', 'seed', undefined, /seed is not valid/],
    ['a name twice', 'taps.1.name', 'www', /names of taps are not all different/],
    ['an address twice', 'taps.1.address', '10.0.42.2', /addresses are not all different/],
    ['a MAC address twice', 'taps.1.mac', web.taps[0]?.mac, /MAC addresses are not all different/],
    ["the host's address", 'taps.0.address', '10.0.42.1', /is the host's/],
    ['a foreign address', 'taps.0.address', '10.0.43.2', /is not of the subnet/],
    ['no IPv6 address', 'taps.0.address6', undefined, /is not of the subnet/],
    ['a tap nft would read', 'taps.0.name', 'x"; drop', /taps\[0\]\.name is not valid/],
    ["a group's MAC address", 'taps.0.mac', '01:00:00:00:00:00', /taps\[0\]\.mac is not valid/],
    ['a user ip would read', 'taps.0.user', '--help', /taps\[0\]\.user is not valid/],
    ['a port of no tap', 'published.0.tap', 'lo', /no tap lo to publish/],
    ['port 0', 'published.0.port', 0, /published\[0\]\.port is not a port/],
    ['half a port', 'published.0.guestPort', 80.5, /guestPort is not a port/],
    ['a protocol', 'published.0.protocol', 'sctp', /published\[0\]\.protocol is not valid/],
    [
      'an address nft would read',
      'published.0.address',
      '::1 accept',
      /published\[0\]\.address is not valid/,
    ],
    ['taps that are none', 'taps', {}, /taps is not a list of up to/],
    ['a tap that is none', 'taps.0', null, /taps\[0\] is not an object/],
    ['a digest', 'applied.wanted', 'x', /applied\.wanted is not valid/],
  ];
  test.each(broken)('with %s is refused', (_, path, value, message) => {
    const state = JSON.parse(text) as object;
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const within = keys.reduce<object>((inner, key) => Reflect.get(inner, key) as object, state);
    Reflect.set(within, last, value);
    expect(() => parseNetwork('web', JSON.stringify(state))).toThrow(message);
  });

  test('that is cut or altered anywhere is read or refused, and never a surprise', () => {
    const random = seeded(7);
    for (let turn = 0; turn < 3000; turn++) {
      const at = random(text.length);
      const altered =
        turn % 3 === 0
          ? text.slice(0, at)
          : text.slice(0, at) + String.fromCharCode(random(128)) + text.slice(at + random(3));
      try {
        const network = parseNetwork('web', altered);
        expect(parseNetwork('web', formatNetwork(network))).toEqual(network);
      } catch (error) {
        expect(error, `turn ${turn}`).toBeInstanceOf(Damage);
      }
    }
  });

  test.each([
    '{"version":1,"changes":[{"key":"kernel.core_pattern","was":"0","set":"1","networks":[],"besides":{}}]}',
    '{"version":1,"changes":[{"key":"net.ipv4.ip_forward","was":"0 1","set":"1","networks":[],"besides":{}}]}',
    '{"version":1,"changes":[{"key":"net.ipv4.ip_forward","was":"0","set":"1","networks":[1],"besides":{}}]}',
    '{"version":1,"changes":[{"key":"net.ipv4.ip_forward","was":"0","set":"1","networks":[],"besides":{"vm.swappiness":"1"}}]}',
  ])('of the host with %s is refused', (changes) => expect(() => parseChanges(changes)).toThrow(Damage));
});

describe('the folder', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kittiwake-networks-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  test('holds each network in a file, and forgets it with the file', () => {
    const store = folderStore(join(folder, 'deep', 'down'));
    expect(store.names()).toEqual([]);
    store.write(web);
    expect(store.names()).toEqual(['web']);
    expect(store.read('web')).toEqual(web);
    expect(store.read('db')).toBeUndefined();
    store.remove('web');
    expect(store.names()).toEqual([]);
  });

  test('that a crash left a half written file in is as before it', () => {
    const store = folderStore(folder);
    store.write(web);
    writeFileSync(join(folder, 'web.json.new'), '{"vers');
    expect(store.names()).toEqual(['web']);
    expect(store.read('web')).toEqual(web);
    store.write(empty);
    expect(store.read('web')).toEqual(empty);
    expect(existsSync(join(folder, 'web.json.new'))).toBe(false);
  });

  test.each([
    [
      'a torn file',
      (path: string) => writeFileSync(path, text.slice(0, 100)),
      /web\.json: damaged \(not JSON\); put back a copy/,
    ],
    ['a link', (path: string) => symlinkSync('/etc/passwd', path), /web\.json: cannot be read \(ELOOP\)/],
    ['a folder', (path: string) => mkdirSync(path), /web\.json: not a file of ours/],
    [
      'a huge file',
      (path: string) => writeFileSync(path, ' '.repeat((1 << 20) + 1)),
      /web\.json: not a file of ours/,
    ],
  ])('with %s in it says so', (_, spoil, message) => {
    spoil(join(folder, 'web.json'));
    expect(() => folderStore(folder).read('web')).toThrow(message);
  });

  test('never writes through a link that lies in its way', () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, join(folder, 'web.json.new'));
    folderStore(folder).write(web);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(folderStore(folder).read('web')).toEqual(web);
  });

  test('lets one at a time in', () => {
    const store = folderStore(folder);
    store.locked(() => {
      // The same lock, by another open file, without waiting.
      expect(() => store.locked(() => undefined, 0)).toThrow(/another kittiwake net has been at work/);
    });
    expect(store.locked(() => 'in')).toBe('in');
  });
});
