/* Attaching an existing tap interface of the host. */
#ifndef KITTIWAKE_TAP_H
#define KITTIWAKE_TAP_H

#include "options.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes of struct virtio_net_hdr before each frame where checksums and segments are left to the host. */
#define OFFLOAD_HEADER 10

/* The longest frame there is: an IP packet in a frame with a VLAN tag, behind the offload header. No tap takes or gives a longer one. */
#define FRAME_MAX (OFFLOAD_HEADER + 18 + 65535)

/*
 * Attaches the tap `interface` for the guest's device `device` (named in messages) and sets `mtu`, which does not count
 * the Ethernet header. `offload` says whether the guest understands OFFLOAD_HEADER, and then whether the tap does, too. Never
 * creates an interface. Returns a non-blocking descriptor that carries one whole Ethernet frame a read or write, or -1 with `why`.
 */
int tap_attach(const char *device, const char *interface, uint16_t *mtu, bool *offload, struct refusal *why);

/* Where an inherited tap's interface is in another network namespace, and the command line does not say. */
#define TAP_MTU 1500

/* The same for /dev/net/tun as the caller has opened and attached it, option->fd. `image` is for messages. Returns 0, or -1 with `why`. */
int tap_inherit(const struct net_option *option, const char *image, uint16_t *mtu, bool *offload, struct refusal *why);

#endif
