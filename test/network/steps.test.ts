// Applying steps: few calls, in their order, and the one that failed is named.
import { expect, test } from 'vitest';
import type { Exec } from '../../runtime/network/exec.ts';
import { apply, ip, nft, sysctl } from '../../runtime/network/steps.ts';

const steps = [
  nft('add table inet kw-web'),
  nft('add chain inet kw-web open'),
  ip('link', 'add', 'kw-web', 'type', 'bridge'),
  ip('addr', 'add', '10.0.42.1/24', 'dev', 'kw-web'),
  sysctl('net.ipv6.conf.kw-web.accept_ra', '0'),
  sysctl('net.ipv4.conf.kw-web.forwarding', '1'),
  ip('link', 'set', 'dev', 'kw-web', 'up'),
];

test('those of one program that follow each other are one call', () => {
  const calls: string[] = [];
  apply(steps, (program, args, input = '') => {
    calls.push(`${[program, ...args].join(' ')}${input && ` <${input}`}`);
    return { status: 0, out: '', err: '' };
  });
  expect(calls).toEqual([
    'nft -f - <add table inet kw-web\nadd chain inet kw-web open\n',
    'ip -batch - <link add kw-web type bridge\naddr add 10.0.42.1/24 dev kw-web\n',
    'sysctl -w net.ipv6.conf.kw-web.accept_ra=0 net.ipv4.conf.kw-web.forwarding=1',
    'ip link set dev kw-web up',
  ]);
});

test.each([
  [
    'RTNETLINK answers: File exists\nCommand failed -:2\n',
    /^ip addr add \S+ dev kw-web: RTNETLINK answers: File exists; mend/,
  ],
  [
    'Error: out of luck\n',
    /^ip link add kw-web type bridge; ip addr add \S+ dev kw-web: Error: out of luck; mend/,
  ],
])('of several the one that failed is named, as far as ip(8) says which: %j', (err, expected) => {
  const exec: Exec = (program) => ({ status: program === 'ip' ? 1 : 0, out: '', err });
  expect(() => apply(steps, exec)).toThrow(expected);
});
