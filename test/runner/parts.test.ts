// A lab's parts judged: what passes, what goes red, and what is said about it. The shell is the VM's, on this machine.
import { afterEach, describe, expect, test } from 'vitest';
import { parseLab, type Recording } from '../../labs/runner/lab.ts';
import { runParts } from '../../labs/runner/parts.ts';
import type { PartResult } from '../../labs/runner/results.ts';
import type { Shell } from '../../labs/vm/shell.ts';
import { endAgents, shell } from '../vm/agent.ts';

afterEach(endAgents);

const SCRIPT = `#: lab T
#: part first
greeting=hello
echo "$greeting"
#: part second exit=3
echo "$greeting again"; (exit 3)
#: part third
echo last
`;
const RECORDED: Recording = new Map([
  ['first', { exit: 0, output: 'hello' }],
  ['second', { exit: 3, output: '‹text› again' }],
  ['third', { exit: 0, output: 'last' }],
]);

async function run(
  script = SCRIPT,
  recording = RECORDED,
  options: { record?: boolean; factor?: number; restarted?: () => Promise<Shell> } = {},
) {
  const heard: PartResult[] = [];
  const { parts, failure } = await runParts(parseLab('x/y', script), recording, shell(), {
    record: false,
    factor: 1,
    onPart: (_, result) => heard.push(result),
    restarted: () => Promise.reject(new Error('it was not to restart')),
    ...options,
  });
  return { parts, failure, heard, outcomes: parts.map(({ outcome }) => outcome) };
}

test('parts share one shell, end as they should and print what is recorded', async () => {
  const { parts, failure, heard, outcomes } = await run();
  expect(failure).toBeUndefined();
  expect(outcomes).toEqual(['passed', 'passed', 'passed']);
  expect(parts.map(({ transcript }) => transcript)).toEqual(['hello', 'hello again', 'last']);
  expect(heard).toEqual(parts);
});

describe('goes red, names the part and runs nothing after it:', () => {
  const second = (text: string): string => SCRIPT.replace('echo "$greeting again"; (exit 3)', text);
  const recorded = (output: string): Recording => new Map([...RECORDED, ['second', { exit: 3, output }]]);
  const missing = new Map([...RECORDED].filter(([name]) => name !== 'second'));
  test.each<[string, string, Recording, RegExp]>([
    ['a changed command', second('echo "$greeting agian"; (exit 3)'), RECORDED, /something else/],
    ['a changed expectation', SCRIPT, recorded('hullo again'), /something else/],
    ['one line more', SCRIPT, recorded('hello again\nand again'), /something else/],
    ['another exit status', second('echo "$greeting again"; (exit 4)'), RECORDED, /status 4, expected was 3/],
    ['success where failure is expected', second('echo "$greeting again"'), RECORDED, /status 0/],
    ['a command that is not there', second('ehco x'), RECORDED, /status 127.*/],
    ['nothing recorded', SCRIPT, missing, /no output is recorded/],
    ['a shell that is left', second('exit 3'), RECORDED, /ended the shell \(with status 3\)/],
  ])('%s', async (_, script, recording, cause) => {
    const { failure, heard, outcomes } = await run(script, recording);
    expect(outcomes).toEqual(['passed', 'failed', 'not-run']);
    expect(failure?.part).toMatchObject({ name: 'second', line: 5 });
    expect(failure?.causes.join()).toMatch(cause);
    expect(heard.map(({ part }) => part)).toEqual(['first', 'second']);
  });
});

test('a part that takes longer than its budget, times the factor of a slow machine, is given up', async () => {
  const script = '#: lab T\n#: part slow budget=1s\necho begun; sleep 60';
  const { parts, failure } = await run(script, new Map([['slow', { exit: 0, output: 'begun' }]]), {
    factor: 0.5,
  });
  expect(failure?.causes).toEqual(['it did not end within its budget of 0.5 s']);
  expect(parts[0]).toMatchObject({ outcome: 'failed', exit: null, transcript: 'begun' });
});

test('a recording run compares nothing, but a wrong exit status still fails', async () => {
  const unknown = SCRIPT.replace('echo last', "echo 'a ‹strange› line'");
  expect((await run(unknown, new Map(), { record: true })).outcomes).toEqual(['passed', 'passed', 'passed']);
  const wrong = SCRIPT.replace('(exit 3)', 'true');
  expect((await run(wrong, new Map(), { record: true })).outcomes).toEqual(['passed', 'failed', 'not-run']);
});

test.each([
  ['64 KiB', 'head -c 100000 /dev/zero | tr "\\0" x', 64 * 1024],
  ['a character cut in two', 'printf x; for i in {1..40000}; do printf "\\303\\251"; done', 64 * 1024 - 1],
  ['2,000 lines', 'seq 5000', Buffer.byteLength(Array.from({ length: 2000 }, (_, i) => i + 1).join('\n'))],
])('output is cut at %s, and says so', async (_, command, bytes) => {
  const { parts } = await run(`#: lab T\n#: part much\n${command}`, new Map(), { record: true });
  const [, kept = ''] = /^([^]*)\n\(the rest of the output is cut\)$/.exec(parts[0]?.transcript ?? '') ?? [];
  expect(Buffer.byteLength(kept)).toBe(bytes);
  expect(kept).not.toContain('\ufffd');
});

test.each([
  ['ends its shell', 'exit 0'],
  ['leaves it', 'true'],
  ['takes it along', 'sleep 60'],
])('after a part that restarts the machine and %s, parts go on in a new shell', async (_, commands) => {
  const script = `#: lab T\n#: part before restarts\nword=kept\n${commands}\n#: part after\necho "$word"`;
  const recording: Recording = new Map([
    ['before', { exit: 0, output: '' }],
    ['after', { exit: 0, output: '' }],
  ]);
  const { parts } = await run(script, recording, { restarted: () => Promise.resolve(shell()) });
  expect(parts.map(({ outcome }) => outcome)).toEqual(['passed', 'passed']);
});

test('a machine that does not come back is given up, and so is one that refused to go', async () => {
  const script = (commands: string) => `#: lab T\n#: part restart budget=1s restarts\n${commands}`;
  const recording: Recording = new Map([['restart', { exit: 0, output: '' }]]);
  const restarted = () => new Promise<Shell>(() => undefined);
  const late = await run(script('true'), recording, { restarted });
  expect(late.failure?.causes).toEqual(['it did not end within its budget of 1 s']);
  const refused = await run(script('(exit 4)'), recording, { restarted });
  expect(refused.failure?.causes).toEqual(['it ended with exit status 4, expected was 0']);
});
