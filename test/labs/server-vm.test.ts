// The lab server with real lab VMs: a lab top to bottom, stopped, started at a part and reset, with a terminal beside it.
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { parseLab, type Recording } from '../../labs/runner/lab.ts';
import { vmMachines } from '../../labs/server/vm.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import { labSnapshot } from '../../scripts/vm.ts';
import { Client } from './client.ts';
import { serve, TOKEN } from './fake.ts';

/** What it is frozen as is none that an earlier run has left. */
const SCRIPT = `#: lab V
#: part name
# ${randomUUID()}
word=kept; echo "$(whoami) at $(hostname)"
#: part root user=root
whoami
#: part look
echo "$word"; cat note
#: part wait budget=60s
sleep 50
`;
const recording: Recording = new Map([
  ['name', { exit: 0, output: 'operator at lab' }],
  ['root', { exit: 0, output: 'root' }],
  ['look', { exit: 0, output: 'kept\nleft by hand' }],
  ['wait', { exit: 0, output: '' }],
]);

/** Where no lab VM is in the cache one is built first. */
const BUILD_LIMIT_MS = 900_000;
let snapshot: Snapshot;
beforeAll(async () => {
  snapshot = await labSnapshot();
}, BUILD_LIMIT_MS);

test('a reader runs a lab, types beside it, stops a part, starts at one, and resets', async () => {
  const { port } = await serve({
    labs: [{ lab: parseLab('real/vm', SCRIPT), recording }],
    start: vmMachines(() => Promise.resolve(snapshot)),
  });
  const { client } = await Client.welcome(port, TOKEN);
  client.say({ type: 'open', lab: 'real/vm' });
  client.say({ type: 'resize', cols: 101, rows: 31 });
  for (const part of ['name', 'root']) expect(await client.run(part)).toMatchObject({ outcome: 'passed' });
  client.type('stty size; echo left by hand > note; echo w""ritten\r');
  await client.sees('written');
  expect(client.screen).toContain('31 101');
  expect(await client.run('look')).toMatchObject({ outcome: 'passed' });

  client.say({ type: 'run', part: 'wait' });
  await client.hear('started');
  client.say({ type: 'stop' });
  expect(await client.hear('ended')).toMatchObject({ causes: ['it was stopped'], exit: 130 });
  // The shell is still the same.
  expect(await client.run('look')).toMatchObject({ outcome: 'passed', causes: [], rows: [] });

  for (const replayed of [['name', 'root'], []]) {
    const from = client.heard.length;
    client.say({ type: 'start-at', part: 'look' });
    await client.hear('machine', ({ state }) => state === 'starting');
    await client.hear('machine', ({ state }) => state === 'ready');
    const started = client.heard
      .slice(from)
      .flatMap((message) => (message.type === 'started' ? [message] : []));
    expect(started.map(({ part }) => part)).toEqual(replayed);
    // The variable is there, and what was typed is not.
    expect(await client.run('look')).toMatchObject({
      rows: [{ kind: 'same' }, { kind: 'missing' }, { kind: 'unexpected' }],
    });
  }
  client.say({ type: 'reset' });
  await client.hear('machine', ({ state }) => state === 'ready');
  const { rows } = await client.run('look');
  expect(rows[0]).toMatchObject({ kind: 'missing', expected: 'kept' });
}, 300_000);
