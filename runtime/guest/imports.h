/* The module's surroundings: what its imports work on. */
#ifndef GUEST_IMPORTS_H
#define GUEST_IMPORTS_H

#include "module.h"
#include "platform.h"

/* The instance wasm2c hands to every import of "guest". */
struct Z_guest_instance_t {
    Z_image_instance_t *module;
};

/* Told once, before the module is instantiated. */
void imports_set_boot(struct boot from_tender);

#endif
