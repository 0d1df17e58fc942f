// Addresses, prefixes and MAC addresses as numbers.
import { isIPv4, isIPv6 } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  contains,
  formatAddress,
  formatPrefix,
  networkOf,
  overlaps,
  parseAddress,
  parsePrefix,
  type Prefix,
} from '../../runtime/network/ip.ts';
import { autoconfigured, eui64, isMac, macOf } from '../../runtime/network/mac.ts';
import { seeded } from '../random.ts';

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (!parsed) throw new Error(text);
  return parsed;
}

describe('addresses', () => {
  test.each([
    ['10.0.42.1', '10.0.42.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['fd00:42::', 'fd00:42::'],
    ['FD00:0042:0:0:0:0:0:0001', 'fd00:42::1'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1:2:3:4:5'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ])('%s is %s', (text, canonical) => {
    const address = parseAddress(text);
    expect(address && formatAddress(address)).toBe(canonical);
  });

  test.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '1::2::3',
    'fe80::1%eth0',
    '10.0.0.1/24',
    '::g',
    ' ::1',
  ])('%j is none', (text) => expect(parseAddress(text)).toBeUndefined());

  test.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/024',
    '10.0.0.0/-1',
    '::/129',
    '/24',
    '::1/64/64',
  ])('%j is no prefix', (text) => expect(parsePrefix(text)).toBeUndefined());

  test('any address is read back from its text', () => {
    const random = seeded(42);
    for (let turn = 0; turn < 2000; turn++) {
      const words = Array.from({ length: 8 }, () => (random(3) === 0 ? random(0x10000) : 0));
      const value = words.reduce((n, word) => (n << 16n) | BigInt(word), 0n);
      const text = formatAddress({ family: 6, value });
      expect(isIPv6(text), text).toBe(true);
      expect(parseAddress(text), text).toEqual({ family: 6, value });
      // The system's own idea of the shortest form (RFC 5952).
      expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
    }
  });

  test('what Node takes for an address is one, and nothing else, however it is written', () => {
    const random = seeded(7);
    const parts = [
      ...['', ':', '::', ':::', '.', '/', '%', '%eth0', ' ', '-', '+', '0x', 'g', '\0', '\n', '٣', '１'],
      ...[
        '0',
        '00',
        '1',
        '9',
        '10',
        '99',
        '255',
        '256',
        '001',
        '1e1',
        'f',
        'F',
        'abcd',
        'ABCDE',
        '12345',
        '10.0.0.1',
      ],
    ];
    const pick = <Item>(list: readonly Item[]): Item => list[random(list.length)] as Item;
    const count = { 4: 0, 6: 0, none: 0 };
    for (let turn = 0; turn < 60_000; turn++) {
      const word = (): string => (random(4) === 0 ? pick(parts) : random(0x10000).toString(16));
      const octet = (): string => (random(12) === 0 ? pick(parts) : String(random(260)));
      const four = (): string => Array.from({ length: random(8) === 0 ? random(6) : 4 }, octet).join('.');
      const groups = Array.from({ length: random(3) === 0 ? 8 : random(10) }, () =>
        random(8) === 0 ? pick(parts) : random(0x10000).toString(16),
      );
      if (random(2) === 0) groups.splice(random(groups.length + 1), 0, random(2) === 0 ? '' : '0');
      if (random(5) === 0) groups.push(four());
      const text = [
        four(),
        groups.join(':'),
        `${groups.join(':')}::`,
        `::${groups.join(':')}`,
        word() + word() + word(),
      ][random(5)] as string;
      const family = isIPv4(text) ? 4 : isIPv6(text) && !text.includes('%') ? 6 : undefined;
      const address = parseAddress(text);
      expect(address?.family, JSON.stringify(text)).toBe(family);
      count[family ?? 'none']++;
      if (address?.family !== 6) continue;
      // The system's own reading.
      expect(`http://[${formatAddress(address)}]/`, text).toBe(new URL(`http://[${text}]/`).href);
    }
    for (const each of Object.values(count)) expect(each).toBeGreaterThan(3000);
  });

  test('prefixes contain and overlap each other', () => {
    expect(formatPrefix(networkOf(prefix('10.0.42.77/24')))).toBe('10.0.42.0/24');
    expect(overlaps(prefix('10.0.42.0/24'), prefix('10.0.0.0/16'))).toBe(true);
    expect(overlaps(prefix('10.0.42.0/24'), prefix('10.0.43.0/24'))).toBe(false);
    expect(overlaps(prefix('10.0.42.0/24'), prefix('10.0.42.255/32'))).toBe(true);
    expect(overlaps(prefix('0.0.0.0/0'), prefix('::/0'))).toBe(false);
    expect(contains(prefix('fd00::/64'), prefix('fd00::ffff:ffff:ffff:ffff/128'))).toBe(true);
    expect(contains(prefix('fd00::/64'), prefix('fd00:0:0:1::/128'))).toBe(false);
  });
});

describe('MAC addresses', () => {
  test('are those of one station, locally administered, the same each time, and others for other names and seeds', () => {
    const seed = 'ab'.repeat(32);
    expect(macOf(seed, 'www')).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(macOf(seed, 'www')).toBe(macOf(seed, 'www'));
    expect(macOf(seed, 'db')).not.toBe(macOf(seed, 'www'));
    expect(macOf('cd'.repeat(32), 'www')).not.toBe(macOf(seed, 'www'));
    expect(macOf(seed, 'www', new Set([macOf(seed, 'www')]))).not.toBe(macOf(seed, 'www'));
  });

  test('give the address that a host makes by itself', () => {
    const mac = '02:00:00:00:01:00';
    expect(formatAddress({ family: 6, value: autoconfigured(prefix('fe80::/64'), mac) })).toBe(
      'fe80::ff:fe00:100',
    );
    expect(eui64('00:00:5e:10:20:30')).toBe(0x02005efffe102030n);
  });

  test.each([
    '02:00:00:00:01',
    '03:00:00:00:01:00',
    '02:00:00:00:01:0g',
    '02-00-00-00-01-00',
    '0200:00:00:01:00',
  ])('%s is none', (text) => expect(isMac(text)).toBe(false));
});
