/* Entry point. rdi: the tender's boot info. The tender's stack lies at the end of memory, which becomes WebAssembly's. */
    .text
    .globl _start
    .type _start, @function
_start:
    cld
    lea stack_top(%rip), %rsp
    xor %ebp, %ebp
    call guest_main
    ud2
    .size _start, . - _start

/*
 * The one stack. image.ld puts it directly behind read-only memory, so that an overflow faults: no frame is large enough to step
 * over that (the image builder limits them).
 */
    .section .stack, "aw", @nobits
    .balign 16
    .skip STACK_SIZE
stack_top:
    .section .note.GNU-stack, "", @progbits
