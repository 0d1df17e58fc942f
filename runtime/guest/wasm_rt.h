/* Where linear memory lies: told once, before the module is instantiated. */
#ifndef GUEST_WASM_RT_H
#define GUEST_WASM_RT_H

#include <stdint.h>

void wasm_rt_set_memory(uint8_t *start, uint64_t size);

#endif
