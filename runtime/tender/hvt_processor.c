/*
 * Which processor a guest sees: what KVM supports, without what a guest of hvt cannot use or has no business to know. It has one
 * processor, no interrupt controller, no nested virtualisation, and no registers that steer the host's. See hvt.h.
 *
 * What belongs together stays together: XSAVE, its leaf 13 and the vectors it saves are as KVM says, and the guest switches them on by CR4 and XCR0.
 * Numbers of bits: Intel SDM vol. 2, CPUID; AMD APM vol. 3, appendix E.
 */
#include "errors.h"
#include "hvt.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define CPUID_MAX 256
#define ALL 0xffffffffu
#define ANY_INDEX ALL
#define BIT(n) (1u << (n))

/* What is cleared of the leaves `first` to `last`. */
struct trim {
    uint32_t first;
    uint32_t last;
    uint32_t index;
    uint32_t eax, ebx, ecx, edx;
};

static const struct trim trims[] = {
    /* EBX: the number and the count of host processors. ECX: DTES64, MONITOR, DS-CPL, VMX, SMX, EIST, TM2, PDCM, x2APIC, the deadline of the
       TSC, that there is a hypervisor. EDX: MCE, APIC, MTRR, MCA, DS, ACPI, HTT, TM. */
    {.first = 1, .last = 1, .index = ANY_INDEX, .ebx = 0xffff0000u,
     .ecx = BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(15) | BIT(21) | BIT(24) | BIT(31),
     .edx = BIT(7) | BIT(9) | BIT(12) | BIT(14) | BIT(21) | BIT(22) | BIT(28) | BIT(29)},
    /* Serial number; MONITOR, power. */
    {.first = 3, .last = 3, .index = ANY_INDEX, .eax = ALL, .ebx = ALL, .ecx = ALL, .edx = ALL},
    {.first = 5, .last = 6, .index = ANY_INDEX, .eax = ALL, .ebx = ALL, .ecx = ALL, .edx = ALL},
    /* EBX: TSC_ADJUST, SGX, RDT monitoring, MPX, RDT allocation, PT. ECX: WAITPKG, bus locks, SGX_LC, PKS. EDX: PCONFIG, LBR, AMX (3), and what
       mitigates by registers of the host's (5). */
    {.first = 7, .last = 7, .index = 0, .ebx = BIT(1) | BIT(2) | BIT(12) | BIT(14) | BIT(15) | BIT(25),
     .ecx = BIT(5) | BIT(24) | BIT(30) | BIT(31),
     .edx = BIT(18) | BIT(19) | BIT(22) | BIT(24) | BIT(25) | BIT(26) | BIT(27) | BIT(28) | BIT(29) | BIT(30) | BIT(31)},
    {.first = 7, .last = 7, .index = 2, .eax = ALL, .ebx = ALL, .ecx = ALL, .edx = ALL},
    /* Performance counters; topology; RDT, SGX; tracing; AMX, LBR; topology. */
    {.first = 9, .last = 12, .index = ANY_INDEX, .eax = ALL, .ebx = ALL, .ecx = ALL, .edx = ALL},
    {.first = 15, .last = 20, .index = ANY_INDEX, .eax = ALL, .ebx = ALL, .ecx = ALL, .edx = ALL},
    {.first = 22, .last = 35, .index = ANY_INDEX, .eax = ALL, .ebx = ALL, .ecx = ALL, .edx = ALL},
    /* The hypervisor, with its clock and other registers. */
    {.first = 0x40000000, .last = 0x4fffffff, .index = ANY_INDEX, .eax = ALL, .ebx = ALL, .ecx = ALL, .edx = ALL},
    /* ECX: CMP, SVM, the APIC's space, OSVW, IBS, SKINIT, WDT, LWP, NODEID, topology, performance counters (3). EDX: APIC. */
    {.first = 0x80000001, .last = 0x80000001, .index = ANY_INDEX,
     .ecx = BIT(1) | BIT(2) | BIT(3) | BIT(9) | BIT(10) | BIT(12) | BIT(13) | BIT(15) | BIT(19) | BIT(22) | BIT(23) | BIT(24) | BIT(28),
     .edx = BIT(9)},
    /* All but that the TSC is invariant. */
    {.first = 0x80000007, .last = 0x80000007, .index = ANY_INDEX, .eax = ALL, .ebx = ALL, .ecx = ALL, .edx = ~BIT(8)},
    /* EBX: mitigations by registers of the host's. ECX: how many processors. */
    {.first = 0x80000008, .last = 0x80000008, .index = ANY_INDEX, .ebx = 0xfffff000u, .ecx = ALL},
    /* SVM; IBS; topology, encryption; performance counters and whatever comes. */
    {.first = 0x8000000a, .last = 0x8000000a, .index = ANY_INDEX, .eax = ALL, .ebx = ALL, .ecx = ALL, .edx = ALL},
    {.first = 0x8000001b, .last = 0x8000001c, .index = ANY_INDEX, .eax = ALL, .ebx = ALL, .ecx = ALL, .edx = ALL},
    {.first = 0x8000001e, .last = 0x80000020, .index = ANY_INDEX, .eax = ALL, .ebx = ALL, .ecx = ALL, .edx = ALL},
    {.first = 0x80000022, .last = 0x8fffffff, .index = ANY_INDEX, .eax = ALL, .ebx = ALL, .ecx = ALL, .edx = ALL},
};

static void trim(struct kvm_cpuid_entry2 *entry) {
    for (unsigned i = 0; i < sizeof trims / sizeof *trims; i++) {
        const struct trim *it = &trims[i];
        if (entry->function < it->first || entry->function > it->last || (it->index != ANY_INDEX && it->index != entry->index))
            continue;
        entry->eax &= ~it->eax;
        entry->ebx &= ~it->ebx;
        entry->ecx &= ~it->ecx;
        entry->edx &= ~it->edx;
    }
    if (entry->function == 1)
        entry->ebx |= 1u << 16; /* one processor */
}

int kvm_set_cpuid(const struct machine *machine, struct refusal *why) {
    static union {
        struct kvm_cpuid2 header;
        uint8_t bytes[sizeof(struct kvm_cpuid2) + CPUID_MAX * sizeof(struct kvm_cpuid_entry2)];
    } cpuid;
    cpuid.header.nent = CPUID_MAX;
    if (ioctl(machine->kvm, KVM_GET_SUPPORTED_CPUID, &cpuid.header) != 0)
        return fail(why, E_HOST, "KVM_GET_SUPPORTED_CPUID", strerror(errno), "see 'dmesg'");
    for (uint32_t i = 0; i < cpuid.header.nent; i++)
        trim(&cpuid.header.entries[i]);
    if (ioctl(machine->vcpu, KVM_SET_CPUID2, &cpuid.header) != 0)
        return fail(why, E_HOST, "KVM_SET_CPUID2", strerror(errno), "see 'dmesg'");
    return 0;
}

/* Numbers from `base` on, as a map of bits. */
#define MSR_RANGE(first, bits)                                                                                                           \
    { .flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE, .nmsrs = 8 * sizeof(bits), .base = (first), .bitmap = (bits) }

int kvm_filter_msrs(const struct machine *machine, struct refusal *why) {
    /* TSC; SYSENTER; PAT; EFER, STAR, LSTAR, CSTAR, FMASK; the bases of FS, GS and its shadow, TSC_AUX. */
    static uint8_t tsc[] = {1}, sysenter[] = {7}, pat[] = {1}, system_calls[] = {0x1f}, bases[] = {0xf};
    struct kvm_msr_filter filter = {
        .flags = KVM_MSR_FILTER_DEFAULT_DENY,
        .ranges = {MSR_RANGE(0x10, tsc), MSR_RANGE(0x174, sysenter), MSR_RANGE(0x277, pat), MSR_RANGE(0xc0000080, system_calls),
                   MSR_RANGE(0xc0000100, bases)},
    };
    if (ioctl(machine->kvm, KVM_CHECK_EXTENSION, KVM_CAP_X86_MSR_FILTER) <= 0)
        return 0; /* Linux before 5.10: KVM itself knows which ones a guest may use */
    return ioctl(machine->vm, KVM_X86_SET_MSR_FILTER, &filter) == 0
               ? 0
               : fail(why, E_HOST, "KVM_X86_SET_MSR_FILTER", strerror(errno), "see 'dmesg'");
}
