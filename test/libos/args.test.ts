// Command lines of images: addresses, numbers, options.
import { beforeAll, expect, test } from 'vitest';
import { fromModule, loadCore, toModule, type Core } from './core.ts';

let core: Core;
beforeAll(async () => {
  core = await loadCore();
});

test.each<[string, bigint]>([
  ['10.0.0.2', 0x0a000002n],
  ['255.255.255.255', 0xffffffffn],
  ['0.0.0.0', 0n],
  ...[
    '',
    '10.0.0',
    '10.0.0.2.1',
    '10.0.0.256',
    '10.0.0.-1',
    '10.0.0.02',
    '10.0.0.',
    ' 10.0.0.2',
    '0x0a.0.0.2',
    '10,0,0,2',
  ].map((text) => [text, -1n] as [string, bigint]),
])('the address %j', (text, value) => {
  expect(core.ipv4(toModule(core, text))).toBe(value);
});

test.each<[string, number]>([
  ['10.0.0.2/24', 1],
  ['10.0.0.0/31', 1],
  ['10.0.0.2/32', 1],
  ['192.168.1.1/1', 1],
  ...[
    '10.0.0.2',
    '10.0.0.2/',
    '10.0.0.2/0',
    '10.0.0.2/33',
    '10.0.0.0/24',
    '10.0.0.255/24',
    '127.0.0.1/8',
    '224.0.0.1/24',
    '0.0.0.1/8',
    '/24',
  ].map((text) => [text, 0] as [string, number]),
])("a host's address %j", (text, taken) => {
  expect(core.open(toModule(core, text), 0)).toBe(taken);
});

test.each([
  ['0', 255, 0],
  ['255', 255, 255],
  ['256', 255, -1],
  ['', 255, -1],
  ['-1', 255, -1],
  ['1e2', 255, -1],
  ['99999999999', 2147483647, -1],
])('the number %j up to %i', (text, max, value) => {
  expect(core.number(toModule(core, text), max)).toBe(value);
});

test.each([
  ['--ipv4=1.2.3.4/8 more', '--ipv4', '"1.2.3.4/8" more'],
  ['--ipv4 1.2.3.4/8 more', '--ipv4', '"1.2.3.4/8" more'],
  ['  two   blanks  ', '--ipv4', '- two blanks'],
  ['--ipv4', '--ipv4', '"" '],
  ['--ipv4 --other', '--ipv4', '"" --other'],
  ['--a=1 --a=2', '--a', '"2" '],
  ['--ipv4-gateway=1.2.3.4', '--ipv4', '- --ipv4-gateway=1.2.3.4'],
])('the option in %j', (line, name, expected) => {
  expect(fromModule(core, core.option(toModule(core, line), toModule(core, name)))).toBe(expected);
});
