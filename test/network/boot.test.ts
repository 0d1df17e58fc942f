// The unit that brings networks back: written once, removed with the last network, and missed where there is no systemd.
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forget, persist, UNIT, unitText, type Boot } from '../../runtime/network/boot.ts';
import type { Exec } from '../../runtime/network/exec.ts';

let folder: string;
let called: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kittiwake-units-'));
  called = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const boot = (): Boot => ({ systemd: true, folder, command: '/usr/local/bin/kittiwake' });

const link = (): string => join(folder, 'multi-user.target.wants', UNIT);

/** Who wants the unit, as far as systemd remembers. */
let wanted: string;

/** systemctl(1), as far as it is used. */
const systemctl: Exec = (program, args) => {
  called.push([program, ...args].join(' '));
  if (args[0] === 'disable') rmSync(link(), { force: true });
  return { status: 0, out: args[0] === 'show' ? `${wanted}\n` : '', err: '' };
};

const start = `systemctl start --no-block ${UNIT}`;

test('is written, enabled and started once, without all units being read anew', () => {
  expect(persist(boot(), systemctl)).toEqual([]);
  expect(called).toEqual([start]);
  expect(readFileSync(join(folder, UNIT), 'utf8')).toBe(unitText('/usr/local/bin/kittiwake'));
  expect(readlinkSync(link())).toBe(join(folder, UNIT));
  persist(boot(), systemctl);
  expect(called).toHaveLength(1);
});

test('is put right when it was lost or changed', () => {
  persist(boot(), systemctl);
  writeFileSync(join(folder, UNIT), 'torn');
  persist(boot(), systemctl);
  expect(readFileSync(join(folder, UNIT), 'utf8')).toBe(unitText('/usr/local/bin/kittiwake'));
  // What it said before systemd may remember.
  expect(called).toEqual([start, 'systemctl daemon-reload', start]);
  rmSync(join(folder, 'multi-user.target.wants'), { recursive: true });
  persist(boot(), systemctl);
  expect(readlinkSync(link())).toBe(join(folder, UNIT));
  rmSync(link());
  symlinkSync('/nonexistent', link());
  persist(boot(), systemctl);
  expect(readlinkSync(link())).toBe(join(folder, UNIT));
  expect(called.slice(3)).toEqual([start, start]);
});

test.each([
  ['as systemd forgets it', '', []],
  ['and from what systemd remembers', 'multi-user.target', ['systemctl daemon-reload']],
])('is removed without a trace, %s', (_, by, reload) => {
  wanted = by;
  persist(boot(), systemctl);
  forget(boot(), systemctl);
  expect([existsSync(join(folder, UNIT)), existsSync(link())]).toEqual([false, false]);
  expect(called.slice(1)).toEqual([
    `systemctl show --property=WantedBy --value ${UNIT}`,
    `systemctl disable --now --no-block --no-reload ${UNIT}`,
    ...reload,
  ]);
  const calls = called.length;
  forget(boot(), systemctl);
  expect(called).toHaveLength(calls);
});

test('runs what sets up all networks, also after nftables has emptied the rules', () => {
  const text = unitText('/opt/kittiwake/bin/kittiwake');
  expect(text).toContain('ExecStart=/opt/kittiwake/bin/kittiwake net up\n');
  expect(text).toMatch(/After=.*nftables\.service/);
  expect(text).toContain('PartOf=nftables.service\n');
});

test('nothing is written without systemd, and the person is told', () => {
  expect(persist({ ...boot(), systemd: false }, systemctl)).toEqual([
    expect.stringMatching(/do not survive a restart.*'kittiwake net up'/),
  ]);
  expect(persist({ ...boot(), command: undefined }, systemctl)).toEqual([]);
  expect(called).toEqual([]);
  expect(existsSync(join(folder, UNIT))).toBe(false);
});

test('whoever comes after a command that was killed, or refused, before the unit was started starts it', () => {
  const killed: Exec = () => {
    throw new Error('killed');
  };
  expect(() => persist(boot(), killed)).toThrow('killed');
  persist(boot(), systemctl);
  expect(called).toEqual([start]);
  expect(existsSync(link())).toBe(true);
});

test('a refusal of systemd is passed on', () => {
  const refusing: Exec = () => ({ status: 1, out: '', err: 'Failed to connect to bus\nmore' });
  expect(() => persist(boot(), refusing)).toThrow(
    /systemctl start --no-block kittiwake-networks.service: Failed to connect to bus; mend that/,
  );
});
