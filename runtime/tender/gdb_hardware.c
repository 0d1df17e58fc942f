/*
 * Whether a guest stops at its debug registers. Processors that are emulated may ignore those that KVM gives a guest, as QEMU's SVM does, and
 * no question to KVM tells; so a watchpoint is tried out, in a machine of its own. See gdb.h.
 */
#include "gdb.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY 0x200000ull
#define WATCHED (GUEST_MIN_ADDRESS + 2 * GUEST_PAGE_SIZE)

/* movl $0, WATCHED; hlt */
static const uint8_t program[] = {0xc7, 0x04, 0x25, 0x00, 0x20, 0x10, 0x00, 0, 0, 0, 0, 0xf4};
static_assert(WATCHED == 0x102000, "the program's operand");

static bool stops(const struct machine *machine) {
    struct kvm_guest_debug debug = {.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP};
    debug.arch.debugreg[0] = WATCHED;
    debug.arch.debugreg[7] = 0xd0401; /* on, at writes of 4 bytes */
    memcpy(machine->memory + GUEST_MIN_ADDRESS, program, sizeof program);
    if (ioctl(machine->vcpu, KVM_SET_GUEST_DEBUG, &debug) != 0)
        return false;
    int result;
    do
        result = ioctl(machine->vcpu, KVM_RUN, 0);
    while (result != 0 && errno == EINTR);
    return result == 0 && machine->run->exit_reason == KVM_EXIT_DEBUG;
}

bool gdb_hardware(void) {
    static struct refusal why;
    static struct image image = {.segment_count = 1};
    image.segment[0] = (struct segment){.start = GUEST_MIN_ADDRESS, .end = GUEST_MIN_ADDRESS + GUEST_PAGE_SIZE, .access = ACCESS_EXECUTE};
    struct machine machine;
    if (kvm_create(MEMORY, &machine, &why) != 0)
        return false;
    bool works = pages_write(&machine, &image, &why) == 0 && kvm_set_start(&machine, GUEST_MIN_ADDRESS, &why) == 0 && stops(&machine);
    kvm_close(&machine);
    close(machine.vcpu);
    munmap(machine.run, machine.run_size);
    munmap(machine.memory, machine.memory_size);
    return works;
}
