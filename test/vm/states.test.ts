// States of machines: kept once, found again, and as many as there is room for.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseLab, parseRecording } from '../../labs/runner/lab.ts';
import { keepStanding, stateBefore } from '../../labs/runner/states.ts';
import type { Machine } from '../../labs/vm/machine.ts';
import type { RunOptions } from '../../labs/vm/shell.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import { findState, keepState, makeRoom } from '../../labs/vm/states.ts';

let folder: string;
let states: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kittiwake-states-'));
  states = join(folder, 'vm', 'states');
  mkdirSync(states, { recursive: true });
  writeFileSync(join(folder, 'disk'), 'disk');
  vi.stubEnv('KITTIWAKE_CACHE', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const snapshotOf = (digest: string): Snapshot => ({ digest, hardware: {} }) as Snapshot;

/** A machine whose QEMU writes `state` where it is told to, and what it was told. */
function machineOf(
  snapshot: Snapshot,
  status = 'completed',
  aheadS = 0,
): { machine: Machine; told: string[] } {
  const told: string[] = [];
  const run = (command: string, args: Record<string, unknown> = {}): Promise<unknown> => {
    told.push(command);
    const file = /'(.*)'/.exec(String(args['uri']))?.[1];
    if (command === 'migrate' && file !== undefined) writeFileSync(file, 'state');
    return Promise.resolve(command === 'query-migrate' ? { status } : {});
  };
  const tell = (_: string, { onOutput }: RunOptions): Promise<void> => {
    onOutput(`${Math.round(Date.now() / 1000) + aheadS}\r\n`);
    return Promise.resolve();
  };
  const shell = { idle: true, nonce: 'abc', run: tell };
  const machine = {
    ...{ qemu: { control: { run } }, snapshot, disk: join(folder, 'disk') },
    ...{ root: shell, operator: shell, superuser: shell },
    wake: (ahead: number) => Promise.resolve(told.push(`wake ${ahead}`)),
  } as unknown as Machine;
  return { machine, told };
}

test('a state is kept once, and found by its snapshot and its name', async () => {
  const { machine, told } = machineOf(snapshotOf('one'));
  await keepState(machine, 'digest', { know: 'this' });
  await keepState(machine, 'digest', { know: 'that' });
  expect(told.filter((command) => command === 'migrate')).toHaveLength(1);
  expect(told.slice(-2)).toEqual(['cont', 'wake 0']);
  const found = await findState(snapshotOf('one'), 'digest');
  expect(found?.notes).toEqual({ know: 'this' });
  expect(found?.snapshot).toMatchObject({ frozen: true, shells: { root: 'abc', operator: 'abc' } });
  expect(await findState(snapshotOf('two'), 'digest')).toBeUndefined();
  expect(await findState(snapshotOf('one'), 'another')).toBeUndefined();
});

test('a clock that a lab has set stays as far from the right time as it is', async () => {
  const { machine, told } = machineOf(snapshotOf('one'), 'completed', -345_600);
  await keepState(machine, 'digest', null);
  expect(told.at(-1)).toMatch(/^wake -345\d{3}$/);
  const found = await findState(machine.snapshot, 'digest');
  expect(Math.abs((found?.snapshot.aheadS ?? 0) + 345_600)).toBeLessThan(30);
});

test('what cannot be frozen goes on, and leaves nothing', async () => {
  const { machine, told } = machineOf(snapshotOf('one'), 'failed');
  await expect(keepState(machine, 'digest', null)).rejects.toThrow('is there space for its state?');
  expect(told.at(-1)).toBe('cont');
  expect(readdirSync(states)).toEqual([]);
});

test('one too old to go on from is made again', async () => {
  const { machine } = machineOf(snapshotOf('one'));
  await keepState(machine, 'digest', 'old');
  const [name = ''] = readdirSync(states);
  const yesterday = new Date(Date.now() - 24 * 3600_000);
  utimesSync(join(states, name, 'state'), yesterday, yesterday);
  expect(await findState(machine.snapshot, 'digest')).toBeUndefined();
  await keepState(machine, 'digest', 'new');
  expect((await findState(machine.snapshot, 'digest'))?.notes).toBe('new');
  expect(readdirSync(states)).toHaveLength(1);
});

test('when there are too many, those go that were used least lately, and what killed makers left', async () => {
  const make = (name: string, minutesUnused: number): void => {
    mkdirSync(join(states, name));
    writeFileSync(join(states, name, 'state'), Buffer.alloc(100_000, 1));
    const used = new Date(Date.now() - minutesUnused * 60_000);
    utimesSync(join(states, name), used, used);
  };
  for (const [name, minutes] of Object.entries({ c: 3, a: 30, b: 20, now: 0 })) make(name, minutes);
  make('killed.2147483646', 0);
  make(`running.${process.pid}`, 0);
  await makeRoom(states, 250_000);
  expect(readdirSync(states).sort()).toEqual(['c', 'now', `running.${process.pid}`]);
  // Whoever has just found it is about to read it.
  await makeRoom(states, 0);
  expect(readdirSync(states).sort()).toEqual(['now', `running.${process.pid}`]);
});

test('a lab is gone on with from the nearest point that is kept, which an edit before it makes another', async () => {
  const source = '#: lab A\n#: part one\n:\n#: part two\n:\n#: part three\n:\n#: part four\n:\n';
  const [lab, recording] = [parseLab('a/b', source), parseRecording('a/b', '')];
  const snapshot = snapshotOf('one');
  const { machine } = machineOf(snapshot);
  expect(await stateBefore(lab, recording, 'three', snapshot)).toEqual({ snapshot, done: 0, met: [] });
  await keepStanding(machine, lab, recording, 'one', []); // every machine begins there
  expect(existsSync(states) && readdirSync(states)).toEqual([]);
  await keepStanding(machine, lab, recording, 'three', [['one', [['ip:web', '10.0.0.2']]]]);
  const before = { done: 2, met: [['one', [['ip:web', '10.0.0.2']]]], snapshot: { frozen: true } };
  expect(await stateBefore(lab, recording, 'three', snapshot)).toMatchObject(before);
  expect(await stateBefore(lab, recording, 'four', snapshot)).toMatchObject(before);
  expect(await stateBefore(lab, recording, 'two', snapshot)).toMatchObject({ done: 0 });
  const edited = parseLab('a/b', source.replace('part two\n:', 'part two\ntrue'));
  expect(await stateBefore(edited, recording, 'three', snapshot)).toMatchObject({ done: 0 });
});
