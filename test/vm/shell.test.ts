// The two ends of the line to the VM's shell, with the VM's own agent on this machine.
import { duplexPair } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { shellWord } from '../../labs/vm/quote.ts';
import { Shell } from '../../labs/vm/shell.ts';
import { endAgents, shell } from './agent.ts';

afterEach(endAgents);

async function run(line: Shell, commands: string, timeoutMs = 20_000) {
  let output = '';
  const ended = await line.run(commands, { timeoutMs, onOutput: (text) => (output += text) });
  return { ...ended, output };
}

test('output of both kinds in order, and the status of the last command', async () => {
  expect(await run(shell(), 'echo a; echo b >&2; printf c; (exit 7)')).toEqual({
    output: 'a\nb\nc',
    exit: 7,
    gone: false,
    directory: '~',
  });
});

test('variables, folder and functions live on; quotes, here-documents and syntax errors are the part’s own', async () => {
  const line = shell();
  await run(line, 'cd /usr\nit=\'a "b" c\'\nsay() { echo "$PWD $it"; }');
  expect((await run(line, 'say')).output).toBe('/usr a "b" c\n');
  expect((await run(line, "cat <<'X'\n$it\nX")).output).toBe('$it\n');
  expect((await run(line, 'echo (')).exit).not.toBe(0);
  expect((await run(line, 'echo still here')).output).toBe('still here\n');
});

test('whatever characters a part has, but for NUL, the shell gets them', async () => {
  const line = shell();
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom(...Array.from('\'"\\\n\r\t\x01\x1e\x1f\x7f$`!x41é')),
      fc.string({ unit: 'grapheme', maxLength: 1 }),
    ),
  });
  await fc.assert(
    fc.asyncProperty(text, async (any) => {
      const told = any.replaceAll('\0', '');
      expect((await run(line, `printf %s ${shellWord(told)}`)).output).toBe(told);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('where the shell is comes with each end, as its prompt would show it', async () => {
  const line = shell();
  expect(line.directory).toBeUndefined();
  expect(await run(line, 'HOME=/usr; cd /usr/bin')).toMatchObject({ directory: '~/bin' });
  expect(line.directory).toBe('~/bin');
  expect(await run(line, 'cd ..')).toMatchObject({ directory: '~' });
  expect(await run(line, 'cd /; false')).toMatchObject({ directory: '/', exit: 1 });
  const odd = await run(line, `d=$(mktemp -d)/$'a b\\n\\036c'; mkdir "$d"; cd "$d"; rmdir "$d"; unset HOME`);
  expect(odd).toMatchObject({
    exit: 0,
    output: '',
    directory: expect.stringMatching(/a b\\n\\036c'$/) as string,
  });
});

test('commands cannot read the line they are sent by', async () => {
  expect(await run(shell(), 'cat; read -r x; echo "$?"')).toMatchObject({ output: '1\n', exit: 0 });
});

test('text that looks like a marker is output', async () => {
  const text = '\\036 done 0\\n\\036abc done 0\\n\\036\\036';
  expect(await run(shell(), `printf '${text}'`)).toMatchObject({
    output: '\x1e done 0\n\x1eabc done 0\n\x1e\x1e',
    exit: 0,
  });
});

test('a byte like a marker’s right before the real one is output', async () => {
  expect(await run(shell(), "printf 'x\\036'")).toMatchObject({ output: 'x\x1e', exit: 0 });
});

test('a character cut between two reads arrives whole', async () => {
  expect((await run(shell(), "printf '\\342\\234'; sleep 0.1; printf '\\223\\n'")).output).toBe('✓\n');
});

test('a megabyte arrives', async () => {
  expect((await run(shell(), 'head -c 1000000 /dev/zero | tr "\\\\0" x')).output).toBe('x'.repeat(1_000_000));
});

test('a shell that is left is gone, and says with which status; the agent takes the next', async () => {
  const line = shell();
  expect(await run(line, 'echo bye; exit 3; echo never')).toEqual({ output: 'bye\n', exit: 3, gone: true });
  await expect(run(line, 'true')).rejects.toThrow('has ended');
});

test('a shell that was left hears nothing of the next one on its line', async () => {
  const [line, far] = duplexPair();
  const before = new Shell(line);
  const running = run(before, 'sudo systemctl reboot');
  far.write('Rebooting.\n');
  await setImmediate();
  before.leave();
  const after = new Shell(line);
  const next = run(after, 'true');
  far.write(`\x1e${after.nonce} done 0 /\x1f/\n`);
  expect(await next).toMatchObject({ exit: 0, output: '' });
  expect(await running).toMatchObject({ exit: null, gone: true, output: 'Rebooting.\n' });
});

test('a part that takes too long is given up', async () => {
  expect(await run(shell(), 'echo begun; sleep 60', 4000)).toEqual({
    output: 'begun\n',
    exit: null,
    gone: false,
  });
});

test('a background job is known to later parts', async () => {
  const line = shell();
  await run(line, 'sleep 60 &');
  expect(await run(line, 'kill $!\nwait $!')).toMatchObject({ exit: 143 });
});
