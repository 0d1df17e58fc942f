// kittiwake run: finds the image, picks the tender, and becomes it.
import { accessSync, constants } from 'node:fs';
import type { Command, Context } from '../command.ts';
import { CommandError, EXIT } from '../errors.ts';
import { readImage } from '../image.ts';
import { locate, type Install } from '../install.ts';
import { kvmTrouble, type Kvm } from '../kvm.ts';
import { printable } from '../printable.ts';

const HELP = `Run a unikernel.

Usage: kittiwake run [OPTIONS] IMAGE [OPTIONS] [-- GUEST-ARGUMENTS]

IMAGE is a file, or the name of a prebuilt image ('kittiwake images' lists
them). Its ABI note says which tender runs it: .hvt images run as a virtual
machine and need KVM, .spt images as a process that may make almost no system
calls. A prebuilt image named without .hvt or .spt runs under hvt where KVM
works, else under spt.

Options:
  --net:NAME=TAP      attach the tap interface TAP to the image's network
                      device NAME
  --net-mac:NAME=MAC  give that device this MAC address (default: random)
  --block:NAME=PATH   attach the file or disk PATH to the image's block device
                      NAME; nobody else may use it meanwhile
  --block-ro:NAME=PATH
                      the same, but the guest's writes fail; several guests may
                      read one file
  --block-sector-size:NAME=N
                      that device's sector in bytes, a power of two from 512 to
                      32768 (default: 512)
  --mem=N             memory for the guest in MiB, or with a unit: 64M, 2G
                      (default: 512)
  --events=FD         tell what happens to the guest as lines of JSON on
                      descriptor FD
  --stats=FILE        count what the guest does in FILE, for 'kittiwake stats'
  --dry-run           print the tender's command line instead of running it
  --help              show this text

Everything after -- goes to the guest as it stands. The exit status is the
guest's.

Examples:
  kittiwake run hello.hvt -- Hello from me
  kittiwake run --mem=16 hello.spt -- --exit=3
  kittiwake run --net:service=tap100 netcheck.hvt -- --ipv4=10.0.0.2/24
  kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt

When kittiwake itself fails it exits with 64 (usage), 65 (not an image),
66 (image cannot be read), 69 (KVM cannot be used), 70 (damaged installation),
71 (the host refused), 77 (permission) or 78 (devices or memory).
`;

interface Request {
  readonly image: string;
  readonly tenderOptions: readonly string[];
  readonly guestArgs: readonly string[];
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
};

/** Whether `word` is for the tender, which checks it further. @throws CommandError where it lacks its device or its value. */
function isTenderOption(word: string): boolean {
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
function parseArguments(args: readonly string[]): Request {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  const guestArgs = end < 0 ? [] : args.slice(end + 1);
  const tenderOptions: string[] = [];
  let image: string | undefined;
  let dryRun = false;
  for (const word of own) {
    if (word === '--dry-run') dryRun = true;
    else if (isTenderOption(word)) tenderOptions.push(word);
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
  return { image, tenderOptions, guestArgs, dryRun };
}

/** The file that `image` names: itself, else a prebuilt one of that name, with the ABI added that can run here. */
function findImage(image: string, install: Install, kvm: () => Kvm, note: Context['note']): string {
  const found = locate(image, install);
  if (found !== undefined) return found;
  const [hvt, spt] = [locate(`${image}.hvt`, install), locate(`${image}.spt`, install)];
  if (hvt === undefined || spt === undefined) return hvt ?? spt ?? image;
  const trouble = kvmTrouble(kvm());
  if (!trouble) return hvt;
  note(`${image}: running it under spt, since ${trouble.cause}`);
  return spt;
}

/** The tender for an image of ABI `target`, once it is sure it can run here. */
function pickTender(name: string, target: string, install: Install, kvm: () => Kvm): string {
  if (target === 'spt') return install.tender('spt');
  if (target !== 'hvt') {
    throw new CommandError(
      EXIT.image,
      `${name}: built for ${target}, which has no tender here; build it for hvt or spt`,
    );
  }
  const trouble = kvmTrouble(kvm());
  if (trouble) {
    const spt = name.endsWith('.hvt')
      ? ` or run ${name.replace(/\.hvt$/, '.spt')}, which needs no KVM`
      : ' or use an .spt image, which needs no KVM';
    throw new CommandError(
      trouble.status,
      `${name}: needs KVM, but ${trouble.cause}; ${trouble.remedy},${spt}`,
    );
  }
  return install.tender('hvt');
}

export const run: Command = {
  name: 'run',
  summary: 'run a unikernel',
  help: HELP,
  options: [
    '--net:',
    '--net-mac:',
    '--block:',
    '--block-ro:',
    '--block-sector-size:',
    '--mem=',
    '--events=',
    '--stats=',
    '--dry-run',
    '--help',
  ],
  takesImage: true,
  run(args, context) {
    const request = parseArguments(args);
    let probed: Kvm | undefined;
    const kvm = (): Kvm => (probed ??= context.probeKvm());
    const path = findImage(request.image, context.install, kvm, context.note);
    const image = readImage(path);
    if (image.machine !== 'x86_64') {
      throw new CommandError(
        EXIT.image,
        `${printable(path)}: built for ${image.machine}, but this host is x86_64; build it for x86_64`,
      );
    }
    const tender = pickTender(printable(request.image), image.abi.target, context.install, kvm);
    const tenderArgs = ['--sysexits', ...request.tenderOptions, '--', path, ...request.guestArgs];
    if (request.dryRun) {
      context.out(`${[tender, ...tenderArgs].map(shellWord).join(' ')}\n`);
      return EXIT.ok;
    }
    if (isExecutable(tender)) context.exec(tender, tenderArgs);
    throw new CommandError(EXIT.software, `${tender}: cannot be run; install Kittiwake again`);
  },
};

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `word` as a POSIX shell reads it back. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
