// The format of labs and recordings: what is read, what is refused at which line.
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  checkRecording,
  formatRecording,
  parseLab,
  parseRecording,
  partDigests,
} from '../../labs/runner/lab.ts';
import { PART_OPTIONS } from '../../labs/runner/options.ts';
import { readLabs, writeRecording } from '../../labs/runner/labs.ts';

const LAB =
  '#!/usr/bin/env bash\n#: lab A title\n# for readers\n\n#: part one restarts\ntrue\n\n#: part two exit=7 budget=60s\necho a\n(exit 7)\n';

test('a lab', () => {
  expect(parseLab('x/y', LAB)).toEqual({
    id: 'x/y',
    file: 'labs/x/y.sh',
    title: 'A title',
    budget: 300,
    machines: ['lab'],
    parts: [
      {
        name: 'one',
        line: 5,
        exit: 0,
        budget: 20,
        restarts: true,
        until: false,
        times: 1,
        on: 'lab',
        user: 'operator',
        commands: 'true',
      },
      {
        name: 'two',
        line: 8,
        exit: 7,
        budget: 60,
        restarts: false,
        until: false,
        times: 1,
        on: 'lab',
        user: 'operator',
        commands: 'echo a\n(exit 7)',
      },
    ],
  });
});

test.each([
  ['', "labs/x/y.sh:1: '#: lab TITLE' is missing"],
  ['#: lab T\n', 'labs/x/y.sh:1: the lab has no'],
  ['#: lab T\necho\n#: part a\ntrue', "labs/x/y.sh:2: a command before the first '#: part NAME'"],
  ['#: lab T\n#: part a\n\n#: part b\ntrue', "labs/x/y.sh:2: part 'a' has no commands"],
  ['#: lab T\n#: part a\ntrue\n#: part a\ntrue', "labs/x/y.sh:4: part 'a' is there twice"],
  ['#: lab T\n#: part A\ntrue', "labs/x/y.sh:2: 'A' is no part name"],
  ['#: lab T\n#: part a exit=256\ntrue', "labs/x/y.sh:2: 'exit=256' is no part option"],
  ['#: lab T\n#: part a budget=0s\ntrue', "labs/x/y.sh:2: 'budget=0s' is no part option"],
  ['#: lab T\n#: part a ready=soon\ntrue', "labs/x/y.sh:2: 'ready=soon' is no sign"],
  ['#: lab T\n#: part a ready=/(/\ntrue', "labs/x/y.sh:2: 'ready=/(/' is no sign"],
  ['#: lab T\n#: part a ready=:0\ntrue', "labs/x/y.sh:2: 'ready=:0' is no sign"],
  ['#: lab T\n#: part a ready=:80 until\ntrue', 'labs/x/y.sh:2: what goes on in the background neither'],
  ['#: lab T\n#: part a on=pc\ntrue', "labs/x/y.sh:2: 'on=pc': no '#: machine pc' stands before"],
  ['#: lab T\n#: machine lab\n#: part a\ntrue', "labs/x/y.sh:2: 'lab' is no name for another machine"],
  ['#: lab T\n#: machine a\n#: machine b\n#: part a\ntrue', "labs/x/y.sh:3: '#: machine' comes once"],
  [
    '#: lab T\n#: part a\ntrue\n#: prepare\ntrue',
    "labs/x/y.sh:4: '#: prepare' comes once, before the first part",
  ],
  ['#: lab T\n#: restore\ntrue\n#: part a\ntrue', "labs/x/y.sh:4: '#: restore' comes last"],
  [
    '#: lab T\n#: prepare exit=1\ntrue\n#: part a\ntrue',
    "labs/x/y.sh:2: 'exit=1': these sections may only have",
  ],
  ['#: lab T\n#: prepare\n#: part a\ntrue', "labs/x/y.sh:2: prepare 'prepare' has no commands"],
  [
    '#: lab T\n#: prepare\ntrue\n#: part prepare\ntrue',
    "labs/x/y.sh:4: part 'prepare' is called like the section",
  ],
  ['#: lab T\n#: part a user=alice\ntrue', "labs/x/y.sh:2: 'user=alice' is no part option"],
  ['#: lab T\n#: part a in=etc\ntrue', "labs/x/y.sh:2: 'in=etc' is no part option"],
  ['#: lab T\n#: part a in=~/$(id)\ntrue', "labs/x/y.sh:2: 'in=~/$(id)' is no part option"],
  ['#: lab T\n#: part a exit=1 expect-fail\ntrue', "labs/x/y.sh:2: 'expect-fail': how the part ends is said"],
  ['#: lab T\n#: part a\ntrue\n#: lab U', "labs/x/y.sh:4: '#: lab' comes once"],
  ['#: lab T budget=0s\n#: part a\ntrue', "labs/x/y.sh:1: 'budget=0s' is no budget of a lab"],
  ['#: lab budget=9s\n#: part a\ntrue', "labs/x/y.sh:1: '#: lab TITLE' is missing"],
  ['#: lab T\n#: prat a\ntrue', "labs/x/y.sh:2: '#: prat' is no marker"],
])('%j is refused', (source, message) => {
  expect(() => parseLab('x/y', source)).toThrow(message);
});

test('a lab may have another machine, and sections before and after its parts', () => {
  const source =
    '#: lab T\n#: machine pc\n#: prepare user=root budget=60s\na\n#: part b on=pc ready=/up\\sit\\/is$/\nc &\n#: restore\nd';
  const lab = parseLab('x/y', source);
  expect(lab).toMatchObject({
    machines: ['lab', 'pc'],
    prepare: { commands: 'a', user: 'root', budget: 60 },
    restore: { commands: 'd' },
  });
  expect(lab.parts).toMatchObject([{ name: 'b', on: 'pc', ready: { line: /up\sit\/is$/mu } }]);
  const digest = (text: string): string | undefined => partDigests(parseLab('x/y', text), new Map()).get('b');
  expect(digest(source.replace('\na\n', '\nA\n'))).not.toBe(digest(source));
  expect(digest(source.replace('ready=/up', 'ready=/Up'))).not.toBe(digest(source));
  expect(digest(source.replace(/d$/, 'D'))).toBe(digest(source));
});

test('a lab may have a budget of its own', () => {
  expect(parseLab('x/y', LAB.replace('A title', 'A title budget=900s'))).toMatchObject({
    title: 'A title',
    budget: 900,
  });
});

test('why a part is not checked is kept beside it, and is none of its commands', () => {
  const [part] = parseLab('x/y', '#: lab T\n#: part one\n#: unchecked it only waits\nsleep 1').parts;
  expect(part).toMatchObject({ commands: 'sleep 1', unchecked: 'it only waits' });
  const refused = "labs/x/y.sh:2: '#: unchecked REASON' belongs into a part";
  expect(() => parseLab('x/y', '#: lab T\n#: unchecked why\n#: part one\ntrue')).toThrow(refused);
  expect(() => parseLab('x/y', '#: lab T\n#: part one\n#: unchecked\ntrue')).toThrow(':3:');
});

describe('a recording', () => {
  test('survives being written and read, whatever programs print', () => {
    const recording = new Map([
      ['one', { exit: 0, output: '' }],
      ['two', { exit: 7, endsIn: '~/x', output: '#: part one exit=0\n\n  blanks \n\\#: x\n…' }],
      ['three', { exit: 255, output: '\n\nlast' }],
    ]);
    expect(parseRecording('x/y', formatRecording(recording))).toEqual(recording);
  });

  test.each([
    ['x\n#: part a exit=0', "labs/x/y.out:1: output before the first '#: part NAME exit=N'"],
    ['#: part a', "labs/x/y.out:1: part 'a' has no exit=N"],
    ['#: part a exit=0 ends-in=x', "labs/x/y.out:1: 'ends-in=x' is nothing a recording says"],
    ['#: part a exit=0\n#: part a exit=0', "labs/x/y.out:2: part 'a' is there twice"],
    ['#: part a exit=0\nok\ntook ‹forevr›', "labs/x/y.out:3: '‹forevr›' is no placeholder"],
  ])('%j is refused', (source, message) => {
    expect(() => parseRecording('x/y', source)).toThrow(message);
  });
});

test('a recording that is not of the lab as it is names the part and the way out', () => {
  const lab = parseLab('x/y', LAB);
  const check = (name: string, exit: number): void =>
    checkRecording(lab, new Map([[name, { exit, output: '' }]]));
  expect(() => check('two', 7)).not.toThrow();
  expect(() => check('two', 0)).toThrow(
    "labs/x/y.out: part 'two' has exit=0, the script expects 7; correct it, or",
  );
  expect(() => check('three', 0)).toThrow(/part 'three' is not in the script.*npm run labs -- --record x\/y/);
});

test('a part that fails in any way is recorded with a message', () => {
  const lab = parseLab('x/y', '#: lab T\n#: part one expect-fail\nls nowhere');
  const check = (exit: number, output: string): void =>
    checkRecording(lab, new Map([['one', { exit, output }]]));
  expect(() => check(2, 'no such file')).not.toThrow();
  expect(() => check(0, 'nowhere')).toThrow('has exit=0, the script expects another than 0');
  expect(() => check(2, '')).toThrow('is to fail with a message, and none is recorded');
});

test("a part's digest changes with it, with what it prints, and with all parts before it, and with nothing else", () => {
  const digests = (source: string, output = 'a'): (string | undefined)[] => {
    const lab = parseLab('x/y', source);
    const all = partDigests(lab, new Map([['one', { exit: 0, output }]]));
    return lab.parts.map(({ name }) => all.get(name));
  };
  const [one, two] = digests(LAB);
  expect(digests(LAB.replace('echo a', 'echo b'))[0]).toBe(one);
  expect(digests(LAB.replace('echo a', 'echo b'))[1]).not.toBe(two);
  expect(digests(LAB.replace('true', 'false'))[1]).not.toBe(two);
  expect(digests(LAB, 'b')[0]).not.toBe(one);
  expect(digests(LAB.replace('part two', 'part two user=root'))[1]).not.toBe(two);
  expect(digests(LAB.replace('part two', 'part two in=/etc'))[1]).not.toBe(two);
  expect(digests(LAB, 'b')[1]).not.toBe(two);
  expect(digests(LAB.replace('for readers', 'for all readers'))).toEqual([one, two]);
});

test('labs are found with their recordings; a recording of no lab is an error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kittiwake-labs-'));
  try {
    for (const name of ['b', 'a', 'runner']) await mkdir(join(folder, name));
    await writeFile(join(folder, 'b', 'y.sh'), LAB);
    await writeFile(join(folder, 'a', 'z.sh'), LAB);
    await writeFile(join(folder, 'runner', 'not.sh'), 'no lab');
    const recording = new Map([['one', { exit: 0, output: 'x' }]]);
    await writeRecording(folder, 'b/y', recording);
    const labs = await readLabs(folder);
    expect(labs.map(({ lab }) => lab.id)).toEqual(['a/z', 'b/y']);
    expect(labs[1]?.recording).toEqual(recording);
    const unreadable = new Map([['one', { exit: 0, output: 'a ‹strange› line' }]]);
    await expect(writeRecording(folder, 'b/y', unreadable)).rejects.toThrow('labs/b/y.out:2:');
    expect((await readLabs(folder))[1]?.recording).toEqual(recording);
    await writeFile(join(folder, 'a', 'w.out'), '');
    await expect(readLabs(folder)).rejects.toThrow('labs/a/w.out: a recording of no lab; remove it');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the format's reference has every option of a part", async () => {
  const readme = await readFile('labs/README.md', 'utf8');
  for (const { form } of PART_OPTIONS) expect(readme).toContain(`\`${form.replace(/=.*/, '=')}`);
});
