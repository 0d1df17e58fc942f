/* The jump into the guest: see spt.h. Registers as the spt ABI wants them; what the tender left in others is wiped. */
    .text
    .globl spt_enter
    .type spt_enter, @function
spt_enter: /* rdi: entry, rsi: stack, rdx: boot info */
    endbr64
    cld
    mov %rdi, %r8
    mov %rsi, %rsp
    mov %rdx, %rdi

    /* Vectors hold what was copied last, and wide ones in use cost time at each switch to the guest. */
    mov $1, %eax
    cpuid
    bt $27, %ecx /* OSXSAVE: Intel SDM vol. 1, 13.2 */
    jnc 1f
    mov $-1, %eax
    mov $-1, %edx
    xrstor64 initial(%rip)
    jmp 2f
1:  fxrstor64 initial(%rip)

2:  mov %r8, %rax
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

/* XSAVE's area in which no component is in use; XRSTOR loads MXCSR from it all the same. */
    .section .rodata
    .balign 64
initial:
    .short 0x37f
    .zero 22
    .long 0x1f80
    .zero 548
    .section .note.GNU-stack, "", @progbits
