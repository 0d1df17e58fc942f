/*
 * The jump back into a guest: see spt_snapshot.h. The offsets are those of struct user_regs_struct. The guest's stack is not touched:
 * below its pointer may lie what it still needs.
 */
#define R15 0
#define R14 8
#define R13 16
#define R12 24
#define RBP 32
#define RBX 40
#define R11 48
#define R10 56
#define R9 64
#define R8 72
#define RAX 80
#define RCX 88
#define RDX 96
#define RSI 104
#define RDI 112
#define RIP 128
#define EFLAGS 144
#define RSP 152
#define FS_BASE 168

#define SYS_ARCH_PRCTL 158
#define ARCH_SET_FS 0x1002

    .text
    .globl spt_resume
    .type spt_resume, @function
spt_resume: /* rdi: registers, rsi: xstate, rdx: whether to set FS */
    endbr64
    mov %rdi, %rbx
    mov %rdx, %rbp
    mov $-1, %eax
    mov $-1, %edx
    xrstor64 (%rsi)
    test %rbp, %rbp
    jz 1f
    mov $SYS_ARCH_PRCTL, %eax
    mov $ARCH_SET_FS, %edi
    mov FS_BASE(%rbx), %rsi
    syscall
1:  mov RIP(%rbx), %rax
    mov %rax, target(%rip)
    push EFLAGS(%rbx)
    popfq
    mov R15(%rbx), %r15
    mov R14(%rbx), %r14
    mov R13(%rbx), %r13
    mov R12(%rbx), %r12
    mov RBP(%rbx), %rbp
    mov R11(%rbx), %r11
    mov R10(%rbx), %r10
    mov R9(%rbx), %r9
    mov R8(%rbx), %r8
    mov RAX(%rbx), %rax
    mov RCX(%rbx), %rcx
    mov RDX(%rbx), %rdx
    mov RSI(%rbx), %rsi
    mov RDI(%rbx), %rdi
    mov RSP(%rbx), %rsp
    mov RBX(%rbx), %rbx
    jmp *target(%rip)
    .size spt_resume, . - spt_resume
    .local target
    .comm target, 8, 8
    .section .note.GNU-stack, "", @progbits
