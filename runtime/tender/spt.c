/*
 * kittiwake-spt: runs a unikernel as a process that may make only the system calls of its ABI.
 *
 * The guest lies at its own addresses in the tender's address space, so what contains it is the filter alone.
 */
#include "spt.h"

#include "containment.h"
#include "errors.h"
#include "events.h"
#include "fault.h"
#include "keeper.h"
#include "keeper_block.h"
#include "keeper_snapshot.h"
#include "notice.h"
#include "spt_stop.h"
#include "tender.h"

#include <asm/prctl.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* More than any host has; it keeps sizes far from the end of the address space, where the tender itself lies. */
#define MAX_MEMORY_MIB (16ull * 1024 * 1024)

/* Maps the guest's memory at its own addresses. Returns 0, or -1 with `why`. */
static int map_memory(uint64_t size, bool executable, struct refusal *why) {
    void *wanted = (void *)SPT_MEMORY_START;
    int protection = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
    void *got = mmap(wanted, size - SPT_MEMORY_START, protection,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == wanted) {
        if (size < HUGE_PAGES_FROM)
            madvise(got, size - SPT_MEMORY_START, MADV_NOHUGEPAGE); /* fails where the kernel has none */
        return 0;
    }
    if (got == MAP_FAILED && (errno == EPERM || errno == EACCES))
        return fail(why, E_MMAP_MIN);
    return fail(why, E_MEMORY, (unsigned long long)(size >> 20), got == MAP_FAILED ? strerror(errno) : "its addresses are taken");
}

/* Writes boot info, manifest and command line where the guest expects them, one after the other. */
static void write_boot_info(const struct guest *guest, const struct events *events, uint64_t memory_size) {
    struct spt_boot_info *info = (struct spt_boot_info *)SPT_BOOT_INFO;
    size_t manifest_size = MFT_SIZE(guest->image.manifest.entries);
    *info = (struct spt_boot_info){
        .mem_size = memory_size,
        .kernel_end = guest->image.kernel_end,
        .mft = SPT_BOOT_INFO + sizeof *info,
        .cmdline = SPT_BOOT_INFO + sizeof *info + manifest_size,
        .epollfd = events->epoll,
        .timerfd = events->timer,
    };
    memcpy((void *)info->mft, &guest->image.manifest, manifest_size);
    for (unsigned handle = 1; handle < guest->image.manifest.entries; handle++)
        ((struct mft *)info->mft)->e[handle].b.hostfd = guest->devices.fd[handle];
    memcpy((void *)info->cmdline, guest->options.cmdline, strlen(guest->options.cmdline) + 1);
}

/* One sector at a time, within the device. A guest cannot know that it may not write, so it gets an error, not its end. */
static int allow_block(struct rules *rules, int fd, const struct mft_entry *entry, bool read_only) {
    rules->subject = entry->name;
    uint64_t sector = entry->u.block.block_size;
    struct scmp_arg_cmp device = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd);
    struct scmp_arg_cmp one = SCMP_A2(SCMP_CMP_EQ, sector);
    struct scmp_arg_cmp within = SCMP_A3(SCMP_CMP_LE, entry->u.block.capacity - sector);
    int broken = rules_add(rules, "sectors to the guest", SCMP_ACT_ALLOW, SCMP_SYS(pread64), 3, device, one, within);
    if (read_only)
        return broken | rules_add(rules, "a device that may only be read: answered with an error", SCMP_ACT_ERRNO(EROFS), SCMP_SYS(pwrite64), 1, device);
    return broken | rules_add(rules, "sectors of the guest", SCMP_ACT_ALLOW, SCMP_SYS(pwrite64), 3, device, one, within);
}

/* The system calls of the spt ABI, each bound to the one descriptor it is for. Returns 0, or -1. */
static int allow(struct rules *rules, const struct guest *guest, const struct events *events) {
    const uint32_t yes = SCMP_ACT_ALLOW;
    int broken = 0;
    broken |= rules_add(rules, "the console", yes, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, STDOUT_FILENO));
    broken |= rules_add(rules, "the line about a fault, from its one buffer", yes, SCMP_SYS(write), 3, SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO),
                               SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)spt_fault_text), SCMP_A2(SCMP_CMP_LE, SPT_FAULT_TEXT_SIZE));
    broken |= rules_add(rules, "the end", yes, SCMP_SYS(exit_group), 0);
    broken |= rules_add(rules, "the base of thread-local variables", yes, SCMP_SYS(arch_prctl), 1, SCMP_A0(SCMP_CMP_EQ, ARCH_SET_FS));
    broken |= rules_add(rules, "the wall clock", yes, SCMP_SYS(clock_gettime), 1, SCMP_A0(SCMP_CMP_EQ, CLOCK_REALTIME));
    broken |= rules_add(rules, "the monotonic clock", yes, SCMP_SYS(clock_gettime), 1, SCMP_A0(SCMP_CMP_EQ, CLOCK_MONOTONIC));
    broken |= rules_add(rules, "sleeping, without a mask of signals", yes, SCMP_SYS(epoll_pwait), 2, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)events->epoll),
                               SCMP_A4(SCMP_CMP_EQ, 0));
    broken |= rules_add(rules, "the time to wake up", yes, SCMP_SYS(timerfd_settime), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)events->timer));
    unsigned handles[MAX_DEVICES];
    unsigned count = devices_of(&guest->devices, &guest->image.manifest, MFT_NET_BASIC, handles);
    for (unsigned i = 0; i < count; i++) {
        rules->subject = guest->image.manifest.e[handles[i]].name;
        scmp_datum_t fd = (scmp_datum_t)guest->devices.fd[handles[i]];
        broken |= rules_add(rules, "frames to the guest", yes, SCMP_SYS(read), 1, SCMP_A0(SCMP_CMP_EQ, fd));
        broken |= rules_add(rules, "frames of the guest", yes, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, fd));
    }
    count = devices_of(&guest->devices, &guest->image.manifest, MFT_BLOCK_BASIC, handles);
    for (unsigned i = 0; i < count; i++)
        broken |= allow_block(rules, guest->devices.fd[handles[i]], &guest->image.manifest.e[handles[i]],
                              guest->devices.read_only[handles[i]]);
    rules->subject = NULL;
    return broken;
}

/* Loads the image. Returns 0, or -1 with `why`. */
static int load(struct guest *guest, struct events *events, struct refusal *why) {
    if (image_load(&guest->image, NULL, true, why) != 0 || events_open(&guest->devices, &guest->image.manifest, events, why) != 0 ||
        notice_open(&guest->image, NULL, events, why) != 0)
        return -1;
    write_boot_info(guest, events, guest->options.memory_mib << 20);
    close(guest->image.file.fd);
    return 0;
}

/* With --snapshot: shows the keeper what it cannot know. Returns 0, or -1 with `why`. */
static int show(const struct guest *guest, const struct events *events, struct spt_view *view, struct refusal *why) {
    if (guest->options.snapshot == NULL || keeper_page == NULL)
        return 0;
    view->epoll = events->epoll;
    view->timer = events->timer;
    memcpy(view->fd, guest->devices.fd, sizeof view->fd);
    return keeper_snapshot_show(view, why);
}

static int run(struct guest *guest, struct refusal *why) {
    uint64_t memory_size = guest->options.memory_mib << 20;
    struct events events;
    struct spt_view view = {.clock_offset = 0};
    if (guest->options.exec_heap)
        report("kittiwake-spt", "warning: --x-exec-heap lets the guest execute its heap and its stack");
    if (containment_confine(&guest->options, why) != 0 || keeper_start(guest, why) != 0)
        return -1;
    bool restored = guest->options.restore != NULL;
    if (map_memory(memory_size, guest->options.exec_heap, why) != 0 ||
        (restored ? spt_restore(guest, &events, &view, why) : load(guest, &events, why)) != 0)
        return -1;
    if (spt_fault_catch(!guest->options.sysexits, why) != 0)
        return -1;
    bool stops = notice_can_stop(&guest->image, guest->options.stop_timeout);
    int asked_by = keeper_page != NULL ? KEEPER_ASKS : SIGTERM;
    if (stops && spt_stop_arm(events.notice, asked_by, guest->options.stop_timeout, why) != 0)
        return -1;
    if (blocks_ask(why) != 0 || keeper_bind(why) != 0 || show(guest, &events, &view, why) != 0)
        return -1;
    struct rules *rules = containment_rules();
    if (containment_seal(rules, allow(rules, guest, &events) | crash_allow(rules) |
                                                       (stops ? spt_stop_allow(rules) : 0), NULL, why) != 0)
        return -1;
    if (restored)
        spt_restore_enter(guest);
    spt_enter(guest->image.entry, memory_size - 8, SPT_BOOT_INFO);
}

int main(int argc, char *argv[]) {
    static const struct tender spt = {
        .limits = {.program = "kittiwake-spt", .target = "spt", .max_memory_mib = MAX_MEMORY_MIB, .has_exec_heap = true},
        .target = {.abi = ABI_SPT, .name = "spt"},
        .run = run,
    };
    return tender_main(&spt, argc, argv);
}
