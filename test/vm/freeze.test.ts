// A machine frozen as it runs goes on twice: where it is, and in another machine, in the same shell.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseLab, parseRecording, type Part } from '../../labs/runner/lab.ts';
import { runLab } from '../../labs/runner/run.ts';
import { stateBefore } from '../../labs/runner/states.ts';
import { freeze } from '../../labs/vm/freeze.ts';
import { startMachine, type Machine } from '../../labs/vm/machine.ts';
import type { Shell } from '../../labs/vm/shell.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import { labSnapshot } from '../../scripts/vm.ts';

const LIMIT_MS = 240_000;

let first: Machine;
let frozen: Snapshot;
const folder = mkdtempSync(join(tmpdir(), 'kittiwake-freeze-'));

async function says(shell: Shell, commands: string): Promise<string> {
  let said = '';
  const { exit } = await shell.run(commands, { timeoutMs: LIMIT_MS, onOutput: (text) => (said += text) });
  expect(exit, said).toBe(0);
  return said.replaceAll('\r\n', '\n').trimEnd();
}

beforeAll(async () => {
  first = await startMachine(await labSnapshot());
  await says(
    first.operator,
    `cd /var/tmp; there=here; echo kept > file; sync
     (until test -e go; do sleep 0.1; done; echo woke > answer) & job=$!
     head -c 64 /dev/urandom > /dev/null`,
  );
  await says(first.root, 'mine=yours');
  frozen = await freeze(first, folder);
}, 900_000);
afterAll(async () => {
  await first.stop();
  rmSync(folder, { recursive: true });
});

test('it goes on, and a machine started from its state does too, with its variables, directory, files and jobs', async () => {
  const second = await startMachine(frozen);
  try {
    for (const { operator, root } of [first, second]) {
      expect(await says(operator, 'echo $there $PWD $(cat file); touch go; wait $job; cat answer')).toBe(
        'here /var/tmp kept\nwoke',
      );
      expect(await says(root, 'echo $mine')).toBe('yours');
    }
    // Each has its own disk, time and random numbers.
    await says(second.operator, 'echo changed > file');
    expect(await says(first.operator, 'cat file')).toBe('kept');
    const [one, other] = await Promise.all(
      [first, second].map(({ root }) => says(root, 'head -c 16 /dev/urandom | xxd -p')),
    );
    expect(one).not.toBe(other);
    for (const { root } of [first, second])
      expect(Math.abs(Number(await says(root, 'date +%s')) - Date.now() / 1000)).toBeLessThan(30);
  } finally {
    await second.stop();
  }
}, 300_000);

test('it is not frozen while a command runs, whose end nobody would be told', async () => {
  const running = first.operator.run('until test -e /tmp/end; do sleep 0.1; done', {
    timeoutMs: LIMIT_MS,
    onOutput: () => undefined,
  });
  await expect(freeze(first, folder)).rejects.toThrow('while something runs in its shells');
  await says(first.root, 'touch /tmp/end');
  expect((await running).exit).toBe(0);
}, 300_000);

test('a lab is gone on with from before one of its parts', async () => {
  // Another lab each time, which nobody has kept a state of.
  const one = `cd /var/tmp; there=$RANDOM; echo $there # ${randomUUID()}`;
  const lab = parseLab('x/y', `#: lab T\n#: part one\n${one}\n#: part two\necho $there $PWD\n`);
  const recording = parseRecording(
    'x/y',
    '#: part one exit=0 ends-in=/var/tmp\n‹number:there›\n#: part two exit=0\n‹number:there› /var/tmp\n',
  );
  const { snapshot } = first;
  const options = { record: false, teardown: false, onPart: () => undefined };
  const keepBefore = ({ name }: Part): boolean => name === 'two';
  const whole = await runLab(lab, recording, snapshot, { ...options, keepBefore });
  expect(whole.failure).toBeUndefined();
  const standing = await stateBefore(lab, recording, 'two', snapshot);
  expect(standing.done).toBe(1);
  const rest = await runLab(lab, recording, snapshot, { ...options, standing, last: 'two' });
  expect(rest.result.parts.map(({ part, transcript }) => ({ part, transcript }))).toEqual([
    { part: 'two', transcript: whole.result.parts[1]?.transcript },
  ]);
}, 300_000);
