// Whose work is in a bundle: what dpkg says of it, and where its source is.
import { expect, test } from 'vitest';
import { packagesIn } from '../../scripts/bundle/licences.ts';
import { librariesOf } from '../../scripts/bundle/libraries.ts';

const STATUS = `Package: bash
Status: install ok installed
Version: 5.2.15-2+b9
Source: bash (5.2.15-2)
Description: a shell
 Source: not a field

Package: gone
Status: deinstall ok config-files
Version: 1

Package: libc6
Status: install ok installed
Source: glibc
Version: 2.36-9

Package: dash
Status: install ok installed
Version: 0.5.12-2
`;

test('each installed package is told with its source, and the version of that', () => {
  expect(packagesIn(STATUS)).toEqual([
    { name: 'bash', version: '5.2.15-2+b9', source: 'bash', sourceVersion: '5.2.15-2' },
    { name: 'libc6', version: '2.36-9', source: 'glibc', sourceVersion: '2.36-9' },
    { name: 'dash', version: '0.5.12-2', source: 'dash', sourceVersion: '0.5.12-2' },
  ]);
});

test('the libraries of a program are found with its loader, and without the kernel’s own', async () => {
  const found = await librariesOf('/bin/sh');
  expect(found.get('libc.so.6')).toMatch(/^\/.*\/libc\.so\.6$/);
  expect([...found.keys()].filter((name) => name.startsWith('ld-linux'))).toHaveLength(1);
  expect([...found.keys()].filter((name) => name.includes('vdso'))).toEqual([]);
});
