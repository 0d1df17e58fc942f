/* Making the virtual machine by KVM (Documentation/virt/kvm/api.rst of Linux). See hvt.h. */
#include "errors.h"
#include "hvt.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int refused(const char *call, struct refusal *why) {
    return fail(why, E_HOST, call, strerror(errno), "see 'dmesg', and 'kittiwake-hvt --probe-kvm'");
}

/* Why there is no /dev/kvm, as far as /proc/cpuinfo tells. */
static const char *missing_cause(void) {
    char text[8192] = "";
    int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (size > 0 && (strstr(text, " vmx") != NULL || strstr(text, " svm") != NULL))
        return "the processor has virtualisation, but the driver is not loaded; try 'modprobe kvm_intel' or 'modprobe kvm_amd'";
    return "the processor offers no virtualisation; switch it on in the firmware, or where this is a virtual machine allow nested "
           "virtualisation on its host, or run an spt image";
}

static int open_kvm(struct refusal *why) {
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    switch (errno) {
    case ENOENT:
    case ENODEV:
    case ENXIO: return fail(why, E_KVM_MISSING, missing_cause());
    case EACCES:
    case EPERM: return fail(why, E_KVM_FORBIDDEN, "$USER");
    case EBUSY: return fail(why, E_KVM_BUSY);
    default: return refused("opening /dev/kvm", why);
    }
}

static int check_kvm(int kvm, struct refusal *why) {
    if (ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
        return fail(why, E_KVM_UNSUPPORTED, "it has not version 12 of the KVM API");
    static const struct {
        int capability;
        const char *lack;
    } needed[] = {
        {KVM_CAP_USER_MEMORY, "it lacks KVM_CAP_USER_MEMORY"},
        {KVM_CAP_GET_TSC_KHZ, "it lacks KVM_CAP_GET_TSC_KHZ"},
        {KVM_CAP_EXT_CPUID, "it lacks KVM_CAP_EXT_CPUID"},
    };
    for (unsigned i = 0; i < sizeof needed / sizeof *needed; i++)
        if (ioctl(kvm, KVM_CHECK_EXTENSION, needed[i].capability) <= 0)
            return fail(why, E_KVM_UNSUPPORTED, needed[i].lack);
    return 0;
}

static int create_vm(int kvm, struct refusal *why) {
    for (;;) {
        int vm = ioctl(kvm, KVM_CREATE_VM, 0);
        if (vm >= 0)
            return vm;
        if (errno == EINTR)
            continue;
        if (errno == EBUSY) /* the processor's virtualisation is in other hands */
            return fail(why, E_KVM_BUSY);
        return refused("KVM_CREATE_VM", why);
    }
}

static int set_memory(struct machine *machine, struct refusal *why) {
    void *memory = mmap(NULL, machine->memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return fail(why, E_MEMORY, (unsigned long long)(machine->memory_size >> 20), strerror(errno));
    if (machine->memory_size < HUGE_PAGES_FROM)
        madvise(memory, machine->memory_size, MADV_NOHUGEPAGE); /* fails where the kernel has none */
    machine->memory = memory;
    struct kvm_userspace_memory_region region = {
        .slot = 0,
        .guest_phys_addr = 0,
        .memory_size = machine->memory_size,
        .userspace_addr = (uint64_t)memory,
    };
    return ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region) != 0 ? refused("KVM_SET_USER_MEMORY_REGION", why) : 0;
}

static int create_vcpu(struct machine *machine, struct refusal *why) {
    machine->vcpu = ioctl(machine->vm, KVM_CREATE_VCPU, 0);
    if (machine->vcpu < 0)
        return refused("KVM_CREATE_VCPU", why);
    int size = ioctl(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (size < (int)sizeof(struct kvm_run))
        return refused("KVM_GET_VCPU_MMAP_SIZE", why);
    machine->run_size = (size_t)size;
    machine->run = mmap(NULL, machine->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, machine->vcpu, 0);
    if (machine->run == MAP_FAILED)
        return refused("mapping kvm_run", why);
    int khz = ioctl(machine->vcpu, KVM_GET_TSC_KHZ, 0);
    if (khz <= 0)
        return fail(why, E_KVM_UNSUPPORTED, "the host's time stamp counter is not stable");
    machine->tsc_hz = (uint64_t)khz * 1000;
    return kvm_set_cpuid(machine, why);
}

int kvm_create(uint64_t memory_size, struct machine *machine, struct refusal *why) {
    *machine = (struct machine){.kvm = -1, .vm = -1, .vcpu = -1, .memory_size = memory_size};
    machine->kvm = open_kvm(why);
    if (machine->kvm < 0 || check_kvm(machine->kvm, why) != 0)
        return -1;
    machine->vm = create_vm(machine->kvm, why);
    if (machine->vm < 0 || set_memory(machine, why) != 0 || kvm_filter_msrs(machine, why) != 0)
        return -1;
    return create_vcpu(machine, why);
}

int kvm_set_start(const struct machine *machine, uint64_t entry, struct refusal *why) {
    struct kvm_sregs system;
    if (ioctl(machine->vcpu, KVM_GET_SREGS, &system) != 0)
        return refused("KVM_GET_SREGS", why);
    const struct kvm_segment code = {
        .selector = 0x08, .limit = 0xffffffff, .type = 9, .s = 1, .present = 1, .l = 1, .g = 1,
    };
    const struct kvm_segment data = {
        .selector = 0x10, .limit = 0xffffffff, .type = 3, .s = 1, .present = 1, .db = 1, .g = 1,
    };
    system.cs = code;
    system.ss = system.ds = system.es = system.fs = system.gs = data;
    system.tr = (struct kvm_segment){.type = 11, .present = 1};
    system.ldt = (struct kvm_segment){.unusable = 1};
    system.gdt = (struct kvm_dtable){.base = PAGES_GDT, .limit = PAGES_GDT_LIMIT};
    system.idt = (struct kvm_dtable){.base = 0, .limit = 0};
    system.cr0 = 0x80010021; /* PG, WP, NE, PE */
    system.cr2 = 0;
    system.cr3 = PAGES_ROOT;
    system.cr4 = 0x620; /* OSXMMEXCPT, OSFXSR, PAE */
    system.cr8 = 0;
    system.efer = 0xd00; /* NXE, LMA, LME: one bit more than Solo5, so that data cannot be executed */
    if (ioctl(machine->vcpu, KVM_SET_SREGS, &system) != 0)
        return refused("KVM_SET_SREGS", why);
    const struct kvm_regs general = {
        .rip = entry,
        .rsp = machine->memory_size - 8,
        .rdi = HVT_BOOT_INFO,
        .rflags = 2, /* interrupts off */
    };
    return ioctl(machine->vcpu, KVM_SET_REGS, &general) != 0 ? refused("KVM_SET_REGS", why) : 0;
}

uint64_t kvm_rip(const struct machine *machine) {
    struct kvm_regs general;
    return ioctl(machine->vcpu, KVM_GET_REGS, &general) == 0 ? general.rip : 0;
}

void kvm_close(const struct machine *machine) {
    close(machine->vm); /* the processor holds its machine */
    close(machine->kvm);
}
