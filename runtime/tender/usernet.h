/* The parts of kittiwake-usernet: its command line, the network in user space, and the sandbox around it. */
#ifndef KITTIWAKE_USERNET_H
#define KITTIWAKE_USERNET_H

#include "error.h"

#include <netinet/in.h>
#include <stdint.h>

/* Ports and host addresses that one command line may publish. */
#define PUBLISH_MAX 64

/*
 * The network the guest sees. Its first address is what images take that are told none, so that a guest needs no argument;
 * whoever asks by DHCP gets the same one.
 */
#define USERNET_NETWORK "10.0.0.0"
#define USERNET_MASK "255.255.255.0"
#define USERNET_HOST "10.0.0.1"
#define USERNET_GUEST "10.0.0.2"
#define USERNET_DNS "10.0.0.3"
#define USERNET_PREFIX6 "fd00:6b77::"
#define USERNET_HOST6 "fd00:6b77::1"
#define USERNET_DNS6 "fd00:6b77::3"

/* Bytes of the largest packet: as large as TCP's segments may be, since every frame costs the same two system calls. */
#define USERNET_MTU 65520

/* A port of the host and the guest's port behind it. */
struct publish {
    const char *text; /* as it was written */
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } host;
    uint16_t guest_port;
    bool udp;
};

struct usernet {
    unsigned publish_count;
    struct publish publish[PUBLISH_MAX];
    uint8_t mac[6]; /* the guest's, from which its IPv6 address follows */
    bool reach_host; /* the guest may connect to the host's own 127.0.0.1, as 10.0.0.1 */
};

/* ---- usernet_publish.c ---- */

/* Reads "[ADDRESS:]PORT[:GUEST-PORT][/tcp|/udp]". Returns 0, or -1 with `why`. */
int publish_parse(const char *text, struct publish *publish, struct refusal *why);

/* ---- usernet_stack.c ---- */

/* Makes the network and binds what is published. Returns 0, or -1 with `why`. */
int stack_open(const struct usernet *usernet, struct refusal *why);

/* Carries frames between `fd`, one a message, and the host's sockets, until the process behind the pidfd `tender` has ended. */
void stack_run(int fd, int tender);

/* ---- usernet_confine.c ---- */

/* Gives up all but what the network needs; `guest`, where its frames come from, gets another number. Returns 0, or -1 with `why`. */
int confine(int *guest, struct refusal *why);

#endif
