/* Random bytes for the module and for the stack's canary. */
#ifndef GUEST_RANDOM_H
#define GUEST_RANDOM_H

#include <stddef.h>

/* Gathers the seed. Called once, before all others. */
void random_start(void);

/* Fills the `size` bytes at `to`. Without RDSEED and RDRAND the seed is only how long the processor took for things. */
void random_bytes(void *to, size_t size);

#endif
