// Pages of Markdown and MDX read as labs: which fences are run, what they are to print, and where each stands.
import { describe, expect, test } from 'vitest';
import { parsePage } from '../../labs/markdown/page.ts';
import { promote } from '../../labs/markdown/promote.ts';

const text = (...lines: string[]): string => `${lines.join('\n')}\n`;

/** Name, line, user, commands and expected output of each part. */
function parts(source: string, file = 'p.md'): unknown[] {
  const { lab, recording } = parsePage(file, source);
  return lab.parts.map(({ name, line, user, commands }) => [
    name,
    line,
    user,
    commands,
    recording.get(name)?.output,
  ]);
}

describe('a page', () => {
  test('every shell fence is a part, with a name or a number; what is shown behind it is compared, all else is not', () => {
    const source = text(
      ...['---', 'title: A title', '---', '# Heading', '```sh', '', 'echo a', '```', '```output', 'a', '```'],
      ...[
        '```bash name=two exit=7 budget=9s title="Two"',
        'exit',
        '```',
        'Prose.',
        '',
        '```text',
        'no',
        '```',
      ],
      ...['~~~shell', 'true', '~~~', 'You see:', '', '```output', '```', '```ts', 'const a = 1;', '```'],
    );
    expect(parts(source)).toEqual([
      ['step-1', 7, 'operator', 'echo a', 'a'],
      ['two', 13, 'operator', 'exit', '…'],
      ['step-3', 21, 'operator', 'true', ''],
    ]);
    const { lab } = parsePage('p.md', source);
    expect(lab).toMatchObject({ id: 'p.md', file: 'p.md', title: 'A title' });
    expect(lab.parts[1]).toMatchObject({ exit: 7, budget: 9 });
  });

  test('a transcript is a part for each prompt, root’s behind #; lines behind > or a backslash belong to it', () => {
    const source = text(
      ...[
        '- Item',
        '',
        '  > ```console',
        '  > $ echo a \\',
        '  >   b',
        '  > a b',
        '  > # cat <<X',
        '  > > c',
      ],
      ...['  > > X', '  > $ true', '  > ```', '', '```', '$ id -un', 'operator', '```'],
    );
    expect(parts(source)).toEqual([
      ['step-1', 4, 'operator', 'echo a \\\n  b', 'a b'],
      ['step-2', 7, 'root', 'cat <<X\nc\nX', '…'],
      ['step-3', 10, 'operator', 'true', '…'],
      ['step-4', 14, 'operator', 'id -un', 'operator'],
    ]);
  });

  test('MDX: JSX, expressions and imports are passed over, fences within JSX are found', () => {
    const source = text(
      ...["import { Tabs } from 'x';", '', '<Tabs>', '  ```sh', '  echo {a}', '  ```', '</Tabs>', ''],
      ...['{/* ```sh', 'not this', '``` */}', '', 'Text {1 + 1}.', '', '```sh {2} "x" showLineNumbers'],
      ...['true', '```'],
    );
    expect(parts(source, 'p.mdx')).toEqual([
      ['step-1', 5, 'operator', 'echo {a}', '…'],
      ['step-2', 16, 'operator', 'true', '…'],
    ]);
  });

  test('what cannot be run says why, and its output is not taken for something else', () => {
    const source = text('```sh skip="needs a second disk"', 'mkfs', '```', '```output', 'done', '```');
    const { lab, skipped } = parsePage('p.md', source);
    expect(lab.parts).toEqual([]);
    expect(skipped).toEqual([{ line: 1, reason: 'needs a second disk' }]);
  });

  test.each([
    ['```sh skip', 'true', '```', /^p.md:1: 'skip' has no reason/],
    ['```sh skip=""', 'true', '```', /^p.md:1: 'skip=""' has no reason/],
    [
      '```sh exti=1',
      'true',
      '```',
      /^p.md:1: 'exti=1' is no part option; there are name=NAME, skip="REASON", exit=/,
    ],
    ['```sh', '', '```', /^p.md:1: the fence has no commands/],
    ['```sh', 'true', '', /^p.md:1: the fence is never closed/],
    ['```console', 'hello', '```', /^p.md:2: 'hello' stands before the first prompt/],
    ['```console until', '$ a\n$ b', '```', /^p.md:1: 'until' is about one command, and there are 2/],
    ['```sh expect-fail', 'false', '```', /^p.md:1: 'expect-fail' says nothing without the message/],
    ['```output', 'a', '```', /^p.md:1: this output follows no command/],
    ['```console', '$ a\n‹nothing›', '```', /^p.md:3: '‹nothing›' is no placeholder/],
    ['```sh name=A', 'true', '```', /^p.md:1: 'A' is no part name/],
    ['```sh name=a\ntrue\n```\n\n```sh name=a', 'true', '```', /^p.md:6: part 'a' is there twice/],
    [
      '```console\n$ a\nb\n```',
      '```output\nc',
      '```',
      /^p.md:5: what 'step-1' prints stands in its own fence/,
    ],
  ])('%j is refused with its line', (begin, middle, end, message) => {
    expect(() => parsePage('p.md', `${begin}\n${middle}\n${end}`)).toThrow(message);
  });

  test('a byte order mark is no part of the first fence, and stays', () => {
    const page = (output: string): string =>
      `\ufeff\`\`\`sh\ntrue\n\`\`\`\n\`\`\`output\n${output}\n\`\`\`\n`;
    expect(parts(page('a'))).toEqual([['step-1', 2, 'operator', 'true', 'a']]);
    expect(promote('p.md', page('a'), new Map([['step-1', { exit: 0, output: 'b' }]]))).toBe(page('b'));
  });

  test('MDX that cannot be read is refused with its line', () => {
    expect(() => parsePage('p.mdx', 'Text.\n\n<Tabs>\n')).not.toThrow();
    expect(() => parsePage('p.mdx', 'Text.\n\n<Tabs <\n')).toThrow(/^p\.mdx:3: no MDX: /);
  });
});

describe('what parts printed, written back', () => {
  const recorded = (
    ...outputs: readonly (readonly [string, string])[]
  ): Map<string, { exit: number; output: string }> =>
    new Map(outputs.map(([name, output]) => [name, { exit: 0, output }]));

  test('stands where the page shows it, and every other byte stays', () => {
    const page = (a: string, b: string): string =>
      `# T  \r\n\r\n> * \`\`\`\`sh\r\n>   date\r\n>   \`\`\`\`\r\n>   \`\`\`output\r\n${a}>   \`\`\`\r\n\r\n\`\`\`console\r\n$ one\r\n${b}$ two\r\n\`\`\`\r\nend`;
    const before = page('>   old\r\n', '1\r\n\r\n');
    const next = recorded(['step-1', 'a\n\nb'], ['step-2', '2\n3'], ['step-3', 'not shown']);
    const after = promote('p.md', before, next);
    expect(after).toBe(page('>   a\r\n>\r\n>   b\r\n', '2\r\n3\r\n\r\n'));
    expect(promote('p.md', after, next)).toBe(after);
    expect(promote('p.md', before, recorded(['step-1', ''], ['step-2', '']))).toBe(page('', '\r\n'));
  });

  test('is refused where it would say something else on the page', () => {
    const page = text('```sh', 'a', '```', '```output', 'x', '```', '```console', '$ b', 'y', '```');
    for (const output of ['```\n', '$ rm']) {
      expect(() => promote('p.md', page, recorded(['step-2', output]))).toThrow(
        /^p.md:7: what 'step-2' prints cannot stand in this fence/,
      );
    }
    expect(() => promote('p.md', page, recorded(['step-1', '```\nmore']))).toThrow(/^p.md:4: what 'step-1'/);
    expect(promote('p.md', page, recorded(['step-1', '$ rm']))).toContain('\n$ rm\n');
  });
});
