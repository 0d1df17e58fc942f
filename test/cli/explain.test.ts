// kittiwake explain: crash reports of real guests, names from both kinds of tables, and reports and images that are hostile.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseReport } from '../../runtime/cli/crash-report.ts';
import { CommandError } from '../../runtime/cli/errors.ts';
import { installAt } from '../../runtime/cli/install.ts';
import { main } from '../../runtime/cli/main.ts';
import { readSymbols } from '../../runtime/cli/symbols.ts';
import { buildProgram } from '../guest/image.ts';
import { CODE, guestElf } from '../tender/guest-elf.ts';
import { seeded } from '../random.ts';
import { tender } from '../tender/tender.ts';

let folder: string;
let program: string;
let programFolder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kittiwake-explain-'));
  ({ image: program, folder: programFolder } = await buildProgram('trouble'));
}, 120_000);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await rm(programFolder, { recursive: true });
});

async function explain(...args: string[]) {
  const did = { status: -1, out: '', notes: [] as string[] };
  did.status = await main(['explain', ...args], {
    out: (text) => (did.out += text),
    note: (line) => did.notes.push(line),
    colour: false,
    install: installAt(folder),
    probeKvm: () => ({ state: 'missing', detail: '' }),
    exec: () => undefined,
  });
  return did;
}

let count = 0;
/** Runs an image that fails under spt; its report. */
function crash(image: string, ...args: string[]): string {
  const report = join(folder, `${count++}.json`);
  tender('spt', '--sysexits', '--mem=4', `--crash=${report}`, image, ...args);
  return report;
}

interface Explained {
  readonly cause: string;
  readonly backtrace: readonly {
    readonly address: string;
    readonly function?: string;
    readonly offset?: number;
  }[];
}

describe('an image built here', () => {
  test('has the names of the function that failed and of its callers', async () => {
    const { status, out, notes } = await explain('--json', crash(program, 'recurse'));
    const { cause, backtrace } = JSON.parse(out) as Explained;
    const names = backtrace.map((frame) => frame.function);
    expect(cause).toBe('it wrote memory it may not');
    expect(names[0]).toBe('test/guest/programs/trouble/recurse');
    expect(names.filter((name) => name === names[0]).length).toBeGreaterThan(10);
    expect({ status, notes }).toEqual({ status: 0, notes: [] });
  });

  test('is explained in words', async () => {
    const { out } = await explain(crash(program, 'load'));
    expect(out).toMatch(/^image {4}\S+trouble\.spt, under kittiwake-spt \S+ with 4 MiB$/m);
    expect(out).toMatch(/^cause {4}it read memory it may not, address 0x[0-9a-f]+$/m);
    expect(out).toMatch(
      /^#0 {3}0x[0-9a-f]+ +test\/guest\/programs\/trouble\/(wildLoad|main) \+ 0x[0-9a-f]+$/m,
    );
    expect(out).toMatch(/^#1 {3}0x[0-9a-f]+ /m);
    expect(out).toMatch(/^rax {4}0x[0-9a-f]+ +rbx {4}0x[0-9a-f]+ +rcx {4}0x[0-9a-f]+$/m);
    expect(out).toMatch(/rip {4}0x[0-9a-f]+ +rflags 0x[0-9a-f]+$/m);
  });

  test('that is gone is noted, and addresses are all there is; another one is refused', async () => {
    const copy = join(folder, 'copy.spt');
    copyFileSync(program, copy);
    const report = crash(copy, 'load');
    rmSync(copy);
    const { status, out, notes } = await explain(report);
    expect(out).toMatch(/^#0 {3}0x[0-9a-f]+ +\?\? \(r-x segment at 0x100000\)$/m);
    expect(notes).toEqual([
      `copy.spt: the image that failed is not at ${copy} any more; name it after the report to get the names of its functions`,
    ]);
    expect(status).toBe(0);
    expect((await explain(report, program)).out).toMatch(/^#0 .*trouble\/\w+ \+/m);
    writeFileSync(copy, 'another one');
    expect((await explain(report)).notes[0]).toMatch(/is not at/);
    expect(await explain(report, copy)).toEqual({
      status: 65,
      out: '',
      notes: [`${copy}: not the image that failed: its contents differ; give the one that ran`],
    });
    expect(await explain(report, join(folder, 'missing'))).toMatchObject({ status: 66 });
  });
});

/** `elf` with a symbol table behind it. */
function withSymbols(
  elf: Buffer,
  symbols: readonly (readonly [name: string, start: number, size: number])[],
): Buffer {
  const names = Buffer.from(`\0${symbols.map(([name]) => `${name}\0`).join('')}`, 'latin1');
  const table = Buffer.alloc(24 * (symbols.length + 1));
  let name = 1;
  for (const [i, [text, start, size]] of symbols.entries()) {
    table.writeUInt32LE(name, 24 * (i + 1));
    table[24 * (i + 1) + 4] = 0x12; // STB_GLOBAL, STT_FUNC
    table.writeBigUInt64LE(BigInt(start), 24 * (i + 1) + 8);
    table.writeBigUInt64LE(BigInt(size), 24 * (i + 1) + 16);
    name += text.length + 1;
  }
  const section = (type: number, offset: number, size: number, link: number): Buffer => {
    const bytes = Buffer.alloc(64);
    bytes.writeUInt32LE(type, 4);
    bytes.writeBigUInt64LE(BigInt(offset), 24);
    bytes.writeBigUInt64LE(BigInt(size), 32);
    bytes.writeUInt32LE(link, 40);
    return bytes;
  };
  const head = Buffer.from(elf);
  head.writeBigUInt64LE(BigInt(elf.length + table.length + names.length), 40);
  head.writeUInt16LE(3, 60);
  return Buffer.concat([
    ...[head, table, names, section(0, 0, 0, 0)],
    ...[section(2, elf.length, table.length, 2), section(3, elf.length + table.length, names.length, 0)],
  ]);
}

/** call to a function that pushes what is no return address, and faults; the caller is at 0, the function at 8. */
const CALLS = [0xe8, 3, 0, 0, 0, 0x90, 0x90, 0x90, 0x68, 2, 0, 0x10, 0, 0x0f, 0x0b];

describe('a symbol table', () => {
  const image = (): Buffer =>
    withSymbols(guestElf({ code: CALLS }), [
      ['callee', CODE + 8, 0],
      ['caller\x1b[31m', CODE, 8],
    ]);

  test('names functions; only what follows a call is taken for a return address', async () => {
    const file = join(folder, 'symbols.spt');
    writeFileSync(file, image());
    const { out } = await explain(crash(file));
    expect(out).toMatch(/^#0 {3}0x10000d {11}callee \+ 0x5$/m);
    expect(out).toMatch(/^#1 {3}0x100005 {11}caller\\x1b\[31m \+ 0x5$/m);
    expect(out).not.toMatch(/^#2/m);
  });

  test('of no use is said to be missing', async () => {
    const file = join(folder, 'stripped.spt');
    writeFileSync(file, guestElf({ code: CALLS }));
    expect((await explain(crash(file))).out).toMatch(
      /^names {4}the image has none; build it without stripping its symbols$/m,
    );
  });

  test.each([
    ['call near', [0xe8, 0, 0, 0, 0], true],
    ['call *%rax', [0xff, 0xd0], true],
    ['call *%r11', [0x41, 0xff, 0xd3], true],
    ['call *(%rax)', [0xff, 0x10], true],
    ['call *8(%rax)', [0xff, 0x50, 8], true],
    ['call *8(%rsp)', [0xff, 0x54, 0x24, 8], true],
    ['call *0x1000(%rax)', [0xff, 0x90, 0, 0x10, 0, 0], true],
    ['call *table(,%rax,8)', [0xff, 0x14, 0xc5, 0, 0, 0x20, 0], true],
    ['call *0x10(%rip)', [0xff, 0x15, 0x10, 0, 0, 0], true],
    ['push (%rax)', [0xff, 0x30], false],
    ['jmp *%rax', [0xff, 0xe0], false],
    ['jmp near', [0xe9, 0, 0, 0, 0], false],
  ])('%s', (_, code, is) => {
    const symbols = readSymbols(guestElf({ code: [0x90, 0x90, 0x90, ...code] }));
    expect(symbols.followsCall(BigInt(CODE + 3 + code.length))).toBe(is);
    expect(symbols.followsCall(BigInt(CODE))).toBe(false);
    expect(symbols.followsCall(0xffff_ffff_ffff_fff0n)).toBe(false);
  });
});

describe('a report', () => {
  const good = {
    crash: 1,
    tender: 'kittiwake-hvt',
    version: '1',
    memory: 4 << 20,
    image: {
      name: 'gone.hvt',
      size: 1,
      crc32: 2,
      segments: [{ start: '0x100000', end: '0x101000', access: 'r-x' }],
    },
    cause: 'triple fault\x1b[31m',
  };
  const write = (what: unknown): string => {
    const path = join(folder, 'written.json');
    writeFileSync(path, typeof what === 'string' ? what : JSON.stringify(what));
    return path;
  };

  test('without registers has no backtrace; nothing of it reaches the terminal as it stands', async () => {
    const { out, status } = await explain(write(good));
    expect(out).toMatch(/^cause {4}triple fault\\x1b\[31m$/m);
    expect(out).toMatch(/^no backtrace: the processor was reset/m);
    expect(status).toBe(0);
  });

  test('of a trap begins where the guest says it was', async () => {
    const trap = ['0x8', '0x2', '0x100040', '0x8', '0x2', '0x3ffff0', '0x10'];
    const { out } = await explain(write({ ...good, trap }));
    expect(out).toMatch(/^trap {5}address 0x8, error code 0x2$/m);
    expect(out).toMatch(/^#0 {3}0x100040 /m);
  });

  test.each<[string, unknown, number, RegExp]>([
    ['empty', '', 65, /empty: the guest it is for has not failed, or is running/],
    ['no JSON', 'x', 65, /not a crash report, or cut short; give a file/],
    ['a number', '7', 65, /not a crash report \(no object\); give a file/],
    ['another object', '{}', 65, /not a crash report \(no version\)/],
    ['newer', { ...good, crash: 2 }, 65, /of version 2, this kittiwake knows version 1; use a newer one/],
    ['without an image', { ...good, image: null }, 65, /\(image\)/],
    ['with half a trap', { ...good, trap: ['0x1'] }, 65, /\(trap\)/],
    ['with some registers', { ...good, registers: { rax: '0x1' } }, 65, /\(rbx\)/],
    ['with large numbers', { ...good, address: `0x1${'0'.repeat(16)}` }, 65, /\(address\)/],
    ['with too many words', { ...good, stack: { words: Array(2000).fill(['0x0', '0x0']) } }, 65, /\(stack\)/],
    ['too large', ' '.repeat((1 << 20) + 1), 65, /larger than 1 MiB/],
  ])('%s is refused', async (_, what, status, line) => {
    const did = await explain(write(what));
    expect(did).toMatchObject({ status, out: '' });
    expect(did.notes).toEqual([expect.stringMatching(line)]);
  });

  test('that is no file, or none at all, is refused', async () => {
    expect(await explain(folder)).toMatchObject({ status: 66, notes: [expect.stringMatching(/not a file/)] });
    expect(await explain(join(folder, 'no'))).toMatchObject({
      status: 66,
      notes: [expect.stringMatching(/no such/)],
    });
    expect(await explain()).toMatchObject({ status: 64 });
    expect(await explain('a', 'b', 'c')).toMatchObject({ status: 64 });
    expect(await explain('--nonsense')).toMatchObject({ status: 64 });
    const cut = crash(program, 'load');
    truncateSync(cut, 100);
    expect(await explain(cut)).toMatchObject({ status: 65, notes: [expect.stringMatching(/cut short/)] });
  });
});

describe('random changes', () => {
  /** Some bytes replaced, cut or doubled. */
  function spoil(bytes: Buffer, random: (limit: number) => number): Buffer {
    let spoiled = Buffer.from(bytes);
    for (let i = 1 + random(8); i > 0; i--) {
      const at = random(spoiled.length);
      const kind = random(8);
      if (kind === 0) spoiled = Buffer.concat([spoiled.subarray(0, at)]);
      else if (kind === 1) spoiled.fill(0xff, at, Math.min(at + 8, spoiled.length));
      else spoiled[at] = random(256);
      if (spoiled.length === 0) return spoiled;
    }
    return spoiled;
  }

  const VALUES = [null, -1, 1e21, 7, '', '0x', '0x7', '0xzz', 'x'.repeat(5000), [], {}, ['0x1', '0x2'], true];

  /** A value somewhere in it replaced: damage that leaves it JSON, and so gets further in. */
  function replace(text: string, random: (limit: number) => number): string {
    const root = JSON.parse(text) as Record<string, unknown>;
    let at = root;
    for (;;) {
      const keys = Object.keys(at);
      const key = keys[random(keys.length)];
      if (key === undefined) break;
      const value = at[key];
      if (typeof value !== 'object' || value === null || random(4) === 0) {
        at[key] = VALUES[random(VALUES.length)];
        break;
      }
      at = value as Record<string, unknown>;
    }
    return JSON.stringify(root);
  }

  test.each([1, 2, 3])('to a report give a report or a refusal, seed %i', (seed) => {
    const random = seeded(seed);
    const bytes = readFileSync(crash(program, 'recurse'));
    const outcomes = { taken: 0, refused: 0 };
    for (let i = 0; i < 2000; i++) {
      try {
        const spoiled =
          i % 2 === 0 ? spoil(bytes, random).toString('utf8') : replace(bytes.toString('utf8'), random);
        parseReport('report', spoiled);
        outcomes.taken++;
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        outcomes.refused++;
      }
    }
    expect(Math.min(outcomes.taken, outcomes.refused)).toBeGreaterThan(50);
  });

  test.each([1, 2, 3])('to an image give names or none, in bounded time, seed %i', (seed) => {
    const random = seeded(seed);
    const own = readFileSync(program);
    const table = withSymbols(guestElf({ code: CALLS }), [['main', CODE, 8]]);
    const outcomes = { names: 0, none: 0 };
    for (let i = 0; i < 600; i++) {
      // What leads to the names stands in the first bytes of the one image and in the last ones of the other.
      const image = i % 2 === 0 ? own : table;
      const from = i % 2 === 0 ? 0 : image.length - 300;
      const spoiled = Buffer.concat([
        image.subarray(0, from),
        spoil(image.subarray(from, from + 1200), random),
        image.subarray(from + 1200),
      ]);
      const symbols = readSymbols(spoiled);
      symbols.at(BigInt(CODE + random(64)));
      symbols.followsCall(BigInt(CODE + random(64)));
      outcomes[symbols.count > 0 ? 'names' : 'none']++;
    }
    expect(Math.min(outcomes.names, outcomes.none)).toBeGreaterThan(20);
  });

  test('to the image are noticed by its checksum', () => {
    const bytes = readFileSync(program);
    expect(crc32(bytes)).toBe(parseReport('r', readFileSync(crash(program, 'load'), 'utf8')).image.crc32);
  });
});
