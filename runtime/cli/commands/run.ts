// kittiwake run: finds the image, picks the tender, and becomes it.
import { accessSync, constants } from 'node:fs';
import type { Command } from '../command.ts';
import { CommandError, EXIT } from '../errors.ts';
import { readImage } from '../image.ts';
import { findImage } from '../find-image.ts';
import type { Install } from '../install.ts';
import { kvmTrouble, type Kvm } from '../kvm.ts';
import { printable } from '../printable.ts';
import { COMPLETIONS, parseArguments } from '../run-options.ts';
import { shellWords } from '../shell-words.ts';
import { planUsernet } from '../usernet.ts';

const HELP = `Run a unikernel.

Usage: kittiwake run [OPTIONS] IMAGE [OPTIONS] [-- GUEST-ARGUMENTS]

IMAGE is a file, or the name of a prebuilt image ('kittiwake image list' lists
them). Its ABI note says which tender runs it: .hvt images run as a virtual
machine and need KVM, .spt images as a process that may make almost no system
calls. A prebuilt image named without .hvt or .spt runs under hvt where KVM
works, else under spt.

An image with one network device that is given no --net gets a network of its
own, made of the host's sockets, which needs no privilege: the guest is
10.0.0.2, its gateway 10.0.0.1, a DNS forwarder 10.0.0.3; DHCP and IPv6 are
there, too.

Options:
  --publish [ADDRESS:]PORT[:GUEST-PORT][/udp]
                      hand what comes to PORT of the host to the guest in that
                      network; ADDRESS is 127.0.0.1 if none is given
  --net:NAME=TAP      attach the tap interface TAP to the image's network
                      device NAME; '@FD' is a descriptor of the caller's
  --net-mac:NAME=MAC  give that device this MAC address (default: random)
  --net-mtu:NAME=N    that device's MTU, where no interface says it
  --net-rate:NAME=in=RATE,out=RATE
                      limit that network device, in bytes (K, M, G) a second
  --pcap:NAME=FILE    capture that network device's frames in FILE, for tcpdump
  --block:NAME=PATH   attach the file or disk PATH to the image's block device
                      NAME; nobody else may use it meanwhile; '@FD' as above
  --block-ro:NAME=PATH
                      the same, but the guest's writes fail; several guests may
                      read one file
  --block-sector-size:NAME=N
                      that device's sector in bytes, a power of two from 512 to
                      32768 (default: 512)
  --block-rate:NAME=bytes=RATE,operations=N
                      limit that block device
  --mem=N             memory for the guest in MiB, or with a unit: 64M, 2G
                      (default: 512)
  --stop-timeout=N    seconds a guest that can be asked to end has for it
                      (default: 5)
  --events=FD         tell what happens to the guest as lines of JSON on
                      descriptor FD
  --stats=FILE        count what the guest does in FILE, for 'kittiwake stats'
  --crash=FILE        if the guest fails, write what is known about it to FILE,
                      for 'kittiwake explain'
  --snapshot=FILE     write a snapshot of the guest to FILE at each SIGUSR1;
                      a tender's --restore=FILE goes on from it
  --snapshot-exit     end with status 0 after the first one
  --uid=N, --gid=N    run the guest as this user and group, by number
  --chroot=DIR        run the guest with DIR as its root directory
  --show-sandbox      print what a guest with these options could do of the
                      host, and do not run it
  --gdb, --gdb-port=N, --gdb=unix:PATH
                      wait for gdb on 127.0.0.1, port 1234 or N, or at a socket
                      (.hvt only)
  --dumpcore=DIR      if the guest fails, write a core file into DIR (.hvt only)
  --net-ring, --no-net-ring
                      offer the guest a ring for its frames, or none (.hvt only)
  --x-exec-heap       let the guest execute its heap and its stack (.spt only)
  --dry-run           print the tender's command line instead of running it
  --help              show this text

Everything after -- goes to the guest as it stands. The exit status is the
guest's.

Examples:
  kittiwake run website --publish 8080:80 --block-ro:data=site.tar
  kittiwake run hello.hvt -- Hello from me
  kittiwake run --mem=16 hello.spt -- --exit=3
  kittiwake run --net:service=tap100 netcheck.hvt -- --ipv4=10.0.0.2/24
  kittiwake run --net:service=tap100 --block-ro:data=site.tar website.hvt

When kittiwake itself fails it exits with 64 (usage), 65 (not an image),
66 (image cannot be read), 69 (KVM cannot be used), 70 (damaged installation),
71 (the host refused), 73 (a file cannot be created), 77 (permission) or 78
(devices or memory).
`;

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
  help: HELP,
  options: ['--publish', ...COMPLETIONS, '--dry-run', '--help'],
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
    const plan = planUsernet(request, image);
    const start = [
      ...(plan ? [context.install.usernet, '--sysexits', ...plan.usernet, '--'] : []),
      ...[tender, '--sysexits', ...(plan?.tender ?? request.tenderOptions)],
      ...['--', path, ...request.guestArgs],
    ];
    if (request.dryRun) {
      context.out(`${shellWords(start)}\n`);
      return EXIT.ok;
    }
    const [program = tender, ...rest] = start;
    if (isExecutable(program) && isExecutable(tender)) context.exec(program, rest);
    throw new CommandError(
      EXIT.software,
      `${isExecutable(tender) ? program : tender}: cannot be run; install Kittiwake again`,
    );
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
