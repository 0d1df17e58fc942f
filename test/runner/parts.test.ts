// A lab's parts judged: what passes, what goes red, and what is said about it. The shell is the VM's, on this machine.
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { parseLab, type Recording } from '../../labs/runner/lab.ts';
import { RunningLab, runParts } from '../../labs/runner/parts.ts';
import type { PartResult } from '../../labs/runner/results.ts';
import type { Shell } from '../../labs/vm/shell.ts';
import { endAgents, shell, shells } from '../vm/agent.ts';

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
  { restarted, ...options }: { record?: boolean; factor?: number; restarted?: () => Promise<Shell> } = {},
) {
  const heard: PartResult[] = [];
  const { parts, failure, restoring } = await runParts(
    parseLab('x/y', script),
    recording,
    shells(restarted),
    {
      record: false,
      factor: 1,
      onPart: (_, result) => heard.push(result),
      ...options,
    },
  );
  return { parts, failure, restoring, heard, outcomes: parts.map(({ outcome }) => outcome) };
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
  const script = '#: lab T\n#: part slow budget=8s\necho begun; sleep 60';
  const { parts, failure } = await run(script, new Map([['slow', { exit: 0, output: 'begun' }]]), {
    factor: 0.5,
  });
  expect(failure?.causes).toEqual(['it did not end within its budget of 4 s']);
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
  const script = (commands: string) => `#: lab T\n#: part restart budget=4s restarts\n${commands}`;
  const recording: Recording = new Map([['restart', { exit: 0, output: '' }]]);
  const restarted = () => new Promise<Shell>(() => undefined);
  const late = await run(script('true'), recording, { restarted });
  expect(late.failure?.causes).toEqual(['it did not end within its budget of 4 s']);
  const refused = await run(script('(exit 4)'), recording, { restarted });
  expect(refused.failure?.causes).toEqual(['it ended with exit status 4, expected was 0']);
});

test('one part is run by itself, and again with another value of what it met first itself', async () => {
  const lab = parseLab('x/y', '#: lab T\n#: part count\necho "turn $((++n))"\n#: part look\necho "turn $n"');
  const recording: Recording = new Map([
    ['count', { exit: 0, output: 'turn ‹number:turn›' }],
    ['look', { exit: 0, output: 'turn ‹number:turn›' }],
  ]);
  const heard: string[] = [];
  const running = new RunningLab(lab, recording, shells(), {
    record: false,
    factor: 1,
    onOutput: (text, attempt) => heard.push(`${attempt}: ${text}`),
  });
  for (const part of [...lab.parts, ...lab.parts])
    expect((await running.run(part)).failure?.rows).toBeUndefined();
  expect(heard.join('')).toBe('1: turn 1\n1: turn 1\n1: turn 2\n1: turn 2\n');
});

test('a part that is run until it is good is not begun again once it was stopped', async () => {
  const lab = parseLab('x/y', '#: lab T\n#: part wait until budget=60s\necho "$((++n))"');
  const stop = new AbortController();
  const running = new RunningLab(lab, new Map([['wait', { exit: 0, output: 'never' }]]), shells(), {
    record: false,
    factor: 1,
    onOutput: (_, attempt) => attempt === 2 && stop.abort(),
  });
  for (const part of lab.parts) {
    const { result } = await running.run(part, stop.signal);
    expect(result).toMatchObject({ outcome: 'failed', transcript: '2' });
  }
});

describe('where a part runs:', () => {
  const recorded = (...parts: [string, string, string?][]): Recording =>
    new Map(
      parts.map(([name, output, endsIn]) => [
        name,
        { exit: 0, output, ...(endsIn === undefined ? {} : { endsIn }) },
      ]),
    );

  test('each user has a shell, which stays where it was left', async () => {
    const script =
      '#: lab T\n#: part a in=/usr\nword=mine; pwd\n#: part b user=root\ncd /etc; echo "$word"\n#: part c\npwd\n#: part d user=root\npwd';
    const recording = recorded(['a', '/usr'], ['b', '', '/etc'], ['c', '/usr'], ['d', '/etc']);
    const { outcomes, parts } = await run(script, recording);
    expect(outcomes).toEqual(['passed', 'passed', 'passed', 'passed']);
    expect(parts.map(({ endsIn }) => endsIn)).toEqual([undefined, '/etc', undefined, undefined]);
  });

  test('a part that leaves its shell elsewhere than recorded goes red', async () => {
    const script = (commands: string): string => `#: lab T\n#: part a\n${commands}`;
    const left = await run(script('cd /usr'), recorded(['a', '']));
    expect(left.failure?.causes).toEqual(['it left its shell in /usr, expected was ~']);
    const stayed = await run(script('true'), recorded(['a', '', '/usr']));
    expect(stayed.failure?.causes).toEqual(['it left its shell in ~, expected was /usr']);
  });

  test('a part does not run where it cannot be', async () => {
    const { failure, parts } = await run('#: lab T\n#: part a in=/nowhere\necho here', recorded(['a', '']));
    expect(failure?.causes).toEqual(['its shell cannot go to /nowhere']);
    expect(parts[0]?.transcript).toContain('/nowhere: No such file or directory');
  });
});

test('a part that fails in any way it likes is to fail', async () => {
  const script = (commands: string): string => `#: lab T\n#: part a expect-fail\n${commands}`;
  const recording: Recording = new Map([['a', { exit: 3, output: 'no' }]]);
  expect((await run(script('echo no; (exit 5)'), recording)).outcomes).toEqual(['passed']);
  const { failure } = await run(script('echo no'), recording);
  expect(failure?.causes).toEqual(['it ended with exit status 0, expected was a failure']);
  const other = await run(script('echo yes; (exit 3)'), recording);
  expect(other.failure?.causes).toEqual(['it printed something else than expected']);
});

test('a part that takes more than half of its budget is said to be slow', async () => {
  const recording: Recording = new Map([['slow', { exit: 0, output: '' }]]);
  const { parts } = await run('#: lab T\n#: part slow budget=8s\nsleep 4', recording);
  expect(parts[0]).toMatchObject({ outcome: 'passed', slow: true });
  const { parts: quick } = await run('#: lab T\n#: part slow budget=300s\ntrue', recording);
  expect(quick[0]).not.toHaveProperty('slow');
});

test('a part ends by its own budget where the lab has as much as all of them', async () => {
  const script = '#: lab T budget=2s\n#: part a budget=2s\nsleep 60';
  const { failure } = await run(script, new Map([['a', { exit: 0, output: '' }]]), { factor: 0.25 });
  expect(failure?.causes).toEqual(['it did not end within its budget of 0.5 s']);
});

test('a lab that takes longer than its budget is given up, though each part keeps its own', async () => {
  const script = '#: lab T budget=8s\n#: part a\ntrue\n#: part b\necho begun; sleep 60';
  const recording = new Map(
    ['a', 'b'].map((name) => [name, { exit: 0, output: name === 'a' ? '' : 'begun' }]),
  );
  const { failure, outcomes } = await run(script, recording, { factor: 0.5 });
  expect(outcomes).toEqual(['passed', 'failed']);
  expect(failure?.causes).toEqual(['the lab did not end within its budget of 4 s']);
});

describe('what goes on in the background', () => {
  const SERVE =
    '#: part serve ready=/^ready/\n{ echo starting; echo ready now; echo more; exec sleep 60; } &\nserve=$!\n';
  const served: [string, { exit: number; output: string }] = [
    'serve',
    { exit: 0, output: 'starting\nready now' },
  ];

  test('is waited for until it is ready, prints to a console of its own, and is stopped in the end', async () => {
    const script = `#: lab T\n${SERVE}#: part use\nkill -0 $serve && echo "$serve"`;
    const { parts, outcomes } = await run(script, new Map([served, ['use', { exit: 0, output: '‹pid›' }]]));
    expect(outcomes).toEqual(['passed', 'passed']);
    expect(parts[0]).toMatchObject({
      transcript: 'starting\nready now',
      console: 'starting\nready now\nmore',
    });
    expect(() => process.kill(Number(parts[1]?.transcript), 0)).toThrow('ESRCH');
  });

  test('is killed where it does not end when it is asked to', async () => {
    const script = `#: lab T\n#: part serve ready=/^up/\n(trap "" TERM; echo up; while :; do sleep 0.1; done) &\n#: part use\necho $!`;
    const up: Recording = new Map([
      ['serve', { exit: 0, output: 'up' }],
      ['use', { exit: 0, output: '‹pid›' }],
    ]);
    const { parts } = await run(script, up);
    // Its shell hears a moment later that it is dead, and the system forgets it then.
    const id = parts[1]?.transcript;
    expect(id).toMatch(/^\d+$/);
    await expect.poll(() => existsSync(`/proc/${id}`)).toBe(false);
  }, 30_000);

  test('goes red where it ends too early, never gets ready, or says something else', async () => {
    const serve = (commands: string): string =>
      `#: lab T\n#: part serve budget=4s ready=/^ready/\n${commands}`;
    const causes = async (commands: string) =>
      (await run(serve(commands), new Map([served]))).failure?.causes;
    expect(await causes('echo starting &')).toEqual([
      'it ended before it was ready',
      'it printed something else than expected',
    ]);
    expect(await causes('{ echo starting; exec sleep 60; } &')).toContain(
      'it was not ready within its budget',
    );
    expect(await causes('{ echo ready at once; exec sleep 60; } &')).toEqual([
      'it printed something else than expected',
    ]);
    expect(await causes('(exit 3)')).toContain('it ended with exit status 3, expected was 0');
  });

  test('may be ready when it takes connections', async () => {
    const port = 20_000 + (process.pid % 10_000);
    const listen = `node -e 'require("net").createServer().listen(${port}, "127.0.0.1")' &`;
    const script = `#: lab T\n#: part serve ready=:${port}\n${listen}\n#: part use\nss -Hltn 'sport = :${port}' | wc -l`;
    const recording: Recording = new Map([
      ['serve', { exit: 0, output: '' }],
      ['use', { exit: 0, output: '1' }],
    ]);
    expect((await run(script, recording)).outcomes).toEqual(['passed', 'passed']);
  });
});

describe('what comes before the first part and after the last', () => {
  const lab = (part: string, { prepare = 'echo quiet; word=set', restore = 'true' } = {}): string =>
    `#: lab T\n#: prepare\n${prepare}\n#: part a budget=4s\n${part}\n#: restore\n${restore}`;
  const recording: Recording = new Map([['a', { exit: 0, output: 'set' }]]);

  test('is run, in the same shell, and what it prints is nobody’s', async () => {
    const { outcomes, restoring } = await run(lab('echo "$word"'), recording);
    expect(outcomes).toEqual(['passed']);
    expect(restoring).toBeUndefined();
  });

  test('is what failed, where it fails, and no part runs', async () => {
    const { outcomes, failure, restoring } = await run(lab('echo "$word"', { prepare: 'false' }), recording);
    expect(outcomes).toEqual(['failed']);
    expect(failure).toMatchObject({
      part: { name: 'prepare' },
      causes: ['it ended with exit status 1, expected was 0'],
    });
    expect(restoring).toBeUndefined();
    const moved = await run(lab('true', { prepare: 'cd /usr' }), recording);
    expect(moved.failure?.causes).toEqual(['it left its shell in /usr; go back']);
  });

  test.each([
    ['failed', 'false'],
    ['ended its shell', 'exit 1'],
    ['never ended', 'sleep 60'],
  ])('is put back after a part that %s, and that is told, too, where it fails', async (_, part) => {
    const { failure, restoring } = await run(
      lab(part, { restore: 'echo "as $HOME was"; (exit 4)' }),
      recording,
    );
    expect(failure?.part.name).toBe('a');
    expect(restoring).toMatchObject({ part: { name: 'restore' }, transcript: 'as / was' });
    expect(restoring?.causes).toEqual(['it ended with exit status 4, expected was 0']);
  });
});
