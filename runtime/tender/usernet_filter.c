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

/* Seconds for which an answer is expected at least; at most it is twice as long. libslirp itself keeps such a port for four minutes. */
#define MEMORY 240

/* The host's ports that have spoken to the guest by UDP: in this stretch of time, and in the one before. */
static uint8_t spoken[2][65536 / 8];
static int64_t since;

static unsigned get16(const uint8_t *at) {
    return (unsigned)at[0] << 8 | at[1];
}

/* Whether libslirp takes the address for the host's own, or the kernel would: those of USERNET_NETWORK but USERNET_DNS. */
static bool is_host4(const uint8_t *to) {
    static const uint8_t network[3] = {10, 0, 0};
    return to[0] == 127 || to[0] == 0 || (memcmp(to, network, sizeof network) == 0 && to[3] != 3);
}

/* The same of IPv6: USERNET_PREFIX6 but USERNET_DNS6; ::1, ::, and IPv4 in IPv6's clothes. */
static bool is_host6(const uint8_t *to) {
    static const uint8_t zero[16];
    static const uint8_t prefix[8] = {0xfd, 0x00, 0x6b, 0x77};
    static const uint8_t name_server[8] = {0, 0, 0, 0, 0, 0, 0, 3};
    if (memcmp(to, prefix, sizeof prefix) == 0)
        return memcmp(to + 8, name_server, sizeof name_server) != 0;
    if (memcmp(to, zero, 10) != 0)
        return false;
    bool mapped = to[10] == 0xff && to[11] == 0xff;
    return mapped ? is_host4(to + 12) : memcmp(to, zero, 15) == 0 && to[15] <= 1;
}

/* A packet's transport, and where it lies; false if it is none, or not whole. */
struct packet {
    bool to_host;
    unsigned protocol;
    const uint8_t *payload;
    size_t size;
};

static bool parse4(const uint8_t *at, size_t size, struct packet *packet) {
    if (size < 20 || at[0] >> 4 != 4)
        return false;
    size_t header = (size_t)(at[0] & 15) * 4;
    packet->to_host = is_host4(at + 16);
    if (header < 20 || header > size)
        return false;
    packet->protocol = get16(at + 6) & 0x3fff ? 0 : at[9]; /* a piece of a packet tells nothing */
    packet->payload = at + header;
    packet->size = size - header;
    return true;
}

static bool parse6(const uint8_t *at, size_t size, struct packet *packet) {
    if (size < IPV6_HEADER || at[0] >> 4 != 6)
        return false;
    packet->to_host = is_host6(at + 24);
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
    if (!parse(frame, size, &packet) || packet.protocol != UDP || packet.size < 8)
        return;
    forget(now);
    unsigned port = get16(packet.payload);
    spoken[0][port / 8] |= (uint8_t)(1u << port % 8);
}

bool filter_allows(const uint8_t *frame, size_t size, int64_t now) {
    struct packet packet = {.to_host = false};
    if (!parse(frame, size, &packet) || !packet.to_host)
        return true; /* no packet, or for the world: libslirp's affair */
    switch (packet.protocol) {
    case ICMP:
    case ICMPV6: return true;
    case TCP: return packet.size >= 20 && (packet.payload[13] & 0x12) != 0x02; /* SYN without ACK would be a call */
    case UDP: {
        if (packet.size < 8)
            return false;
        forget(now);
        unsigned port = get16(packet.payload + 2);
        bool dhcp = port == 67 && get16(packet.payload) == 68;
        return dhcp || ((spoken[0][port / 8] | spoken[1][port / 8]) >> port % 8 & 1);
    }
    default: return false;
    }
}
