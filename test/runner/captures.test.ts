// Values that are met again, and parts that are run until they do what is expected.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { align } from '../../labs/runner/align.ts';
import { bind } from '../../labs/runner/captures.ts';
import { parseLab } from '../../labs/runner/lab.ts';
import { runParts } from '../../labs/runner/parts.ts';
import { endAgents, shells } from '../vm/agent.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kittiwake-until-'));
});
afterEach(async () => {
  endAgents();
  await rm(folder, { recursive: true });
});

const run = (script: string, ...outputs: string[]) => {
  const lab = parseLab('x/y', `#: lab T\n${script}`);
  const recording = new Map(
    lab.parts.map(({ name }, index) => [name, { exit: 0, output: outputs[index] ?? '' }]),
  );
  return runParts(lab, recording, shells(), {
    record: false,
    factor: 1,
    onPart: () => undefined,
  });
};

describe('a named value', () => {
  test('is what it was first, in a line, in a part and in the parts after it', () => {
    const expected = '‹mac:web› at ‹ip:web›\n…\n‹ip:web›';
    const first = bind(align(expected, '02:00:00:00:00:01 at 10.0.0.2\nx\n10.0.0.2'), new Map());
    expect(first.rows.every(({ kind }) => kind === 'same')).toBe(true);
    expect(Object.fromEntries(first.known)).toEqual({ 'mac:web': '02:00:00:00:00:01', 'ip:web': '10.0.0.2' });
    expect(bind(align('from ‹ip:web›', 'from 10.0.0.3'), first.known).rows).toEqual([
      { kind: 'missing', expected: 'from 10.0.0.2' },
      { kind: 'unexpected', got: 'from 10.0.0.3' },
    ]);
  });

  test('that differs in a later part makes that part go red, and the difference is told', async () => {
    const parts = '#: part one\necho pid 17\n#: part two\necho again 18';
    const { failure } = await run(parts, 'pid ‹pid:it›', 'again ‹pid:it›');
    expect(failure?.part.name).toBe('two');
    expect(failure?.rows).toEqual([
      { kind: 'missing', expected: 'again 17' },
      { kind: 'unexpected', got: 'again 18' },
    ]);
    expect((await run(parts.replace('18', '17'), 'pid ‹pid:it›', 'again ‹pid:it›')).failure).toBeUndefined();
  });
});

describe('a part with until', () => {
  /** Says 1, 2, 3 … as it is run again; its count is in a file. */
  const count = (): string => `n=$(($(cat ${folder}/n 2>/dev/null) + 1)); echo $n | tee ${folder}/n`;
  const counted = async (): Promise<number> => Number(await readFile(join(folder, 'n'), 'utf8'));

  test('is run again until it prints what is expected', async () => {
    const { parts, failure } = await run(`#: part wait until\n${count()}`, '3');
    expect(failure).toBeUndefined();
    expect(parts[0]).toMatchObject({ outcome: 'passed', transcript: '3' });
    expect(await counted()).toBe(3);
  });

  test('is to be good so many times in a row as it says', async () => {
    await run(`#: part wait until times=4\n${count()} > /dev/null; [ $n -ge 3 ]`);
    expect(await counted()).toBe(6);
  });

  test('goes red when its budget is over, with the last it printed', async () => {
    const { failure, parts } = await run(`#: part wait until budget=4s\necho no`, 'yes');
    expect(failure?.causes).toEqual(['it printed something else than expected']);
    expect(parts[0]).toMatchObject({ outcome: 'failed', transcript: 'no' });
  });

  test('is judged by its last whole try where its budget cuts one short', async () => {
    const { failure, parts } = await run(
      `#: part wait until budget=4s\n${count()} > /dev/null; [ $n = 1 ] || sleep 60; echo no`,
      'yes',
    );
    expect(failure?.causes).toEqual(['it printed something else than expected']);
    expect(parts[0]).toMatchObject({ outcome: 'failed', exit: 0, transcript: 'no' });
  });

  test('goes red when its budget is over before it was good often enough', async () => {
    const { failure } = await run('#: part wait until times=20 budget=1s\ntrue');
    expect(failure?.causes.join()).toMatch(/^it went well only \d+ of 20 times in a row$/);
  });

  test.each([
    ['times=3', /give both/],
    ['until restarts', /run once/],
    ['until times=21', /'times=21' is no part option/],
  ])('%s alone is refused', (options, message) => {
    expect(() => parseLab('x/y', `#: lab T\n#: part one ${options}\ntrue`)).toThrow(message);
  });
});
