// The command line of kittiwake run: what is ours, what the tender's, what the guest's.
import { CommandError, EXIT } from './errors.ts';
import { printable } from './printable.ts';

/** What a command line asks for. */
export interface Request {
  readonly image: string;
  readonly tenderOptions: readonly string[];
  readonly guestArgs: readonly string[];
  /** Ports of the host that reach the guest, as they were written. */
  readonly publish: readonly string[];
  readonly dryRun: boolean;
}

/** What the tenders take, and how it is written. */
const TENDER_OPTIONS: Readonly<Record<string, string>> = {
  '--net': '--net:NAME=TAP',
  '--net-mac': '--net-mac:NAME=MAC',
  '--block': '--block:NAME=PATH',
  '--block-ro': '--block-ro:NAME=PATH',
  '--block-sector-size': '--block-sector-size:NAME=4096',
  '--mem': '--mem=64',
  '--events': '--events=3',
  '--stats': '--stats=FILE',
  '--crash': '--crash=FILE',
  '--dumpcore': '--dumpcore=DIR',
  '--gdb-port': '--gdb-port=1234',
  '--pcap': '--pcap:NAME=FILE',
  '--net-rate': '--net-rate:NAME=in=10M,out=10M',
  '--block-rate': '--block-rate:NAME=bytes=10M,operations=100',
};

/** Whether `word` is for the tender, which checks it further. @throws CommandError where it lacks its device or its value. */
function isTenderOption(word: string): boolean {
  if (word === '--gdb' || word.startsWith('--gdb=')) return true; // the one with and without a value
  const [, option = ''] = /^(--[a-z-]+)(?:[:=]|$)/.exec(word) ?? [];
  const form = Object.hasOwn(TENDER_OPTIONS, option) ? TENDER_OPTIONS[option] : undefined;
  if (form === undefined) return false;
  // A path may hold anything, line ends too.
  if ((form.includes(':') ? /^--[a-z-]+:[^=]+=[^]/ : /^--[a-z-]+=[^]/).test(word)) return true;
  throw new CommandError(
    EXIT.usage,
    `option '${printable(word)}': incomplete; write it in one word, like ${form}`,
  );
}

/** Splits the command line; what stands before `--` is ours, the rest the guest's. */
export function parseArguments(args: readonly string[]): Request {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  const guestArgs = end < 0 ? [] : args.slice(end + 1);
  const tenderOptions: string[] = [];
  const publish: string[] = [];
  let image: string | undefined;
  let dryRun = false;
  const words = own[Symbol.iterator]();
  for (const word of words) {
    if (word === '--dry-run') dryRun = true;
    else if (word === '--publish' || word.startsWith('--publish=')) {
      publish.push(
        publishedPort(word === '--publish' ? words.next().value : word.slice('--publish='.length)),
      );
    } else if (isTenderOption(word)) tenderOptions.push(word);
    else if (word.startsWith('-')) {
      throw new CommandError(
        EXIT.usage,
        `option '${printable(word)}': unknown; put what is for the guest after --, see 'kittiwake run --help'`,
      );
    } else if (image === undefined) image = word;
    else {
      throw new CommandError(
        EXIT.usage,
        `'${printable(word)}': a second image; put what is for the guest after --`,
      );
    }
  }
  if (image === undefined) {
    throw new CommandError(
      EXIT.usage,
      `no image given; try 'kittiwake run hello', or 'kittiwake images' for a list`,
    );
  }
  return { image, tenderOptions, guestArgs, publish, dryRun };
}

/** Which port reaches the guest is checked by who opens it; here only that there is one. */
function publishedPort(value: string | undefined): string {
  if (value !== undefined && /^[^-]/.test(value)) return value;
  throw new CommandError(EXIT.usage, "option '--publish': incomplete; write it like --publish 8080:80");
}
