/*
 * Devices that are descriptors of the caller's, as '--net:NAME=@3': what they are is found out without using them.
 *
 * A network device is a tap, or one end of a pair of AF_UNIX sockets that keep frames apart. Other programs may hold the same open
 * file: what is set on it here (O_NONBLOCK, a tap's offloads) they see, too.
 */
#ifndef KITTIWAKE_INHERITED_H
#define KITTIWAKE_INHERITED_H

#include "image.h"
#include "options.h"

/* What a socket's guest is told where the command line does not say. */
#define SOCKET_MTU 1500

/*
 * Checks that each device's descriptor is open, and is not the open file of another one. To be called before the tender opens
 * anything, which would get the number of one that is closed. Returns 0, or -1 with `why`.
 */
int inherited_check(const struct options *options, struct refusal *why);

/* What a descriptor of a network device turned out to be. */
struct inherited_net {
    uint16_t mtu;
    bool offload; /* frames have OFFLOAD_HEADER; asked for where the image understands it */
    bool ends;    /* it has another end, and can be read from when that is gone */
};

/*
 * Makes the descriptor of `option` ready for `image`: non-blocking, one whole Ethernet frame a read or write. `found->offload` says
 * whether the image understands offloads. Returns 0, or -1 with `why`.
 */
int inherited_net(const struct net_option *option, const struct image *image, struct inherited_net *found, struct refusal *why);

#endif
