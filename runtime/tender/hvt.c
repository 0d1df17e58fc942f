/* kittiwake-hvt: runs a unikernel as a virtual machine by KVM. */
#include "hvt.h"

#include "errors.h"
#include "gdb.h"
#include "notice.h"
#include "hvt_ring.h"
#include "tender.h"

#include <string.h>
#include <unistd.h>

static const char help[] =
    "Run a Solo5 unikernel (.hvt) as a virtual machine, by KVM.\n"
    "\n"
    "Usage: kittiwake-hvt [OPTIONS] [--] IMAGE [GUEST-ARGUMENTS]\n"
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
    "                      else a random one)\n"
    "  --net-ring          offer the guest a ring for its frames, beside hypercalls\n"
    "                      (default: where it may run on more than one processor)\n"
    "  --no-net-ring       offer it none\n"
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
    "  --mem=N             memory for the guest in MiB, or with a unit: 64M, 2G\n"
    "                      (default: 512, at most 4096)\n"
    "  --events=FD         tell what happens to the guest as lines of JSON on descriptor\n"
    "                      FD: started, stopping, fault, exit\n"
    "  --gdb               wait for gdb on 127.0.0.1, port 1234, before the guest begins;\n"
    "                      any user of this host may connect there\n"
    "  --gdb-port=N        the same, on port N\n"
    "  --gdb=unix:PATH     the same, on a socket that is its owner's only\n"
    "  --dumpcore=DIR      if the guest fails, write a core file for gdb into DIR\n"
    "  --crash=FILE        if the guest fails, write what is known about it to FILE,\n"
    "                      which must not exist; 'kittiwake explain FILE' reads it\n"
    "  --stop-timeout=N    seconds a guest that can be asked to end has for it, 0 to 3600\n"
    "                      (default: 5); then, or at the second SIGTERM, it is ended\n"
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
    "  --sysexits          fail with the statuses of sysexits(3) instead of 1\n"
    "  --probe-kvm         print as JSON what KVM is good for on this host: real,\n"
    "                      emulating, missing, forbidden, busy or unsupported\n"
    "  --help              show this text\n"
    "  --version           show the versions of the tender and of its ABI\n"
    "\n"
    "Examples:\n"
    "  kittiwake-hvt --mem=4 hello.hvt Hello from me\n"
    "  kittiwake-hvt --net:service=tap100 netcheck.hvt --ipv4=10.0.0.2/24\n"
    "\n"
    "Exit status: the guest's own, 0 to 254; 255 if the guest gave up; 1 if the tender\n"
    "could not run it or the guest broke its rules. With --sysexits instead of 1: 64\n"
    "(usage), 65 (not an image for this tender), 66 (image cannot be read), 69 (KVM\n"
    "cannot be used), 71 (the host refused), 73 (a file cannot be created), 77\n"
    "(permission), 78 (devices or memory), 255 (the guest broke its rules).\n";

/* Writes boot info, manifest and command line where the guest expects them, one after the other. */
static void write_boot_info(const struct guest *guest, const struct machine *machine) {
    uint64_t manifest = HVT_BOOT_INFO + sizeof(struct hvt_boot_info);
    size_t manifest_size = MFT_SIZE(guest->image.manifest.entries);
    struct hvt_boot_info info = {
        .mem_size = machine->memory_size,
        .kernel_end = guest->image.kernel_end,
        .cpu_cycle_freq = machine->tsc_hz,
        .cmdline = manifest + manifest_size,
        .mft = manifest,
        .host_features = machine->ring != NULL ? HVT_FEATURE_RING : 0,
        .net_ring = machine->ring != NULL ? machine->memory_size : 0,
    };
    memcpy(machine->memory + HVT_BOOT_INFO, &info, sizeof info);
    memcpy(machine->memory + manifest, &guest->image.manifest, manifest_size);
    memcpy(machine->memory + info.cmdline, guest->options.cmdline, strlen(guest->options.cmdline) + 1);
}

/* Loads the image and sets the processor to its entry. Returns 0, or -1 with `why`. */
static int load(struct guest *guest, struct machine *machine, struct refusal *why) {
    if (pages_write(machine, &guest->image, why) != 0 || image_load(&guest->image, machine->memory, false, why) != 0 ||
        kvm_set_start(machine, guest->image.entry, why) != 0)
        return -1;
    write_boot_info(guest, machine);
    close(guest->image.file.fd);
    return 0;
}

/* Maps the snapshot and sets the processor to where it was; the file stays open, and so locked. Returns 0, or -1 with `why`. */
static int restore(struct guest *guest, struct machine *machine, struct refusal *why) {
    if (snapshot_map(&guest->snapshot, &guest->image, machine->memory, false, why) != 0)
        return -1;
    return hvt_snapshot_set(machine, &guest->snapshot, &guest->options, why);
}

static int run(struct guest *guest, struct refusal *why) {
    static struct debugger debugger;
    struct machine machine;
    int socket;
    uint64_t cookie = 0;
    struct calls calls = {.options = &guest->options,
                          .machine = &machine,
                          .image = &guest->image,
                          .devices = &guest->devices,
                          .cookie = &cookie,
                          .snapshot = &guest->snapshot};
    if (guest->options.gdb && guest->options.snapshot != NULL)
        return fail(why, E_GDB_SNAPSHOT);
    if (kvm_create(guest->options.memory_mib << 20, &machine, why) != 0 || ring_create(&calls, &machine, why) != 0 ||
        (guest->options.restore != NULL ? restore(guest, &machine, why) : load(guest, &machine, why)) != 0 ||
        events_open(&guest->devices, &guest->image.manifest, &calls.events, why) != 0 ||
        notice_open(&guest->image, machine.memory, &calls.events, why) != 0)
        return -1;
    if (guest->options.restore != NULL && snapshot_tell(&guest->snapshot, &guest->options, &guest->image, machine.memory,
                                                        HVT_BOOT_INFO + sizeof(struct hvt_boot_info), calls.events.notice, why) != 0)
        return -1;
    if (gdb_listen(&guest->options, &socket, why) != 0) /* when nothing else can fail that would leave its socket behind */
        return -1;
    kvm_close(&machine);
    if (socket >= 0) {
        debugger = (struct debugger){.machine = &machine, .image = &guest->image, .timer = calls.events.timer, .hardware = gdb_hardware()};
        calls.debugger = &debugger;
        if (gdb_accept(&guest->options, socket, &debugger, why) != 0)
            return -1;
    }
    return hvt_run(&calls, why);
}

int main(int argc, char *argv[]) {
    static const struct tender hvt = {
        .limits = {.program = "kittiwake-hvt",
                   .target = "hvt",
                   .max_memory_mib = HVT_MAX_MEMORY_MIB,
                   .has_probe = true,
                   .has_ring = true,
                   .has_debugger = true},
        .target = {.abi = ABI_HVT, .name = "hvt"},
        .help = help,
        .run = run,
        .probe = hvt_probe,
    };
    return tender_main(&hvt, argc, argv);
}
