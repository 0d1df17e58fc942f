// Reads the crash reports that the tenders write with --crash (runtime/tender/README.md). Under spt a guest can write what it wants there:
// nothing is believed before it is checked, and what is read is bounded.
import { CommandError, EXIT } from './errors.ts';
import { printable } from './printable.ts';

/** The tenders write at most 64 KiB. */
export const REPORT_LIMIT = 1 << 20;
const SEGMENTS_MAX = 128;
const WORDS_MAX = 1024;
const TRAP_WORDS = 7;

export const REGISTERS = [
  ...['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp'],
  ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip', 'rflags'],
] as const;
export type RegisterName = (typeof REGISTERS)[number];

export interface Segment {
  readonly start: bigint;
  readonly end: bigint;
  readonly access: string;
}

export interface CrashReport {
  readonly tender: string;
  readonly version: string;
  readonly memory: number;
  readonly image: {
    readonly name: string;
    readonly size: number;
    readonly crc32: number;
    readonly segments: readonly Segment[];
  };
  readonly cause: string;
  readonly address?: bigint;
  /** Not there where the processor lost them. */
  readonly registers?: Readonly<Record<RegisterName, bigint>>;
  /** What the guest's own handler noted. */
  readonly trap?: {
    readonly address: bigint;
    readonly error: bigint;
    readonly rip: bigint;
    readonly rsp: bigint;
  };
  /** Numbers on the stack that lie in code, each with its place. */
  readonly words: readonly { readonly at: bigint; readonly value: bigint }[];
}

type Json = Readonly<Record<string, unknown>>;

/** @throws CommandError `image` for whatever is no report; `name` is for messages. */
export function parseReport(name: string, text: string): CrashReport {
  const fail = (what: string): never => {
    throw new CommandError(EXIT.image, `${name}: ${what}`);
  };
  if (text === '') fail('empty: the guest it is for has not failed, or is running');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    fail('not a crash report, or cut short; give a file that a tender wrote with --crash');
  }
  const bad = (what: string): never =>
    fail(`not a crash report (${what}); give a file that a tender wrote with --crash`);
  const object = (of: unknown, what: string): Json =>
    typeof of === 'object' && of !== null && !Array.isArray(of) ? (of as Json) : bad(what);
  const list = (of: unknown, most: number, what: string): readonly unknown[] =>
    Array.isArray(of) && of.length <= most ? (of as unknown[]) : bad(what);
  const string = (of: unknown, what: string): string => (typeof of === 'string' ? of : bad(what));
  const count = (of: unknown, what: string): number =>
    typeof of === 'number' && Number.isSafeInteger(of) && of >= 0 ? of : bad(what);
  const hex = (of: unknown, what: string): bigint =>
    typeof of === 'string' && /^0x[0-9a-f]{1,16}$/.test(of) ? BigInt(of) : bad(what);

  const report = object(value, 'no object');
  const version = count(report['crash'], 'no version');
  if (version !== 1)
    fail(`a crash report of version ${version}, this kittiwake knows version 1; use a newer one`);
  const image = object(report['image'], 'image');
  const registers = report['registers'] === undefined ? undefined : object(report['registers'], 'registers');
  const trap =
    report['trap'] === undefined
      ? undefined
      : list(report['trap'], TRAP_WORDS, 'trap').map((word) => hex(word, 'trap'));
  const stack = report['stack'] === undefined ? {} : object(report['stack'], 'stack');
  return {
    tender: printable(string(report['tender'], 'tender')),
    version: printable(string(report['version'], 'version')),
    memory: count(report['memory'], 'memory'),
    image: {
      name: string(image['name'], 'image name'),
      size: count(image['size'], 'image size'),
      crc32: count(image['crc32'], 'image checksum'),
      segments: list(image['segments'], SEGMENTS_MAX, 'segments').map((each) => {
        const segment = object(each, 'segment');
        return {
          start: hex(segment['start'], 'segment'),
          end: hex(segment['end'], 'segment'),
          access: printable(string(segment['access'], 'segment'), 3),
        };
      }),
    },
    cause: printable(string(report['cause'], 'cause'), 1000),
    ...(report['address'] === undefined ? {} : { address: hex(report['address'], 'address') }),
    ...(registers === undefined
      ? {}
      : {
          registers: Object.fromEntries(
            REGISTERS.map((register) => [register, hex(registers[register], register)]),
          ) as Record<RegisterName, bigint>,
        }),
    ...(trap === undefined
      ? {}
      : {
          trap: {
            address: trap[0] ?? bad('trap'),
            error: trap[1] ?? bad('trap'),
            rip: trap[2] ?? bad('trap'),
            rsp: trap[5] ?? bad('trap'),
          },
        }),
    words: list(stack['words'] ?? [], WORDS_MAX, 'stack').map((each) => {
      const pair = list(each, 2, 'stack');
      return { at: hex(pair[0], 'stack'), value: hex(pair[1], 'stack') };
    }),
  };
}
