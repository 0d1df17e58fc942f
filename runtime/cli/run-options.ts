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

/** What the tenders take, and how it is written. Some only one of the two has; the other one says so. */
export const TENDER_OPTIONS: Readonly<Record<string, readonly [form: string, ...others: string[]]>> = {
  '--net': ['--net:NAME=TAP'],
  '--net-mac': ['--net-mac:NAME=MAC'],
  '--net-mtu': ['--net-mtu:NAME=1500'],
  '--net-ring': ['--net-ring'],
  '--no-net-ring': ['--no-net-ring'],
  '--block': ['--block:NAME=PATH'],
  '--block-ro': ['--block-ro:NAME=PATH'],
  '--block-sector-size': ['--block-sector-size:NAME=4096'],
  '--mem': ['--mem=64'],
  '--stop-timeout': ['--stop-timeout=5'],
  '--events': ['--events=3'],
  '--stats': ['--stats=FILE'],
  '--pcap': ['--pcap:NAME=FILE'],
  '--net-rate': ['--net-rate:NAME=in=10M,out=10M'],
  '--block-rate': ['--block-rate:NAME=bytes=10M,operations=100'],
  '--crash': ['--crash=FILE'],
  '--dumpcore': ['--dumpcore=DIR'],
  '--gdb': ['--gdb', '--gdb=unix:PATH'],
  '--gdb-port': ['--gdb-port=1234'],
  '--snapshot': ['--snapshot=FILE'],
  '--snapshot-exit': ['--snapshot-exit'],
  '--uid': ['--uid=1000'],
  '--gid': ['--gid=1000'],
  '--chroot': ['--chroot=DIR'],
  '--show-sandbox': ['--show-sandbox'],
  '--x-exec-heap': ['--x-exec-heap'],
};

/** What the tenders take and the command does not pass on, and what to do instead. */
export const OWN_BUSINESS: Readonly<Record<string, string>> = {
  '--restore':
    "stands in place of an image; start the tender itself, as 'kittiwake-spt --restore=FILE', and see its --help",
  '--sysexits': 'is always given; leave it out',
  '--probe-kvm': "needs no image; see 'kittiwake doctor'",
  '--version': "needs no image; see 'kittiwake --version'",
};

/** Options as completions are: up to what the reader has to fill in. */
export const COMPLETIONS: readonly string[] = Object.values(TENDER_OPTIONS)
  .flat()
  .map((form) => form.replace(/[:=].*/, (rest) => rest[0] ?? ''));

/** The option a word begins with, such as --net; empty where it is none. */
const optionOf = (word: string): string => /^(--[a-z-]+)(?:[:=]|$)/.exec(word)?.[1] ?? '';

/** Whether `word` is written as `form` is; values may hold anything, paths line ends too. */
function isWrittenAs(form: string, word: string): boolean {
  if (form.includes(':NAME=')) return /^--[a-z-]+:[^=]+=[^]/.test(word);
  return form.includes('=') ? /^--[a-z-]+=[^]/.test(word) : word === form;
}

/** Whether `word` is for the tender, which checks it further. @throws CommandError where it lacks its device or its value. */
function isTenderOption(word: string): boolean {
  const option = optionOf(word);
  const forms = Object.hasOwn(TENDER_OPTIONS, option) ? TENDER_OPTIONS[option] : undefined;
  if (forms === undefined) return false;
  if (forms.some((form) => isWrittenAs(form, word))) return true;
  const cause = forms[0].includes('=') ? 'incomplete' : 'has a value it does not take';
  throw new CommandError(
    EXIT.usage,
    `option '${printable(word)}': ${cause}; write it in one word, like ${forms.join(' or ')}`,
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
      throw refused(word);
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
      `no image given; try 'kittiwake run hello', or 'kittiwake image list' for a list`,
    );
  }
  return { image, tenderOptions, guestArgs, publish, dryRun };
}

function refused(word: string): CommandError {
  const option = optionOf(word);
  const why = Object.hasOwn(OWN_BUSINESS, option)
    ? OWN_BUSINESS[option]
    : "unknown; put what is for the guest after --, see 'kittiwake run --help'";
  return new CommandError(EXIT.usage, `option '${printable(word)}': ${why}`);
}

/** Which port reaches the guest is checked by who opens it; here only that there is one. */
function publishedPort(value: string | undefined): string {
  if (value !== undefined && /^[^-]/.test(value)) return value;
  throw new CommandError(EXIT.usage, "option '--publish': incomplete; write it like --publish 8080:80");
}
