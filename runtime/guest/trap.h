/* The end of an image that cannot go on: one line on the console, exit status 255. */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include <stdint.h>

#define EXIT_TRAP 255

/*
 * The functions of an image, in ascending order of address; made by the image builder. Where the first one begins, how many bytes each has,
 * and their names, packed (wasm_rt.h): one behind the other, each ends with a zero, and support code has an empty one. There is room for the
 * names to be unpacked to.
 */
extern const uint32_t functions_start, function_count, function_names_size;
extern const uint16_t function_sizes[];
extern const uint8_t function_names_packed[];
extern uint8_t function_names[];

/* Prints "trap: REASON in FUNCTION, called by ..." and ends. */
_Noreturn void trap(const char *reason);

#endif
