// The addresses of the wire to a unikernel: never in a network this host already reaches.
import { describe, expect, test } from 'vitest';
import { freeWire, wireOf } from '../../scripts/site/subnet.ts';

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';

/** A line of /proc/net/route, whose numbers are in hexadecimal and turned round. */
function route(network: string, mask: string): string {
  const hex = (address: string): string =>
    Buffer.from(address.split('.').map(Number).reverse()).toString('hex').toUpperCase();
  return `eth0\t${hex(network)}\t00000000\t0001\t0\t0\t0\t${hex(mask)}\t0\t0\t0\n`;
}

describe('a wire of our own', () => {
  const first = { host: '10.0.42.1', guest: '10.0.42.2', prefix: 24 };
  test.each<[string, string, string]>([
    ['nothing', '', '10.0.42.2'],
    ['a default route', route('0.0.0.0', '0.0.0.0'), '10.0.42.2'],
    ['a network beside it', route('10.0.43.0', '255.255.255.0'), '10.0.42.2'],
    ['the network itself', route('10.0.42.0', '255.255.255.0'), '172.30.42.2'],
    ['a host in it', route('10.0.42.77', '255.255.255.255'), '172.30.42.2'],
    ['a VPN around it', route('10.0.0.0', '255.0.0.0'), '172.30.42.2'],
    [
      'a VPN and a bridge',
      route('10.0.0.0', '255.0.0.0') + route('172.16.0.0', '255.240.0.0'),
      '192.168.242.2',
    ],
  ])('where the routes lead to %s', (_, routes, guest) => {
    expect(freeWire(HEAD + routes).guest).toBe(guest);
  });

  test('is the first candidate on a fresh host', () => {
    expect(freeWire(HEAD)).toEqual(first);
  });

  test('cannot be had where all are taken', () => {
    const all =
      route('10.0.0.0', '255.0.0.0') +
      route('172.16.0.0', '255.240.0.0') +
      route('192.168.0.0', '255.255.0.0');
    expect(() => freeWire(HEAD + all)).toThrow(/all in use here; make a tap .* with --net/);
  });
});

test.each<[string, string]>([
  ['10.0.0.1/24', '10.0.0.2'],
  ['10.0.0.2/24', '10.0.0.1'],
  ['192.168.7.200/16', '192.168.0.1'],
  ['10.0.0.5/30', '10.0.0.6'],
  ['10.0.0.6/30', '10.0.0.5'],
])('the guest beside %s is %s', (cidr, guest) => {
  const [host = '', prefix] = cidr.split('/');
  expect(wireOf(cidr)).toEqual({ host, guest, prefix: Number(prefix) });
});

test('a network for one has no guest', () => {
  expect(() => wireOf('10.0.0.1/31')).toThrow(/no room for a guest/);
});
