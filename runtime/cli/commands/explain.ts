// kittiwake explain: what a guest failed of, with the names of the functions it was in.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { crc32 } from 'node:zlib';
import type { Command } from '../command.ts';
import { parseReport, REGISTERS, REPORT_LIMIT, type CrashReport } from '../crash-report.ts';
import { CommandError, EXIT } from '../errors.ts';
import { locate, type Install } from '../install.ts';
import { printable } from '../printable.ts';
import { readSymbols, type Symbols } from '../symbols.ts';

const HELP = `Explain why a guest failed: what it did, and the functions it was in.

Usage: kittiwake explain [--json] REPORT [IMAGE]

REPORT is what a tender wrote with --crash=FILE. IMAGE is the image that ran, a
file or the name of a prebuilt one; left out, the file that ran is used if it is
still there. Functions have names if the image has a symbol table, or was built
with Kittiwake.

The list of callers is found by looking for return addresses on the stack. Some
of them may be left over from earlier calls.

Options:
  --json      print what was found as JSON
  --help      show this text

Examples:
  kittiwake run --crash=crash.json hello.spt
  kittiwake explain crash.json
  kittiwake explain --json crash.json ./hello.spt
`;

/** More than any image has; it is read whole. */
const IMAGE_LIMIT = 256 << 20;

interface Frame {
  readonly address: bigint;
  /** Where on the stack it was found; undefined for the instruction that failed. */
  readonly at?: bigint;
  readonly name?: string;
  readonly offset?: number;
}

export const explain: Command = {
  help: HELP,
  options: ['--json', '--help'],
  takesImage: true,
  run(args, { out, note, install }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { json: { type: 'boolean' } },
      allowPositionals: true,
    });
    const [path, image, ...more] = positionals;
    if (path === undefined || more.length > 0)
      throw new CommandError(
        EXIT.usage,
        `explain takes a crash report and at most one image; see 'kittiwake explain --help'`,
      );
    const name = printable(path);
    const report = parseReport(name, readRegular(path, REPORT_LIMIT).toString('utf8'));
    const symbols = symbolsFor(report, image, install, note);
    const frames = backtrace(report, symbols);
    out(values.json ? `${JSON.stringify(described(report, frames))}\n` : text(report, frames, symbols));
    return EXIT.ok;
  },
};

/** A file's bytes. Does not wait for what is no file. @throws CommandError where it cannot be read, or is larger than `limit`. */
function readRegular(path: string, limit: number): Buffer {
  const name = printable(path);
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === 'EACCES')
      throw new CommandError(
        EXIT.permission,
        `${name}: permission denied; make it readable with 'chmod u+r'`,
      );
    throw new CommandError(
      EXIT.noImage,
      code === 'ENOENT'
        ? `${name}: no such file; check the path`
        : `${name}: cannot be read (${code}); check the path`,
    );
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new CommandError(EXIT.noImage, `${name}: not a file; check the path`);
    if (stat.size > limit)
      throw new CommandError(EXIT.image, `${name}: larger than ${limit >> 20} MiB; give the right file`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The names of the image that ran; undefined where it is not there, which is noted. */
function symbolsFor(
  report: CrashReport,
  given: string | undefined,
  install: Install,
  note: (line: string) => void,
): Symbols | undefined {
  const { name, size, crc32: sum } = report.image;
  const path = given === undefined ? name : (locate(given, install) ?? given);
  try {
    const bytes = readRegular(path, IMAGE_LIMIT);
    if (bytes.length === size && crc32(bytes) === sum) return readSymbols(bytes);
    throw new CommandError(
      EXIT.image,
      `${printable(path)}: not the image that failed: its contents differ; give the one that ran`,
    );
  } catch (error) {
    if (given !== undefined || !(error instanceof CommandError)) throw error;
    note(
      `${printable(basename(name))}: the image that failed is not at ${printable(name)} any more; name it after the report to get the names of its functions`,
    );
    return undefined;
  }
}

function backtrace(report: CrashReport, symbols: Symbols | undefined): Frame[] {
  const first = report.trap?.rip ?? report.registers?.rip;
  const callers = report.words.filter(({ value }) => symbols?.followsCall(value) ?? true);
  return [
    ...(first === undefined ? [] : [{ address: first, ...symbols?.at(first) }]),
    // A call at a function's end returns behind it: what is asked for is the call.
    ...callers.map(({ at, value }) => {
      const found = symbols?.at(value - 1n);
      return { address: value, at, ...(found && { name: found.name, offset: found.offset + 1 }) };
    }),
  ];
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

function described(report: CrashReport, frames: readonly Frame[]): unknown {
  const { tender, version, memory, image, cause, address, registers, trap } = report;
  return {
    tender,
    version,
    memory,
    image: printable(image.name),
    cause,
    ...(address === undefined ? {} : { address: hex(address) }),
    ...(registers && {
      registers: Object.fromEntries(REGISTERS.map((name) => [name, hex(registers[name])])),
    }),
    ...(trap && {
      trap: { address: hex(trap.address), error: hex(trap.error), rip: hex(trap.rip), rsp: hex(trap.rsp) },
    }),
    backtrace: frames.map((frame) => ({
      address: hex(frame.address),
      ...(frame.at === undefined ? {} : { at: hex(frame.at) }),
      ...(frame.name === undefined ? {} : { function: printable(frame.name, 400), offset: frame.offset }),
    })),
  };
}

function text(report: CrashReport, frames: readonly Frame[], symbols: Symbols | undefined): string {
  const { tender, version, memory, image, cause, address, registers, trap } = report;
  const lines = [
    `image    ${printable(image.name)}, under ${tender} ${version} with ${Math.floor(memory / 2 ** 20)} MiB`,
    `cause    ${cause}${address === undefined ? '' : `, address ${hex(address)}`}`,
    ...(trap ? [`trap     address ${hex(trap.address)}, error code ${hex(trap.error)}`] : []),
    ...(symbols?.count === 0 ? ['names    the image has none; build it without stripping its symbols'] : []),
    '',
    ...(frames.length === 0
      ? ['no backtrace: the processor was reset before anybody could look']
      : frames.map(
          (frame, i) => `#${String(i).padEnd(3)} ${hex(frame.address).padEnd(18)} ${place(frame, report)}`,
        )),
    '',
    ...(registers
      ? rows(REGISTERS.map((name) => `${name.padEnd(6)} ${hex(registers[name]).padEnd(18)}`))
      : []),
  ];
  return `${lines
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd()}\n`;
}

function place({ address, name, offset = 0 }: Frame, report: CrashReport): string {
  if (name !== undefined) return `${printable(name, 400)} + ${hex(offset)}`;
  const segment = report.image.segments.find(({ start, end }) => address >= start && address < end);
  return segment
    ? `?? (${segment.access} segment at ${hex(segment.start)})`
    : '?? (in no segment of the image)';
}

/** Three in a line. */
function rows(cells: readonly string[]): string[] {
  return Array.from({ length: Math.ceil(cells.length / 3) }, (_, i) =>
    cells.slice(i * 3, i * 3 + 3).join('  '),
  );
}
