/* The jump into the guest: see spt.h. Registers as the spt ABI wants them; what the tender left in others is wiped. */
    .text
    .globl spt_enter
    .type spt_enter, @function
spt_enter: /* rdi: entry, rsi: stack, rdx: boot info */
    endbr64
    cld
    mov %rdi, %rax
    mov %rsi, %rsp
    mov %rdx, %rdi
    xor %ebx, %ebx
    xor %ecx, %ecx
    xor %edx, %edx
    xor %esi, %esi
    xor %ebp, %ebp
    xor %r8d, %r8d
    xor %r9d, %r9d
    xor %r10d, %r10d
    xor %r11d, %r11d
    xor %r12d, %r12d
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
    jmp *%rax
    .size spt_enter, . - spt_enter
    .section .note.GNU-stack, "", @progbits
