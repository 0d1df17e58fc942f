// The unit that brings networks back: written once, removed with the last network, and missed where there is no systemd.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** systemctl(1), as far as it is used. */
const systemctl: Exec = (program, args) => {
  called.push([program, ...args].join(' '));
  const wants = join(folder, 'multi-user.target.wants');
  if (args[0] === 'enable') {
    mkdirSync(wants, { recursive: true });
    writeFileSync(join(wants, UNIT), '');
  }
  if (args[0] === 'disable') rmSync(join(wants, UNIT), { force: true });
  return { status: 0, out: '', err: '' };
};

test('is written and enabled once, and put right when it was lost or changed', () => {
  expect(persist(boot(), systemctl)).toEqual([]);
  expect(called).toEqual([`systemctl enable --now --no-block ${UNIT}`]);
  expect(readFileSync(join(folder, UNIT), 'utf8')).toBe(unitText('/usr/local/bin/kittiwake'));
  persist(boot(), systemctl);
  expect(called).toHaveLength(1);
  writeFileSync(join(folder, UNIT), 'torn');
  persist(boot(), systemctl);
  expect(readFileSync(join(folder, UNIT), 'utf8')).toBe(unitText('/usr/local/bin/kittiwake'));
  rmSync(join(folder, 'multi-user.target.wants'), { recursive: true });
  persist(boot(), systemctl);
  expect(called.filter((each) => each.includes('enable'))).toHaveLength(3);
});

test('is removed without a trace', () => {
  persist(boot(), systemctl);
  forget(boot(), systemctl);
  expect(existsSync(join(folder, UNIT))).toBe(false);
  expect(called.slice(1)).toEqual([
    `systemctl disable --now --no-block --no-reload ${UNIT}`,
    'systemctl daemon-reload',
  ]);
  forget(boot(), systemctl);
  expect(called).toHaveLength(3);
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

test('a refusal of systemd is passed on', () => {
  const refusing: Exec = () => ({ status: 1, out: '', err: 'Failed to connect to bus\nmore' });
  expect(() => persist(boot(), refusing)).toThrow(
    /systemctl enable --now --no-block kittiwake-networks.service: Failed to connect to bus; mend that/,
  );
});
