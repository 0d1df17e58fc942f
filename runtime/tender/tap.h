/* Attaching an existing tap interface of the host. */
#ifndef KITTIWAKE_TAP_H
#define KITTIWAKE_TAP_H

#include "error.h"

#include <stdint.h>

/*
 * Attaches the tap `interface` for the guest's device `device` (named in messages) and sets `mtu`, which does not count
 * the Ethernet header. Never creates an interface. Returns a non-blocking descriptor that carries one whole Ethernet
 * frame a read or write, or -1 with `why`.
 */
int tap_attach(const char *device, const char *interface, uint16_t *mtu, struct refusal *why);

#endif
