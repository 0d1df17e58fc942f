/* Where linear memory lies. */
#ifndef GUEST_WASM_RT_H
#define GUEST_WASM_RT_H

#include <stddef.h>
#include <stdint.h>

/* Its first byte; image.ld says where. */
extern uint8_t linear_memory[];

/* How many bytes of it there can be: told once, before the module is instantiated. */
void wasm_rt_set_memory(uint64_t size);

/* Writes to `to`, which is zero, what scripts/images/pack.ts packed into `size` bytes. */
void unpack(uint8_t *to, const uint8_t *packed, size_t size);

#endif
