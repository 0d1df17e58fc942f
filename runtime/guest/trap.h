/* The end of an image that cannot go on: one line on the console, exit status 255. */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include <stdint.h>

#define EXIT_TRAP 255

/*
 * Which function of the WebAssembly module begins where; made by the image builder, in ascending order of address. A name begins at
 * that place of the texts; 0 is support code.
 */
struct function_name {
    uint32_t address;
    uint32_t name;
};
extern const char function_name_texts[];
extern const struct function_name function_names[];
extern const unsigned function_name_count;

/* Prints "trap: REASON in FUNCTION, called by ..." and ends. */
_Noreturn void trap(const char *reason);

#endif
