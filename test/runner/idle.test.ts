// How much of a lab's time its machine waits: what the queue goes by when it starts one more.
import { expect, test } from 'vitest';
import { parseLab, parseRecording } from '../../labs/runner/lab.ts';
import { runLab } from '../../labs/runner/run.ts';
import { labSnapshot } from '../../scripts/vm.ts';

const SECONDS = 4;

test('a machine that sleeps is idle, and one that computes is not', { timeout: 900_000 }, async () => {
  const snapshot = await labSnapshot();
  const idle = async (command: string, exit: number): Promise<number> => {
    const lab = parseLab('x/y', `#: lab T\n#: part p exit=${exit}\n${command}\n`);
    const recording = parseRecording('x/y', `#: part p exit=${exit}\n`);
    const options = { record: false, teardown: false, onPart: () => undefined };
    const { result, failure } = await runLab(lab, recording, snapshot, options);
    expect(failure).toBeUndefined();
    return result.busy?.idleMs ?? NaN;
  };
  // A host with much else to do does not make either into the other: what waits for one of its processors has something to do.
  expect(await idle(`sleep ${SECONDS}`, 0)).toBeGreaterThan(SECONDS * 500);
  expect(await idle(`timeout ${SECONDS} sh -c 'while :; do :; done'`, 124)).toBeLessThan(SECONDS * 500);
});
