// A workshop with real lab VMs: two attendees at once, each in a machine of their own that steps back before the server.
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { parseLab, type Recording } from '../../labs/runner/lab.ts';
import { vmMachines } from '../../labs/server/vm.ts';
import type { Machine } from '../../labs/vm/machine.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import { memoryOf, processOf, stepBack } from '../../scripts/workshop/process.ts';
import { labSnapshot } from '../../scripts/vm.ts';
import { Presenter, serveWorkshop, sitDown } from './room.ts';

const SCRIPT = '#: lab V\n#: part begin\nwhoami\n#: part look\ncat note\n';
const recording: Recording = new Map([
  ['begin', { exit: 0, output: 'operator' }],
  ['look', { exit: 0, output: 'of Anna' }],
]);

/** Where no lab VM is in the cache one is built first. */
const BUILD_LIMIT_MS = 900_000;
let snapshot: Snapshot;
beforeAll(async () => {
  snapshot = await labSnapshot();
}, BUILD_LIMIT_MS);

test('what one attendee does is in their machine alone', async () => {
  const started: Machine[] = [];
  const back: Promise<void>[] = [];
  const onMachine = (machine: Machine): void => {
    started.push(machine);
    back.push(stepBack(machine));
  };
  const { port } = await serveWorkshop({
    labs: [{ lab: parseLab('real/vm', SCRIPT), recording }],
    start: vmMachines(() => Promise.resolve(snapshot), { factor: 4, onMachine }),
  });
  const presenter = await Presenter.at(port);
  const clients = [await sitDown(port, 'Anna'), await sitDown(port, 'Ben')] as const;
  for (const client of clients) client.say({ type: 'open', lab: 'real/vm' });
  for (const ended of await Promise.all(clients.map((client) => client.run('begin'))))
    expect(ended).toMatchObject({ outcome: 'passed' });
  const [anna, ben] = clients;
  anna.type('echo of Anna > note; echo w""ritten\r');
  await anna.sees('written');
  const [hers, his] = await Promise.all(clients.map((client) => client.run('look')));
  expect(hers).toMatchObject({ outcome: 'passed', causes: [] });
  expect(his).toMatchObject({ outcome: 'failed' });
  expect(ben.screen).not.toContain('of Anna > note');
  await presenter.finds('Ben', ({ failedPart }) => failedPart === 'look');
  await presenter.finds('Anna', ({ passed, part }) => passed === 2 && part === null);

  await Promise.all(back);
  const processes = await Promise.all(started.map(processOf));
  expect(new Set(processes).size).toBe(2);
  for (const process of processes) {
    const stat = await readFile(`/proc/${process}/stat`, 'utf8');
    expect(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])).toBe(5);
    const { shared, own } = await memoryOf(process);
    expect(shared).toBeGreaterThan(50e6);
    expect(shared).toBeLessThan(1.3 * 2 ** 30);
    expect(own).toBeLessThanOrEqual(shared);
  }
}, 300_000);
