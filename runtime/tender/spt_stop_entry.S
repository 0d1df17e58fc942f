/*
 * The handler of SIGTERM: starts the timer, gives up the call that starts it, tells the guest, and goes back to where the guest was, without
 * rt_sigreturn. See spt_stop.h for what each of these withstands. The kernel has put the interrupted state above the stack pointer.
 */
#include "spt_stop.h"

#include <sys/syscall.h>

/* struct ucontext of the kernel for x86_64, from its start: struct sigcontext is at 40. */
#define R8 40
#define R9 48
#define R10 56
#define R11 64
#define R12 72
#define R13 80
#define R14 88
#define R15 96
#define RDI 104
#define RSI 112
#define RBP 120
#define RBX 128
#define RDX 136
#define RAX 144
#define RCX 152
#define RSP 160
#define RIP 168
#define RFLAGS 176
#define FPSTATE 224

/* struct _fpx_sw_bytes in the state of FPU and vectors: its mark, and which parts of the state are there. */
#define MAGIC 464
#define MAGIC_XSAVE 0x46505853
#define FEATURES_LOW 472
#define FEATURES_HIGH 476

    .text
    .globl spt_stop_entry
    .type spt_stop_entry, @function
spt_stop_entry: /* rdx: struct ucontext */
    endbr64
    mov %rdx, %rbx
    lea spt_stop_page(%rip), %rbp

    mov $SYS_timer_settime, %eax
    mov STOP_TIMER(%rbp), %edi
    xor %esi, %esi
    lea STOP_LIMIT(%rbp), %rdx
    xor %r10d, %r10d
    syscall
    test %rax, %rax
    jnz 9f

    mov $SYS_seccomp, %eax
    mov $1, %edi /* SECCOMP_SET_MODE_FILTER */
    xor %esi, %esi
    lea STOP_FILTER(%rbp), %rdx
    syscall
    test %rax, %rax
    jnz 9f

    movq $1, STOP_NOTICE
    mov $SYS_write, %eax
    mov STOP_EVENT(%rbp), %edi
    lea STOP_ONE(%rbp), %rsi
    mov $8, %edx
    syscall

    /* The kernel has cleared FPU and vectors. */
    mov FPSTATE(%rbx), %rcx
    test %rcx, %rcx
    jz 3f
    cmpl $MAGIC_XSAVE, MAGIC(%rcx)
    jne 2f
    mov FEATURES_LOW(%rcx), %eax
    mov FEATURES_HIGH(%rcx), %edx
    xrstor64 (%rcx)
    jmp 3f
2:  fxrstor64 (%rcx)

    /* Not by IRETQ: QEMU's emulation up to 7.2 reads its operands as the kernel would, which SMAP forbids. */
3:  mov RIP(%rbx), %rax
    mov %rax, target(%rip)
    push RFLAGS(%rbx)
    popfq
    mov R8(%rbx), %r8
    mov R9(%rbx), %r9
    mov R10(%rbx), %r10
    mov R11(%rbx), %r11
    mov R12(%rbx), %r12
    mov R13(%rbx), %r13
    mov R14(%rbx), %r14
    mov R15(%rbx), %r15
    mov RDI(%rbx), %rdi
    mov RSI(%rbx), %rsi
    mov RBP(%rbx), %rbp
    mov RDX(%rbx), %rdx
    mov RAX(%rbx), %rax
    mov RCX(%rbx), %rcx
    mov RSP(%rbx), %rsp
    mov RBX(%rbx), %rbx
    jmp *target(%rip)

9:  mov $SYS_exit_group, %eax
    mov $STOP_STATUS, %edi
    syscall
    .size spt_stop_entry, . - spt_stop_entry
    .local target
    .comm target, 8, 8
    .section .note.GNU-stack, "", @progbits
