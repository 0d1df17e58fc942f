// Reading the kernel's settings: by name, of the interfaces there are.
import { expect, test } from 'vitest';
import type { Exec } from '../../runtime/network/exec.ts';
import { readHost } from '../../runtime/network/host.ts';

/** A host with these interfaces; `asked` hears of each call of sysctl(8), which knows every key but those of IPv6. */
function host(names: readonly string[], asked: (args: readonly string[]) => void): Exec {
  return (program, args) => {
    const ended = (out: string, status = 0): ReturnType<Exec> => ({ status, out, err: '' });
    if (program === 'ip' && args.includes('addr'))
      return ended(JSON.stringify(names.map((ifname) => ({ ifname, flags: [], mtu: 1500 }))));
    if (program === 'ip') return ended('[]');
    if (program === 'nft') return ended('', 1);
    asked(args);
    const known = args.slice(1).filter((key) => !key.startsWith('net.ipv6.'));
    return ended(known.map((key) => `${key} = 1\n`).join(''), 255);
  };
}

test('settings are asked for by name, and what is not there is left out', () => {
  const calls: (readonly string[])[] = [];
  const { settings } = readHost(host(['eth0.7'], (args) => calls.push(args)));
  expect(calls).toHaveLength(1);
  expect(calls[0]?.[0]).toBe('-e');
  expect(settings.get('net.ipv4.ip_forward')).toBe('1');
  expect(settings.get('net.ipv4.conf.all.rp_filter')).toBe('1');
  expect(settings.get('net.ipv4.conf.eth0/7.forwarding')).toBe('1');
  expect([...settings.keys()].filter((key) => key.startsWith('net.ipv6.'))).toEqual([]);
});

test('no name of an interface makes sysctl(8) set anything', () => {
  const calls: (readonly string[])[] = [];
  const { settings } = readHost(host(['all.rp_filter=0'], (args) => calls.push(args)));
  expect(settings.size).toBeGreaterThan(0);
  expect(calls).toHaveLength(1);
  expect(calls.flat().filter((arg) => arg.includes('='))).toEqual([]);
});

test('however many interfaces there are, no call has more arguments than a program may', () => {
  const names = Array.from({ length: 3000 }, (_, index) => `tap${index}`);
  const calls: (readonly string[])[] = [];
  const { settings } = readHost(host(names, (args) => calls.push(args)));
  for (const args of calls) expect(args.join(' ').length).toBeLessThan(2 ** 19);
  expect(settings.get('net.ipv4.conf.tap2999.forwarding')).toBe('1');
});

test('what is not asked for is not read, and nothing is read twice', () => {
  const calls: string[] = [];
  const read = readHost((program, args) => {
    calls.push(args.includes('route') ? 'routes' : program);
    return host(['eth0'], () => undefined)(program, args);
  });
  expect(calls).toEqual(['ip']);
  for (let turn = 0; turn < 2; turn++) expect([read.firewall, read.routes]).toEqual([undefined, []]);
  expect(calls).toEqual(['ip', 'nft', 'routes']);
});
