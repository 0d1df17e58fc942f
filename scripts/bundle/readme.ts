// What is on the stick, for somebody who was handed it.
import { SUMS } from './seal.ts';

/** The text of README.txt. */
export function readme(version: string, commit: string): string {
  return `Kittiwake ${version}: the handbook, with everything to run its labs
================================================================

Kittiwake is an operator handbook for unikernels, programs that run with just the
parts of an operating system they use. You can run every command in it, in a
machine of its own that comes along and touches nothing of yours. No network is
needed, and nothing has to be installed.

In this folder:

    ./kittiwake-handbook start       the handbook; open the address it prints, and its
                                     pages run their steps
    ./kittiwake-handbook workshop    the same for a room: attendees need a browser
    ./kittiwake-handbook vm shell    a terminal in the lab VM
    ./kittiwake-handbook labs        run every command of the handbook, and compare
    ./kittiwake-handbook --help      all options, and examples

What it needs
-------------

Debian 12 or newer, or another Linux with glibc 2.36 or newer, on x86_64; an
ordinary user. Each lab VM takes 1.3 GB of memory while it runs. KVM makes it
faster and is not needed: without it, the processor of the machine is emulated.
The handbook itself opens in any browser.

On a stick that was formatted for other systems, programs may not be allowed to
run; the command then says so: copy this folder to a disk of your machine.
Nothing is written into it. What labs leave goes to ~/.local/state/kittiwake, and
where there is KVM, a machine that was booted once to ~/.cache/kittiwake.

Is it whole?
------------

    sha256sum --check --quiet ${SUMS}

says nothing if every file is what was packed. That ${SUMS} itself is the one its
maker wrote, only its maker can tell you: compare its digest (sha256sum ${SUMS}).

What is in it
-------------

    site/, site.tar    the handbook's pages, as files and as the unikernel serves them
    labs/              the commands of the handbook, and what they are to print
    runtime/           what the handbook is about: tenders, the kittiwake command,
                       prebuilt images; copied to /usr/local it is installed
    vm/                the lab VM: Debian 12, frozen when it had booted
    qemu/              QEMU with its libraries, which runs the lab VM
    lib/               this command
    licences/          of everything by others, and where the sources are
                       (SOURCES.txt); Kittiwake's own is LICENSE

Made from commit ${commit}.
`;
}
