// --crash=FILE under spt: what the report of a guest's fault says, that nothing else is ever written, and what is refused.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { DATA, word } from './code.ts';
import { call, CODE, exit, guestElf, type Segment } from './guest-elf.ts';
import { imageFolder, run, tender, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);
const folder = join(image('some', ''), '..');

const MEMORY = 0x400000;
const NOTHING = 0x202000;
const SEGMENTS: readonly Segment[] = [
  { address: DATA, flags: 6, bytes: [0], memory: 0x1000 },
  { address: NOTHING, flags: 0, bytes: [0], memory: 0x1000 },
];

/** push $value, which is extended with its sign. */
const push = (value: number): number[] => [0x68, ...word(value)];
/** mov $value, %rsp, which is extended with its sign. */
const rsp = (value: number): number[] => [0x48, 0xc7, 0xc4, ...word(value)];
const ud2 = [0x0f, 0x0b];

/** Fills its stack with addresses of code before it faults. */
const FULL_STACK = [
  ...[0xb9, ...word(2000)], // mov $2000, %ecx
  ...[...push(CODE), 0xff, 0xc9, 0x75, 0xf7], // push $CODE; dec %ecx; jnz to the push
  ...ud2,
];

interface Report {
  readonly [key: string]: unknown;
  readonly registers: Readonly<Record<string, string>>;
  readonly stack: { readonly from: string; readonly to: string; readonly words: [string, string][] };
}

let count = 0;
/** Runs machine code with a crash report; `report` is undefined if the file stayed empty. */
function crash(code: readonly number[]) {
  const file = image(`${count++}.spt`, guestElf({ code, more: SEGMENTS }));
  const path = `${file}.json`;
  const ended = tender('spt', '--sysexits', '--mem=4', `--crash=${path}`, file);
  const text = readFileSync(path, 'utf8');
  return { ...ended, file, path, report: text === '' ? undefined : (JSON.parse(text) as Report) };
}

describe('a report', () => {
  test('says what happened, where, in which image, and what was in the registers', () => {
    const registers = [
      ...[0x48, 0xb8, ...word(0x55667788), ...word(0x11223344)], // mov $0x1122334455667788, %rax
      ...[0x41, 0xbc, ...word(12), 0x41, 0xbf, ...word(15)], // mov $12, %r12d; mov $15, %r15d
    ];
    const { report, file, path, err, status } = crash([
      ...registers,
      ...[0x48, 0x8b, 0x04, 0x25, ...word(8)], // mov 8, %rax
    ]);
    const bytes = readFileSync(file);
    expect(status).toBe(255);
    expect(err).toMatch(/^kittiwake-spt: guest fault: it read memory it may not, address 0x8, [ -~]+\n$/);
    expect(report).toMatchObject({
      crash: 1,
      tender: 'kittiwake-spt',
      memory: MEMORY,
      image: {
        name: file,
        size: bytes.length,
        crc32: crc32(bytes),
        segments: [
          { start: '0x100000', access: 'r-x' },
          { start: '0x200000', end: '0x201000', access: 'rw-' },
          { start: '0x202000', end: '0x203000', access: '---' },
        ],
      },
      cause: 'it read memory it may not',
      address: '0x8',
      registers: { rax: '0x1122334455667788', r12: '0xc', r15: '0xf', rdi: '0x11000', rsp: '0x3ffff8' },
    });
    expect(Number(report?.registers['rip'])).toBe(CODE + registers.length);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('lists what lies on the stack and in code, and nothing else', () => {
    const { report } = crash([...push(CODE + 3), ...push(DATA), ...push(-1), ...push(CODE), ...ud2]);
    expect(report?.stack).toEqual({
      from: '0x3fffd8',
      to: '0x400000',
      words: [
        ['0x3fffd8', '0x100000'],
        ['0x3ffff0', '0x100003'],
      ],
    });
  });

  test('of a full stack has its 512 words', () => {
    const { report } = crash(FULL_STACK);
    expect(report?.stack.words).toHaveLength(512);
    expect(report?.stack.to).toBe(`0x${(Number(report?.stack.from) + 4096).toString(16)}`);
  });

  test.each([
    ['nowhere', 0],
    ['at the end of addresses', -8],
    ['behind memory', MEMORY],
    ['in memory that may not be read', NOTHING],
    ['below the image', 0x11000],
  ])('of a stack %s has no words', (_, at) => {
    const { report, status } = crash([...rsp(at), ...ud2]);
    expect(report?.stack.words).toEqual([]);
    expect(status).toBe(255);
  });

  test('of a stack that runs into memory that may not be read ends there', () => {
    const { report } = crash([...rsp(NOTHING - 8), ...ud2]);
    expect(report?.stack.to).toBe('0x202000');
  });

  test('of a name that is hostile is still JSON', () => {
    const file = image('a"\\\x01\x1b.spt', guestElf({ code: ud2 }));
    const path = join(folder, 'hostile.json');
    tender('spt', '--mem=4', `--crash=${path}`, file);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ image: { name: file } });
  });

  test('is not written where the guest ends well; its empty file may be given again', () => {
    const file = image('well.spt', guestElf({ code: exit(3) }));
    const path = join(folder, 'well.json');
    for (let i = 0; i < 2; i++) {
      expect(tender('spt', '--mem=4', `--crash=${path}`, file)).toMatchObject({ status: 3, err: '' });
      expect(readFileSync(path, 'utf8')).toBe('');
    }
  });

  test('that does not fit the limit of file sizes is cut; line and status stay', () => {
    const file = image('limit.spt', guestElf({ code: FULL_STACK }));
    const program = join(tenders, 'kittiwake-spt');
    const ended = run('sh', ['-c', `ulimit -f 16; exec ${program} --sysexits --crash=${file}.json ${file}`]);
    expect(ended).toMatchObject({ status: 255, err: expect.stringMatching(/does not exist/) as string });
    expect(statSync(`${file}.json`).size).toBe(8192);
  });
});

test('without the option nothing is written', () => {
  const file = image('plain.spt', guestElf({ code: ud2 }));
  tender('spt', '--mem=4', file);
  expect(existsSync(`${file}.json`)).toBe(false);
});

test('a guest cannot write to the file, or to another, by the call that is for the report', () => {
  for (let fd = 0; fd < 10; fd++) {
    const code = [
      ...[0xbf, ...word(fd), 0xbe, ...word(CODE), 0xba, ...word(8), 0x45, 0x31, 0xd2], // %edi, %esi, %edx, %r10d
      ...call(18), // pwrite64
      ...exit(0),
    ];
    const ended = crash(code);
    expect(ended).toMatchObject({ signal: 'SIGSYS', report: undefined });
  }
});

describe('refused is', () => {
  const file = image('refused.spt', guestElf({ code: ud2 }));
  const refuse = (path: string) => tender('spt', '--sysexits', '--mem=4', `--crash=${path}`, file);

  test.each<[string, string, () => void]>([
    ['a file that holds something', 'full.json', () => writeFileSync(join(folder, 'full.json'), 'x')],
    [
      'an empty file that others may read',
      'open.json',
      () => writeFileSync(join(folder, 'open.json'), '', { mode: 0o644 }),
    ],
    [
      'a link to a file',
      'link.json',
      () => {
        writeFileSync(join(folder, 'target.json'), '', { mode: 0o600 });
        symlinkSync('target.json', join(folder, 'link.json'));
      },
    ],
    ['a link to nothing', 'dangling.json', () => symlinkSync('missing.json', join(folder, 'dangling.json'))],
    ['a folder', 'folder.json', () => mkdirSync(join(folder, 'folder.json'))],
  ])('%s', (_, name, make) => {
    make();
    expect(refuse(join(folder, name))).toMatchObject({
      status: 73,
      err: expect.stringMatching(
        /^kittiwake-spt: crash report: \S+ exists; move it away, or give another file\n$/,
      ) as string,
    });
    expect(existsSync(join(folder, 'missing.json'))).toBe(false);
  });

  test('a file that another guest may still write to', async () => {
    const path = join(folder, 'shared.json');
    const loop = image('loop.spt', guestElf({ code: [0xeb, 0xfe] }));
    const other = spawn(join(tenders, 'kittiwake-spt'), ['--mem=4', `--crash=${path}`, '--events=3', loop], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
    const ended = once(other, 'close');
    await once(other.stdio[3] as Readable, 'data');
    expect(refuse(path)).toMatchObject({
      status: 78,
      err: expect.stringMatching(
        /option '--crash': \S+ is in use by another guest; give each its own/,
      ) as string,
    });
    other.kill('SIGKILL');
    await ended;
  });

  test('a path in no folder', () => {
    expect(refuse(join(folder, 'no', 'such'))).toMatchObject({
      status: 73,
      err: expect.stringMatching(/cannot be created \(No such file or directory\); give a file in/) as string,
    });
  });

  test.each([
    [['--crash'], /'--crash': needs a value; write it as '--crash=FILE'/],
    [['--crash='], /needs a value/],
    [['--crash=a', '--crash=b'], /'--crash=b': was already given; give it once/],
    [['--crashes=a'], /'--crashes=a': unknown/],
  ])('%j', (options, line) => {
    expect(tender('spt', '--sysexits', ...options, file)).toMatchObject({
      status: 64,
      err: expect.stringMatching(line) as string,
    });
  });
});
