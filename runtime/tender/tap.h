/* Attaching an existing tap interface of the host. */
#ifndef KITTIWAKE_TAP_H
#define KITTIWAKE_TAP_H

#include "error.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes of struct virtio_net_hdr before each frame where checksums and segments are left to the host. */
#define OFFLOAD_HEADER 10

/*
 * Attaches the tap `interface` for the guest's device `device` (named in messages) and sets `mtu`, which does not count
 * the Ethernet header. `offload` says whether the guest understands OFFLOAD_HEADER, and then whether the tap does, too. Never creates an interface. Returns a non-blocking descriptor that carries one whole Ethernet
 * frame a read or write, or -1 with `why`.
 */
int tap_attach(const char *device, const char *interface, uint16_t *mtu, bool *offload, struct refusal *why);

#endif
