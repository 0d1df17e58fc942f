/* The manifest: the devices an image declares. A device's handle is its index. */
#ifndef KITTIWAKE_MANIFEST_H
#define KITTIWAKE_MANIFEST_H

#include "abi.h"
#include "error.h"

/* Checks `size` bytes of manifest read from the image named `image`. Returns 0, or -1 with `why`. */
int manifest_check(const struct mft *manifest, uint32_t size, const char *image, struct refusal *why);

/* The handle of the device called `name`, or 0 if none is. */
unsigned manifest_find(const struct mft *manifest, const char *name);

/* Whether `name` is 1 to 67 ASCII letters and digits. */
bool device_name_valid(const char *name);

#endif
