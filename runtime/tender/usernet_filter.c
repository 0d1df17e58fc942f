/* What a guest may send to the host itself. See usernet_filter.h. */
#include "usernet_filter.h"

#include <string.h>

#define ETHERNET 14
#define IPV4 0x0800
#define IPV6 0x86dd
#define IPV6_HEADER 40
#define TCP 6
#define UDP 17
#define ICMP 1
#define ICMPV6 58
#define DNS 53 /* the port */

/* Seconds for which an answer is expected at least; at most it is twice as long. libslirp itself keeps such a port for four minutes. */
#define MEMORY 240

/* The host's ports that have spoken to the guest by UDP: in this stretch of time, and in the one before. */
static uint8_t spoken[2][65536 / 8];
static int64_t since;

static unsigned get16(const uint8_t *at) {
    return (unsigned)at[0] << 8 | at[1];
}

enum place {
    WORLD,
    NAME_SERVER, /* libslirp asks the host's for it, which may be one of 127.0.0.1 */
    GROUP,       /* everybody on the link, which for libslirp is the host's own 127.0.0.1, and for the kernel its neighbours, too */
    HOST,
};

/* What libslirp makes of the address, or the kernel would: those of USERNET_NETWORK are the host's own. */
static enum place place4(const uint8_t *address) {
    static const uint8_t network[3] = {10, 0, 0};
    if (address[0] >= 224)
        return GROUP;
    if (memcmp(address, network, sizeof network) == 0)
        return address[3] == 3 ? NAME_SERVER : HOST;
    return address[0] == 127 || address[0] == 0 ? HOST : WORLD;
}

/* The same of IPv6: those of USERNET_PREFIX6; ::1, ::, and IPv4 in IPv6's clothes. */
static enum place place6(const uint8_t *address) {
    static const uint8_t zero[16];
    static const uint8_t prefix[8] = {0xfd, 0x00, 0x6b, 0x77};
    static const uint8_t name_server[8] = {0, 0, 0, 0, 0, 0, 0, 3};
    if (address[0] == 0xff)
        return GROUP;
    if (memcmp(address, prefix, sizeof prefix) == 0)
        return memcmp(address + 8, name_server, sizeof name_server) == 0 ? NAME_SERVER : HOST;
    if (memcmp(address, zero, 10) != 0)
        return WORLD;
    if (address[10] == 0xff && address[11] == 0xff)
        return place4(address + 12);
    return memcmp(address, zero, 15) == 0 && address[15] <= 1 ? HOST : WORLD;
}

/* A packet's transport, and where it lies; false if it is none, or not whole. */
struct packet {
    enum place from, to;
    const uint8_t *address; /* it is for, IPv4's only; else NULL */
    unsigned protocol;
    const uint8_t *payload;
    size_t size;
};

static bool parse4(const uint8_t *at, size_t size, struct packet *packet) {
    if (size < 20 || at[0] >> 4 != 4)
        return false;
    size_t header = (size_t)(at[0] & 15) * 4;
    if (header < 20 || header > size)
        return false;
    packet->from = place4(at + 12);
    packet->to = place4(at + 16);
    packet->address = at + 16;
    packet->protocol = get16(at + 6) & 0x3fff ? 0 : at[9]; /* a piece of a packet tells nothing */
    packet->payload = at + header;
    packet->size = size - header;
    return true;
}

static bool parse6(const uint8_t *at, size_t size, struct packet *packet) {
    if (size < IPV6_HEADER || at[0] >> 4 != 6)
        return false;
    packet->from = place6(at + 8);
    packet->to = place6(at + 24);
    packet->address = NULL;
    packet->protocol = at[6];
    packet->payload = at + IPV6_HEADER;
    packet->size = size - IPV6_HEADER;
    return true;
}

static bool parse(const uint8_t *frame, size_t size, struct packet *packet) {
    if (size < ETHERNET)
        return false;
    switch (get16(frame + 12)) {
    case IPV4: return parse4(frame + ETHERNET, size - ETHERNET, packet);
    case IPV6: return parse6(frame + ETHERNET, size - ETHERNET, packet);
    default: return false;
    }
}

static void forget(int64_t now) {
    if (now - since < MEMORY)
        return;
    memcpy(spoken[1], spoken[0], sizeof spoken[1]);
    memset(spoken[0], 0, sizeof spoken[0]);
    if (now - since >= 2 * MEMORY)
        memset(spoken[1], 0, sizeof spoken[1]);
    since = now;
}

void filter_note(const uint8_t *frame, size_t size, int64_t now) {
    struct packet packet;
    /* Whoever else spoke from a port, such as a server of the guest's choice, has not made it the host's. */
    if (!parse(frame, size, &packet) || packet.from != HOST || packet.protocol != UDP || packet.size < 8)
        return;
    forget(now);
    unsigned port = get16(packet.payload);
    spoken[0][port / 8] |= (uint8_t)(1u << port % 8);
}

/* DHCP, which libslirp answers itself at these two addresses; what is for others it would hand to the host. */
static bool is_dhcp(const struct packet *packet) {
    static const uint8_t server[4] = {10, 0, 0, 1}, all[4] = {255, 255, 255, 255};
    return packet->address != NULL && get16(packet->payload) == 68 && get16(packet->payload + 2) == 67 &&
           (memcmp(packet->address, server, sizeof server) == 0 || memcmp(packet->address, all, sizeof all) == 0);
}

static bool allows_tcp(const struct packet *packet) {
    if (packet->size < 20)
        return false;
    if (packet->to == NAME_SERVER)
        return get16(packet->payload + 2) == DNS;
    return packet->to == HOST && (packet->payload[13] & 0x12) != 0x02; /* SYN without ACK would be a call */
}

static bool allows_udp(const struct packet *packet, int64_t now) {
    if (packet->size < 8)
        return false;
    unsigned port = get16(packet->payload + 2);
    if (packet->to == NAME_SERVER)
        return port == DNS;
    if (is_dhcp(packet))
        return true;
    forget(now);
    return packet->to == HOST && ((spoken[0][port / 8] | spoken[1][port / 8]) >> port % 8 & 1);
}

bool filter_allows(const uint8_t *frame, size_t size, int64_t now) {
    struct packet packet;
    if (!parse(frame, size, &packet) || packet.to == WORLD)
        return true; /* no packet, or for the world: libslirp's affair */
    switch (packet.protocol) {
    case ICMP:
    case ICMPV6: return true;
    case TCP: return allows_tcp(&packet);
    case UDP: return allows_udp(&packet, now);
    default: return false;
    }
}
