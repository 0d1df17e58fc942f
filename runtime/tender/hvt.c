/* kittiwake-hvt: runs a unikernel as a virtual machine by KVM. */
#include "hvt.h"

#include "errors.h"
#include "gdb.h"
#include "notice.h"
#include "hvt_ring.h"
#include "tender.h"

#include <string.h>
#include <unistd.h>

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
        .run = run,
        .probe = hvt_probe,
    };
    return tender_main(&hvt, argc, argv);
}
