/* What is told about a guest that broke the rules or gave up. See hvt.h. */
#include "dumpcore.h"
#include "errors.h"
#include "eventlog.h"
#include "fault.h"
#include "hvt.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Bit 0 of CR0: protected mode, in which every guest runs. */
#define CR0_PE 1

static void read_registers(const struct machine *machine, struct registers *to) {
    struct kvm_regs from;
    if (ioctl(machine->vcpu, KVM_GET_REGS, &from) != 0)
        return;
    *to = (struct registers){{from.rax, from.rbx, from.rcx, from.rdx, from.rsi, from.rdi, from.rbp, from.rsp, from.r8, from.r9,
                              from.r10, from.r11, from.r12, from.r13, from.r14, from.r15, from.rip, from.rflags}};
}

/* What stands in the line between "guest fault: " and ", rip=", as the registers say the rest better. */
static const char *cause_alone(const char *text, char *line, size_t size) {
    static const char begin[] = "guest fault: ";
    if (strncmp(text, begin, sizeof begin - 1) == 0)
        text += sizeof begin - 1;
    snprintf(line, size, "%s", text);
    char *rest = strstr(line, ", rip=");
    if (rest != NULL)
        *rest = '\0';
    return line;
}

/* Writes the report, or nothing of it. */
static void write_report(const struct fault *fault, const struct machine *machine) {
    if (crash_fd < 0)
        return;
    size_t size = crash_complete(fault, machine->memory);
    if (pwrite(crash_fd, crash_text, size, 0) != (ssize_t)size)
        report("kittiwake-hvt", "crash report: it could not be written whole; see whether the disk is full");
}

void hvt_fault(const struct calls *calls, const char *cause, bool broke_rules) {
    const struct machine *machine = calls->machine;
    char line[1024];
    struct fault fault = {.cause = cause_alone(cause, line, sizeof line)};
    read_registers(machine, &fault.registers);
    struct kvm_sregs system = {.cr2 = 0};
    if (ioctl(machine->vcpu, KVM_GET_SREGS, &system) == 0) {
        fault.address = system.cr2;
        fault.has_address = system.cr2 != 0;
        /* AMD's processors lose a guest's state in a triple fault, so that KVM resets it first. */
        fault.registers_lost = !(system.cr0 & CR0_PE);
    }
    if (*calls->cookie != 0) {
        memcpy(fault.trap, machine->memory + *calls->cookie, sizeof fault.trap); /* HALT has found it readable */
        fault.has_trap = true;
    }
    if (broke_rules)
        eventlog_fault(cause, &fault.registers);
    write_report(&fault, machine);
    dumpcore_write(&fault, &system, machine, calls->image);
}
