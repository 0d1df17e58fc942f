// One at a time among processes: nobody begins before the other has ended, however it ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { exclusively } from '../../scripts/setup/exclusive.ts';

const folder = mkdtempSync(join(tmpdir(), 'kittiwake-exclusive-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('three that want the same do it one after the other, one that fails among them', async () => {
  const file = join(folder, 'new', 'lock');
  let inside = 0;
  const work = async (fails: boolean): Promise<number> => {
    expect(++inside).toBe(1);
    for (let i = 0; i < 100; i++) await turn();
    inside--;
    if (fails) throw new Error('on purpose');
    return 7;
  };
  const all = [false, true, false].map((fails) => exclusively(file, () => work(fails)));
  const results = await Promise.allSettled(all);
  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed'))).toEqual([
    7,
    'failed',
    7,
  ]);
});

test('what cannot be locked is named', async () => {
  await expect(exclusively('/proc/lock', () => Promise.resolve())).rejects.toThrow(
    /\/proc\/lock: flock\(1\) could not lock it/,
  );
});
