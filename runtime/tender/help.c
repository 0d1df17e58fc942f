/* The text of --help: one for both tenders, in pieces, some of which are for one of them. See help.h. */
#include "help.h"

#include <stdio.h>

#define BOTH 0 /* no target has this number */
#define HVT ABI_HVT
#define SPT ABI_SPT

static const struct {
    int target;
    const char *text;
} pieces[] = {
    {HVT,
     "Run a Solo5 unikernel (.hvt) as a virtual machine, by KVM.\n"
     "\n"
     "Usage: kittiwake-hvt [OPTIONS] [--] IMAGE [GUEST-ARGUMENTS]\n"},
    {SPT,
     "Run a Solo5 unikernel (.spt) as a process that may make almost no system calls.\n"
     "\n"
     "Usage: kittiwake-spt [OPTIONS] [--] IMAGE [GUEST-ARGUMENTS]\n"},
    {BOTH,
     "\n"
     "Everything after IMAGE goes to the guest, joined by single spaces, at most 8191\n"
     "characters. What the guest prints comes out of standard output.\n"
     "\n"
     "Options:\n"
     "  --net:NAME=TAP      attach the tap interface TAP, which must exist and be up,\n"
     "                      to the image's network device NAME\n"
     "  --net:NAME=@FD      the same with a descriptor of the caller's: a tap, or one\n"
     "                      end of a pair of datagram sockets, a frame in each\n"
     "  --net-mtu:NAME=N    that device's MTU, where no interface says it (default: 1500)\n"
     "  --net-mac:NAME=MAC  give that device this MAC address (default: the image's,\n"
     "                      else a random one)\n"},
    {HVT,
     "  --net-ring          offer the guest a ring for its frames, beside hypercalls\n"
     "                      (default: where it may run on more than one processor, and\n"
     "                      nothing is captured)\n"
     "  --no-net-ring       offer it none\n"},
    {BOTH,
     "  --block:NAME=PATH   attach the file or disk PATH to the image's block device NAME;\n"
     "                      nobody else may use it meanwhile\n"
     "  --block:NAME=@FD    the same with a descriptor of the caller's; read-only if it\n"
     "                      was opened so ('./@FD' is a file of that name)\n"
     "  --block-ro:NAME=PATH\n"
     "                      the same, but the guest's writes fail; several guests may\n"
     "                      read one file\n"
     "  --block-sector-size:NAME=N\n"
     "                      that device's sector in bytes, a power of two from 512 to\n"
     "                      32768 (default: 512)\n"
     "  --mem=N             memory for the guest in MiB, or with a unit: 64M, 2G\n"},
    {HVT,
     "                      (default: 512, at most 4096)\n"},
    {SPT,
     "                      (default: 512)\n"},
    {BOTH,
     "  --events=FD         tell what happens to the guest as lines of JSON on descriptor\n"
     "                      FD: started, stopping, fault, exit\n"},
    {HVT,
     "  --gdb               wait for gdb on 127.0.0.1, port 1234, before the guest begins;\n"
     "                      any user of this host may connect there\n"
     "  --gdb-port=N        the same, on port N\n"
     "  --gdb=unix:PATH     the same, on a socket that is its owner's only\n"
     "  --dumpcore=DIR      if the guest fails, write a core file for gdb into DIR\n"},
    {BOTH,
     "  --crash=FILE        if the guest fails, write what is known about it to FILE,\n"
     "                      which must not exist; 'kittiwake explain FILE' reads it\n"
     "  --stop-timeout=N    seconds a guest that can be asked to end has for it, 0 to 3600\n"
     "                      (default: 5); then, or at the second SIGTERM, it is ended\n"},
    {SPT,
     "  --x-exec-heap       let the guest execute its heap and its stack\n"},
    {BOTH,
     "  --pcap:NAME=FILE    capture that network device's frames in FILE, for tcpdump\n"
     "  --net-rate:NAME=in=RATE,out=RATE,in-frames=N,out-frames=N\n"
     "                      limit that network device, to and from the guest, in bytes\n"
     "                      (K, M, G) and frames a second; RATE/BURST sets the burst, too\n"
     "  --block-rate:NAME=bytes=RATE,operations=N\n"
     "                      the same for a block device\n"
     "  --stats=FILE        count what the guest does in FILE, for 'kittiwake stats FILE'\n"
     "  --snapshot=FILE     write a snapshot of the guest to FILE at each SIGUSR1\n"
     "  --snapshot-exit     end with status 0 after the first one\n"
     "  --restore=FILE      go on from a snapshot instead of starting an IMAGE; devices\n"
     "                      are given again, and new arguments may be after '--'\n"
     "  --uid=N, --gid=N    run the guest as this user and group, by number, and without\n"
     "                      other groups; devices are opened before\n"
     "  --chroot=DIR        run the guest with DIR as its root directory\n"
     "  --show-sandbox      print what a guest with these options could do of the host,\n"
     "                      and do not run it\n"
     "  --sysexits          fail with the statuses of sysexits(3) instead of 1\n"},
    {HVT,
     "  --probe-kvm         print as JSON what KVM is good for on this host: real,\n"
     "                      emulating, missing, forbidden, busy or unsupported\n"},
    {BOTH,
     "  --help              show this text\n"
     "  --version           show the versions of the tender and of its ABI\n"
     "\n"
     "Examples:\n"},
    {HVT,
     "  kittiwake-hvt --mem=4 hello.hvt Hello from me\n"
     "  kittiwake-hvt --net:service=tap100 netcheck.hvt --ipv4=10.0.0.2/24\n"},
    {SPT,
     "  kittiwake-spt --mem=4 hello.spt Hello from me\n"
     "  kittiwake-spt --net:service=tap100 netcheck.spt --ipv4=10.0.0.2/24\n"},
    {BOTH,
     "\n"
     "Exit status: the guest's own, 0 to 254; 255 if the guest gave up; 1 if the tender\n"},
    {HVT,
     "could not run it or the guest broke its rules. With --sysexits instead of 1: 64\n"
     "(usage), 65 (not an image for this tender), 66 (image cannot be read), 69 (KVM\n"
     "cannot be used), 71 (the host refused), 73 (a file cannot be created), 77\n"
     "(permission), 78 (devices or memory), 255 (the guest broke its rules).\n"},
    {SPT,
     "could not run it. A guest's fault ends by its signal (SIGSEGV: 139 in a shell), a\n"
     "system call it may not make by SIGSYS (159). With --sysexits instead: 64 (usage),\n"
     "65 (not an image for this tender), 66 (image cannot be read), 71 (the host\n"
     "refused), 73 (a file cannot be created), 77 (permission), 78 (devices or memory),\n"
     "255 (the guest's fault).\n"},
};

void help_print(enum abi_target target) {
    for (unsigned i = 0; i < sizeof pieces / sizeof *pieces; i++)
        if (pieces[i].target == BOTH || pieces[i].target == (int)target)
            fputs(pieces[i].text, stdout);
}
