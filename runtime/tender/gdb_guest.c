/* What a debugger looks at and changes: memory, registers, breakpoints. See gdb.h. */
#include "gdb.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/user.h>

/*
 * A software breakpoint is the instruction hlt, for which KVM leaves the guest without being asked; guests run in ring 0, where it is
 * allowed. int3 has to be intercepted, which QEMU's emulated SVM does not do, and guests may have a use for it themselves.
 */
static const uint8_t hlt = 0xf4;

/* ---- Memory ---- */

/*
 * One piece within a page. The loader has protected the host's pages so that KVM keeps the guest from them; they are opened only while
 * the guest's processor stands still, and never for the guest.
 */
static bool copy_piece(const struct debugger *debugger, uint64_t address, uint8_t *to, const uint8_t *from, size_t size) {
    const struct machine *machine = debugger->machine;
    struct kvm_translation where = {.linear_address = address};
    if (ioctl(machine->vcpu, KVM_TRANSLATE, &where) != 0 || !where.valid || where.physical_address > machine->memory_size ||
        size > machine->memory_size - where.physical_address)
        return false;
    uint8_t *at = machine->memory + where.physical_address;
    uint8_t *page = machine->memory + (where.physical_address & ~(GUEST_PAGE_SIZE - 1));
    int protection = image_protection(debugger->image, where.physical_address);
    bool closed = (protection & (from != NULL ? PROT_WRITE : PROT_READ)) == 0;
    if (closed && mprotect(page, GUEST_PAGE_SIZE, PROT_READ | PROT_WRITE) != 0)
        return false;
    if (from != NULL)
        memcpy(at, from, size);
    else
        memcpy(to, at, size);
    return !closed || mprotect(page, GUEST_PAGE_SIZE, protection) == 0;
}

static bool copy(const struct debugger *debugger, uint64_t address, uint8_t *to, const uint8_t *from, size_t size) {
    for (size_t done = 0; done < size;) {
        uint64_t at = address + done;
        size_t piece = GUEST_PAGE_SIZE - (at & (GUEST_PAGE_SIZE - 1));
        if (piece > size - done)
            piece = size - done;
        if (!copy_piece(debugger, at, to == NULL ? NULL : to + done, from == NULL ? NULL : from + done, piece))
            return false;
        done += piece;
    }
    return true;
}

bool guest_read(const struct debugger *debugger, uint64_t address, uint8_t *bytes, size_t size) {
    return copy(debugger, address, bytes, NULL, size);
}

bool guest_write(const struct debugger *debugger, uint64_t address, const uint8_t *bytes, size_t size) {
    return copy(debugger, address, NULL, bytes, size);
}

/* ---- Registers ---- */

/* Kinds of registers in the order of their numbers, as gdb has them for x86_64 (gdb/features/i386/64bit-core.xml and 64bit-sse.xml). */
static const struct {
    uint8_t count, size;
} LAYOUT[] = {
    {17, 8},  /* rax to r15, rip */
    {7, 4},   /* eflags, cs, ss, ds, es, fs, gs */
    {8, 10},  /* st0 to st7 */
    {8, 4},   /* fctrl, fstat, ftag, fiseg, fioff, foseg, fooff, fop */
    {16, 16}, /* xmm0 to xmm15 */
    {1, 4},   /* mxcsr */
};

size_t guest_register(uint64_t number, size_t *offset) {
    *offset = 0;
    for (unsigned i = 0; i < sizeof LAYOUT / sizeof *LAYOUT; i++) {
        if (number < LAYOUT[i].count) {
            *offset += number * LAYOUT[i].size;
            return LAYOUT[i].size;
        }
        number -= LAYOUT[i].count;
        *offset += (size_t)LAYOUT[i].count * LAYOUT[i].size;
    }
    return 0;
}

/* The block, field by field, in the order of its bytes. */
struct cursor {
    uint8_t *at;
    bool writing; /* into the block */
};

static void field(struct cursor *block, void *value, size_t size) {
    if (block->writing)
        memcpy(block->at, value, size);
    else
        memcpy(value, block->at, size);
    block->at += size;
}

static void word(struct cursor *block, uint64_t value) {
    uint32_t low = (uint32_t)value; /* one that cannot be changed */
    if (block->writing)
        memcpy(block->at, &low, sizeof low);
    block->at += sizeof low;
}

/* KVM has one bit for an x87 register that holds something, the block two that are set for one that holds nothing. */
static uint32_t wide_tags(uint8_t tags) {
    uint32_t wide = 0;
    for (int i = 0; i < 8; i++)
        wide |= tags >> i & 1 ? 0 : 3u << 2 * i;
    return wide;
}

static uint8_t narrow_tags(uint32_t wide) {
    uint8_t tags = 0;
    for (int i = 0; i < 8; i++)
        tags |= (uint8_t)((wide >> 2 * i & 3) != 3) << i;
    return tags;
}

static void exchange(struct cursor *block, struct kvm_regs *general, const struct kvm_sregs *system, struct user_fpregs_struct *fpu) {
    __u64 *const order[] = {&general->rax, &general->rbx, &general->rcx, &general->rdx, &general->rsi, &general->rdi,
                            &general->rbp, &general->rsp, &general->r8,  &general->r9,  &general->r10, &general->r11,
                            &general->r12, &general->r13, &general->r14, &general->r15, &general->rip};
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++)
        field(block, order[i], sizeof *order[i]);
    uint32_t flags = (uint32_t)general->rflags;
    field(block, &flags, sizeof flags);
    general->rflags = flags;
    const struct kvm_segment *segments[] = {&system->cs, &system->ss, &system->ds, &system->es, &system->fs, &system->gs};
    for (unsigned i = 0; i < sizeof segments / sizeof *segments; i++)
        word(block, segments[i]->selector);
    for (int i = 0; i < 8; i++)
        field(block, fpu->st_space + 4 * i, 10);
    uint32_t control[] = {fpu->cwd, fpu->swd, wide_tags((uint8_t)fpu->ftw)};
    field(block, control, sizeof control);
    fpu->cwd = (uint16_t)control[0];
    fpu->swd = (uint16_t)control[1];
    fpu->ftw = narrow_tags(control[2]);
    word(block, 0);
    word(block, fpu->rip);
    word(block, 0);
    word(block, fpu->rdp);
    word(block, fpu->fop);
    for (int i = 0; i < 16; i++)
        field(block, fpu->xmm_space + 4 * i, 16);
    field(block, &fpu->mxcsr, sizeof fpu->mxcsr);
}

/* What XSAVE writes begins with the area of FXSAVE; which parts of it hold something says a word behind: Intel SDM vol. 1, 13.4. */
static_assert(sizeof(struct user_fpregs_struct) == 512, "FXSAVE area");
#define XSTATE_BV 128 /* in 32-bit words */
#define XSTATE_X87_SSE 3

bool guest_read_registers(const struct debugger *debugger, uint8_t bytes[GDB_REGISTERS_SIZE]) {
    int vcpu = debugger->machine->vcpu;
    struct kvm_regs general;
    struct kvm_sregs system;
    struct kvm_xsave area;
    struct user_fpregs_struct fpu;
    if (ioctl(vcpu, KVM_GET_REGS, &general) != 0 || ioctl(vcpu, KVM_GET_SREGS, &system) != 0 || ioctl(vcpu, KVM_GET_XSAVE, &area) != 0)
        return false;
    memcpy(&fpu, area.region, sizeof fpu);
    exchange(&(struct cursor){.at = bytes, .writing = true}, &general, &system, &fpu);
    return true;
}

bool guest_write_registers(const struct debugger *debugger, const uint8_t bytes[GDB_REGISTERS_SIZE]) {
    int vcpu = debugger->machine->vcpu;
    uint8_t block[GDB_REGISTERS_SIZE];
    struct kvm_regs general;
    struct kvm_xsave area;
    struct user_fpregs_struct fpu;
    static const struct kvm_sregs system;
    memcpy(block, bytes, sizeof block);
    if (ioctl(vcpu, KVM_GET_REGS, &general) != 0 || ioctl(vcpu, KVM_GET_XSAVE, &area) != 0)
        return false;
    memcpy(&fpu, area.region, sizeof fpu);
    exchange(&(struct cursor){.at = block, .writing = false}, &general, &system, &fpu);
    memcpy(area.region, &fpu, sizeof fpu);
    area.region[XSTATE_BV] |= XSTATE_X87_SSE;
    return ioctl(vcpu, KVM_SET_REGS, &general) == 0 && ioctl(vcpu, KVM_SET_XSAVE, &area) == 0;
}

/* ---- Breakpoints ---- */

static bool is_same(const struct breakpoint *one, const struct breakpoint *other) {
    return one->kind == other->kind && one->address == other->address && one->length == other->length;
}

static bool makes_sense(const struct debugger *debugger, const struct breakpoint *wanted) {
    uint64_t length = wanted->length;
    uint8_t byte;
    switch (wanted->kind) {
    case BREAK_SOFTWARE: return guest_read(debugger, wanted->address, &byte, 1);
    case BREAK_HARDWARE: return true;
    default: return (length == 1 || length == 2 || length == 4 || length == 8) && wanted->address % length == 0;
    }
}

bool breakpoint_add(struct debugger *debugger, const struct breakpoint *wanted) {
    unsigned hardware = 0;
    for (unsigned i = 0; i < debugger->breakpoint_count; i++) {
        if (is_same(&debugger->breakpoint[i], wanted))
            return true;
        hardware += debugger->breakpoint[i].kind != BREAK_SOFTWARE;
    }
    if (debugger->breakpoint_count == BREAKPOINTS_MAX || (wanted->kind != BREAK_SOFTWARE && hardware == HARDWARE_MAX) ||
        !makes_sense(debugger, wanted))
        return false;
    debugger->breakpoint[debugger->breakpoint_count++] = *wanted;
    return true;
}

void breakpoint_remove(struct debugger *debugger, const struct breakpoint *unwanted) {
    for (unsigned i = 0; i < debugger->breakpoint_count; i++)
        if (is_same(&debugger->breakpoint[i], unwanted))
            debugger->breakpoint[i] = debugger->breakpoint[--debugger->breakpoint_count];
}

const struct breakpoint *breakpoint_at(const struct debugger *debugger, uint64_t address, enum breakpoint_kind kind) {
    for (unsigned i = 0; i < debugger->breakpoint_count; i++)
        if (debugger->breakpoint[i].address == address && debugger->breakpoint[i].kind == kind)
            return &debugger->breakpoint[i];
    return NULL;
}

const struct breakpoint *breakpoint_in(const struct debugger *debugger, unsigned number) {
    for (unsigned i = 0; i < debugger->breakpoint_count; i++)
        if (debugger->breakpoint[i].kind != BREAK_SOFTWARE && number-- == 0)
            return &debugger->breakpoint[i];
    return NULL;
}

/* Debug registers: Intel SDM vol. 3, 18.2. */
static void set_debug_register(struct kvm_guest_debug *debug, unsigned number, const struct breakpoint *from) {
    static const uint8_t conditions[BREAKPOINT_KINDS] = {[WATCH_WRITE] = 1, [WATCH_READ] = 3, [WATCH_ACCESS] = 3};
    static const uint8_t lengths[] = {[1] = 0, [2] = 1, [4] = 3, [8] = 2};
    uint64_t rule = conditions[from->kind] | (from->kind == BREAK_HARDWARE ? 0 : lengths[from->length] << 2);
    debug->arch.debugreg[number] = from->address;
    debug->arch.debugreg[7] |= 1ull << number * 2 | rule << (16 + number * 4);
}

bool guest_arm(struct debugger *debugger) {
    struct kvm_guest_debug debug = {.control = KVM_GUESTDBG_ENABLE};
    struct kvm_regs general;
    if (ioctl(debugger->machine->vcpu, KVM_GET_REGS, &general) != 0)
        return false;
    if (debugger->stepping)
        debug.control |= KVM_GUESTDBG_SINGLESTEP;
    unsigned number = 0;
    debug.arch.debugreg[7] = 0x400; /* a bit that is always set */
    for (unsigned i = 0; i < debugger->breakpoint_count; i++) {
        struct breakpoint *it = &debugger->breakpoint[i];
        if (it->kind != BREAK_SOFTWARE) {
            debug.control |= KVM_GUESTDBG_USE_HW_BP;
            set_debug_register(&debug, number++, it);
        } else if (!debugger->stepping || it->address != general.rip) { /* or a step from it would never leave it */
            it->placed = guest_read(debugger, it->address, &it->original, 1) && guest_write(debugger, it->address, &hlt, 1);
        }
    }
    return ioctl(debugger->machine->vcpu, KVM_SET_GUEST_DEBUG, &debug) == 0;
}

void guest_disarm(struct debugger *debugger) {
    struct kvm_guest_debug debug = {.control = 0};
    for (unsigned i = debugger->breakpoint_count; i-- > 0;) { /* backwards: two addresses may lead to one byte */
        struct breakpoint *it = &debugger->breakpoint[i];
        if (it->placed)
            guest_write(debugger, it->address, &it->original, 1);
        it->placed = false;
    }
    ioctl(debugger->machine->vcpu, KVM_SET_GUEST_DEBUG, &debug);
}
