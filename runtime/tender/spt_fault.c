/*
 * Faults of the guest's code. The handler runs with the guest's thread pointer, so nothing in this file may use the stack
 * protector, errno, or any function of libc that does; the Makefile compiles it accordingly.
 */
#include "spt.h"

#include "errors.h"
#include "fault.h"
#include "keeper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* The kernel's frame with AVX-512 and AMX state is about 12 KiB. */
#define STACK_SIZE (64 * 1024)
static uint8_t fault_stack[STACK_SIZE] __attribute__((aligned(16)));

static long system_call(long number, long a, long b, long c, long d) {
    register long fourth __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
    return result;
}

char spt_fault_text[SPT_FAULT_TEXT_SIZE];
static unsigned used;
static bool die_by_signal;

static void append(const char *text) {
    while (*text != '\0' && used < sizeof spt_fault_text)
        spt_fault_text[used++] = *text++;
}

static void append_hex(uint64_t value) {
    char digits[19] = "0x";
    unsigned count = 2;
    for (int shift = 60; shift >= 0; shift -= 4) {
        unsigned digit = value >> shift & 15;
        if (digit != 0 || count > 2 || shift == 0)
            digits[count++] = "0123456789abcdef"[digit];
    }
    digits[count] = '\0';
    append(digits);
}

static const char *cause(const siginfo_t *info, uint64_t error) {
    switch (info->si_signo) {
    case SIGSEGV:
        if (info->si_code == SI_KERNEL)
            return "it used an address no processor has, or a privileged instruction";
        /* Bits of the page fault's error code: Intel SDM vol. 3, 4.7. */
        return error & 16 ? "it executed memory that is not code" : error & 2 ? "it wrote memory it may not" : "it read memory it may not";
    case SIGILL: return "it executed an instruction that does not exist";
    case SIGFPE: return "it divided by zero, or a quotient was too large";
    case SIGTRAP: return "it reached a breakpoint";
    default: return "the host could not give it the memory";
    }
}

/* Faults once more in the same way: a fault that is blocked, as all are in their handler, ends the process by its signal. */
static void fault_again(int number) {
    switch (number) {
    case SIGILL: __asm__ volatile("ud2"); break;
    case SIGFPE: __asm__ volatile("xor %%ecx, %%ecx; div %%ecx" ::: "eax", "ecx", "edx", "cc"); break;
    case SIGTRAP: __asm__ volatile("int3"); break;
    default: __asm__ volatile("hlt"); break; /* privileged: SIGSEGV */
    }
}

static struct fault fault;

static void read_registers(const greg_t *from) {
    static const uint8_t order[REGISTERS_COUNT] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                                                   REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP, REG_EFL};
    for (unsigned i = 0; i < REGISTERS_COUNT; i++)
        fault.registers.value[i] = (uint64_t)from[order[i]];
}

/* Under spt the guest's address 0 is the tender's. */
static void write_report(void) {
    size_t size = crash_complete(&fault, NULL);
    system_call(SYS_pwrite64, crash_fd, (long)crash_text, (long)size, 0);
}

static void on_fault(int number, siginfo_t *info, void *context) {
    /* The kernel clears DF and TF of the guest's flags for a handler, but not AC, with which libc's code may fault. */
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~0x40000ull);
    const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;
    fault = (struct fault){
        .cause = cause(info, (uint64_t)registers[REG_ERR]),
        .has_address = info->si_signo == SIGSEGV && info->si_code != SI_KERNEL,
        .address = (uint64_t)info->si_addr,
    };
    read_registers(registers);
    if (keeper_page != NULL) {
        keeper_page->address = fault.address;
        keeper_page->registers = fault.registers;
        keeper_page->fault = (uint32_t)number;
    }
    used = 0; /* the guest could have reached it */
    append("kittiwake-spt: guest fault: ");
    append(fault.cause);
    if (fault.has_address) {
        append(", address ");
        append_hex(fault.address);
    }
    append(", rip=");
    append_hex(fault.registers.value[RIP]);
    append("; report it to whoever made the image\n");
    system_call(SYS_write, STDERR_FILENO, (long)spt_fault_text, used, 0);
    if (crash_fd >= 0)
        write_report();
    if (die_by_signal)
        fault_again(number);
    system_call(SYS_exit_group, EXIT_GUEST_FAULT, 0, 0, 0);
}

int spt_fault_catch(bool by_signal, struct refusal *why) {
    die_by_signal = by_signal;
    stack_t stack = {.ss_sp = fault_stack, .ss_size = sizeof fault_stack};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    int broken = sigaltstack(&stack, NULL);
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) {
        sigaddset(&action.sa_mask, faults[i]); /* a fault in the handler then ends the process at once */
        broken |= sigaction(faults[i], &action, NULL);
    }
    return broken ? fail(why, E_HOST, "catching faults of the guest", strerror(errno), "the tender needs Linux 5.9 or newer") : 0;
}
