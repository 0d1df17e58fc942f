// Networks as data: what is refused, and who gets which address.
import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../runtime/network/ip.ts';
import {
  checkNetworkName,
  checkSettings,
  checkSubnet,
  checkTapName,
  findTap,
  samePort,
  withoutTap,
  withTap,
  type Network,
  type Settings,
} from '../../runtime/network/model.ts';
import { formatNetwork, parseNetwork } from '../../runtime/network/state.ts';
import { seeded } from '../random.ts';

const settings: Settings = {
  name: 'web',
  subnet: '10.0.42.0/24',
  forward: 'nat',
  dhcp: false,
  isolated: false,
};
const web: Network = { ...settings, seed: '5e'.repeat(32), taps: [], former: [], published: [] };

describe('names', () => {
  test.each(['web', 'a', 'a1-b2', 'twelveletter'])('%s is one for a network', (name) =>
    checkNetworkName(name),
  );
  test.each([
    '',
    'Web',
    '1web',
    'web-',
    '-web',
    'a--b',
    'we b',
    'web;',
    '../web',
    'thirteenletter',
    'wéb',
    '_host',
  ])('%j is none for a network', (name) =>
    expect(() => checkNetworkName(name)).toThrow(/not a name for a network; take 1 to 12/),
  );
  test.each(['www', 'tap100', 'a.b-c_d', 'fifteen-letters'])('%s is one for a tap', (name) =>
    checkTapName(name),
  );
  test.each(['', 'lo"', '$(id)', 'sixteen-letters-', 'kw-web', '.', '..', 'a/b', 'tap 0', '0tap'])(
    '%j is none for a tap',
    (name) => expect(() => checkTapName(name)).toThrow(/not a name for a tap; take 1 to 15/),
  );
  test.each(['all', 'default'])('%s is none for any interface', (name) =>
    expect(() => checkTapName(name)).toThrow(/Linux lets no interface be called so; take another/),
  );
});

describe('subnets', () => {
  test.each([
    ['10.0.42.1/24', /has host bits set; the subnet is 10\.0\.42\.0\/24/],
    ['10.0.42.0/31', /too small, .* take \/30 or larger/],
    ['10.0.42.0', /not an IPv4 subnet; write it as 10\.0\.42\.0\/24/],
    ['fd00::/64', /not an IPv4 subnet/],
    ['64.0.0.0/7', /too large; take \/8 or smaller/],
    ['127.1.0.0/24', /lies in 127\.0\.0\.0\/8, loopback; take one such as/],
    ['224.0.1.0/24', /multicast and reserved/],
    ['255.255.255.0/24', /multicast and reserved/],
    ['169.254.1.0/24', /link-local/],
  ])('%s is refused', (text, message) =>
    expect(() => checkSubnet('--subnet', text, undefined)).toThrow(message),
  );
  test.each<[string, '--dhcp' | '--bridged' | undefined, RegExp]>([
    ['fd00:42::1/64', undefined, /has host bits set; the subnet is fd00:42::\/64/],
    ['fd00::/127', undefined, /too small/],
    ['fd00::/80', '--dhcp', /with --dhcp .* take a \/64/],
    ['fd00::/80', '--bridged', /with --bridged .* take a \/64/],
    ['fe80::/64', undefined, /link-local/],
    ['ff00::/64', undefined, /multicast/],
    ['::/64', undefined, /loopback and mapped addresses/],
    ['10.0.0.0/24', undefined, /not an IPv6 subnet; write it as fd00:42::\/64/],
  ])('%s is refused', (text, auto, message) =>
    expect(() => checkSubnet('--subnet6', text, auto)).toThrow(message),
  );
  test.each(['10.0.0.0/8', '192.168.7.0/24', '10.0.42.252/30'])('%s is taken', (text) => {
    checkSubnet('--subnet', text, undefined);
  });
  test('an uplink must be a name, and have something to lead up', () => {
    expect(() => checkSettings({ ...settings, uplink: 'eth0"' })).toThrow(/not an interface's name/);
    expect(() => checkSettings({ ...settings, uplink: 'eth0', forward: 'none' })).toThrow(
      /add --nat, --routed or --bridged/,
    );
    expect(() => checkSettings({ ...settings, forward: 'bridged' })).toThrow(
      /no port given to join; add --uplink/,
    );
    expect(() => checkSettings({ ...settings, forward: 'bridged', uplink: 'eth1', dhcp: true })).toThrow(
      /--dhcp: with --bridged it would answer/,
    );
    checkSettings({ ...settings, uplink: 'eth0.100' });
  });
});

describe('addresses', () => {
  const addressOf = (network: Network, name: string): string | undefined => findTap(network, name)?.address;

  test('start after the host, in order, the IPv6 address with the same number', () => {
    const both: Network = { ...web, subnet6: '2001:db8::/64' };
    const two = withTap(withTap(both, { name: 'www' }), { name: 'db' });
    expect(two.taps.map(({ address, address6 }) => [address, address6])).toEqual([
      ['10.0.42.2', '2001:db8::2'],
      ['10.0.42.3', '2001:db8::3'],
    ]);
  });

  test('are those a unikernel makes by itself where it is told to', () => {
    const tap = findTap(withTap({ ...web, dhcp: true, subnet6: 'fd00::/64' }, { name: 'www' }), 'www');
    const identifier = parseAddress(tap?.address6 ?? '')?.value ?? 0n;
    expect(formatAddress({ family: 6, value: identifier })).toMatch(/^fd00::[0-9a-f:]+ff:fe[0-9a-f:]+$/);
  });

  test('stay with a name, and go to others only when there is no other', () => {
    let network: Network = { ...web, subnet: '10.0.42.0/29' };
    for (const name of ['a', 'b', 'c']) network = withTap(network, { name });
    const macOfB = findTap(network, 'b')?.mac;
    network = withTap(withoutTap(network, 'b'), { name: 'd' });
    expect(addressOf(network, 'd')).toBe('10.0.42.5');
    expect(addressOf(withTap(network, { name: 'b' }), 'b')).toBe('10.0.42.3');
    expect(findTap(withTap(network, { name: 'b' }), 'b')?.mac).toBe(macOfB);
    network = withTap(network, { name: 'e' });
    network = withTap(network, { name: 'f' });
    expect(addressOf(network, 'e')).toBe('10.0.42.6');
    expect(addressOf(network, 'f')).toBe('10.0.42.3');
    expect(() => withTap(network, { name: 'g' })).toThrow(
      /all 5 addresses of 10\.0\.42\.0\/29 are taken; remove a tap/,
    );
  });

  test.each([
    ['10.0.42.1', /not for a unikernel of web; take one of 10\.0\.42\.2 to 10\.0\.42\.254/],
    ['10.0.42.255', /not for a unikernel/],
    ['10.0.43.2', /not for a unikernel/],
    ['fd00::2', /not an IPv4 address/],
    ['10.0.42.7', /www has it; take another/],
  ])('%s cannot be asked for', (address, message) => {
    const network = withTap(web, { name: 'www', address: '10.0.42.7' });
    expect(() => withTap(network, { name: 'db', address })).toThrow(message);
  });

  test('whatever is added and removed, no address and no MAC address is there twice, and the file says the same', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed);
      let network: Network = { ...web, subnet: '10.0.42.0/28', subnet6: 'fd00::/120' };
      for (let turn = 0; turn < 100; turn++) {
        const name = `t${random(20)}`;
        if (findTap(network, name)) network = withoutTap(network, name);
        else if (network.taps.length < 13) network = withTap(network, { name });
        for (const values of [network.taps.map((tap) => tap.address), network.taps.map((tap) => tap.mac)])
          expect(new Set(values).size, `seed ${seed}`).toBe(values.length);
        expect(parseNetwork('web', formatNetwork(network))).toEqual(network);
      }
    }
  });
});

test('two publications clash where one packet would be for both', () => {
  const tcp = { protocol: 'tcp', port: 80 } as const;
  expect(samePort(tcp, { ...tcp, address: '127.0.0.1' })).toBe(true);
  expect(samePort({ ...tcp, address: '10.0.0.1' }, { ...tcp, address: '127.0.0.1' })).toBe(false);
  expect(samePort(tcp, { protocol: 'udp', port: 80 })).toBe(false);
});
