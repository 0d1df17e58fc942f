/*
 * Fuzzes what a guest may send to the host: frames made of right pieces and any bytes, under AddressSanitizer. Not part of the network.
 *
 *   fuzz-filter SEED ROUNDS       prints how many frames were allowed and how many denied
 *
 * First it checks frames whose verdict is known. No frame that calls a port of the host may pass.
 */
#include "../usernet_filter.h"
#include "random.h"

#include <stdio.h>
#include <string.h>

static uint8_t frame[128];

enum { TCP = 6, UDP = 17, ICMP = 1, ICMPV6 = 58 };
#define SYN 2
#define ACK 16

/* Where the next packet comes from. */
static uint8_t from4[4] = {10, 0, 0, 2}, from6[16] = {0xfd, 0, 0x6b, 0x77, [15] = 2};

/* An IPv4 packet to `to` in a frame; its size. */
static size_t ipv4(const uint8_t to[4], int protocol, unsigned from_port, unsigned to_port, int flags) {
    memset(frame, 0, sizeof frame);
    frame[12] = 8;
    uint8_t *at = frame + 14;
    at[0] = 0x45;
    at[9] = (uint8_t)protocol;
    memcpy(at + 12, from4, 4);
    memcpy(at + 16, to, 4);
    at += 20;
    at[0] = (uint8_t)(from_port >> 8), at[1] = (uint8_t)from_port;
    at[2] = (uint8_t)(to_port >> 8), at[3] = (uint8_t)to_port;
    at[13] = (uint8_t)flags;
    return 14 + 20 + 20;
}

static size_t ipv6(const uint8_t to[16], int protocol, unsigned to_port, int flags) {
    memset(frame, 0, sizeof frame);
    frame[12] = 0x86, frame[13] = 0xdd;
    uint8_t *at = frame + 14;
    at[0] = 0x60;
    at[6] = (uint8_t)protocol;
    memcpy(at + 8, from6, 16);
    memcpy(at + 24, to, 16);
    at += 40;
    at[2] = (uint8_t)(to_port >> 8), at[3] = (uint8_t)to_port;
    at[13] = (uint8_t)flags;
    return 14 + 40 + 20;
}

static int wrong(const char *what) {
    fprintf(stderr, "fuzz-filter: %s\n", what);
    return 1;
}

/* Links' addresses lead libslirp to the host, and what the host says to all of a link its neighbours hear. */
static int check_groups(void) {
    static const uint8_t all[] = {255, 255, 255, 255}, some[] = {224, 0, 0, 251}, loopback[] = {127, 0, 0, 1}, host[] = {10, 0, 0, 1};
    static const uint8_t all6[16] = {0xff, 2, [15] = 1}, some6[16] = {0xff, 2, [15] = 0xfb};
    if (filter_allows(frame, ipv4(all, TCP, 9, 22, SYN), 0) || filter_allows(frame, ipv4(all, TCP, 9, 22, ACK), 0) ||
        filter_allows(frame, ipv4(all, UDP, 9, 161, 0), 0) || filter_allows(frame, ipv4(some, UDP, 9, 5353, 0), 0))
        return wrong("a call to all by IPv4 passes");
    if (filter_allows(frame, ipv6(all6, TCP, 22, SYN), 0) || filter_allows(frame, ipv6(all6, UDP, 161, 0), 0) ||
        filter_allows(frame, ipv6(some6, UDP, 5353, 0), 0))
        return wrong("a call to all by IPv6 passes");
    if (!filter_allows(frame, ipv4(all, UDP, 68, 67, 0), 0) || !filter_allows(frame, ipv4(host, UDP, 68, 67, 0), 0) ||
        !filter_allows(frame, ipv6(all6, ICMPV6, 0, 0), 0))
        return wrong("asking for an address is stopped");
    return filter_allows(frame, ipv4(loopback, UDP, 68, 67, 0), 0) ? wrong("a call to the host's own DHCP server passes") : 0;
}

/* Only the host's own speaking opens a port of the host to answers. */
static int check_speakers(void) {
    static const uint8_t host[] = {10, 0, 0, 1}, names[] = {10, 0, 0, 3}, guest[] = {10, 0, 0, 2}, world[] = {192, 0, 2, 1};
    static const uint8_t host6[16] = {0xfd, 0, 0x6b, 0x77, [15] = 1}, world6[16] = {0x20, 1, 0x0d, 0xb8};
    memcpy(from4, world, sizeof world);
    filter_note(frame, ipv4(guest, UDP, 161, 5000, 0), 2000);
    memcpy(from4, names, sizeof names);
    filter_note(frame, ipv4(guest, UDP, 53, 5000, 0), 2000);
    memcpy(from4, guest, sizeof guest);
    memcpy(from6, world6, sizeof world6);
    filter_note(frame, ipv6(from6, UDP, 5000, 0), 2000);
    memcpy(from6, host6, sizeof host6);
    from6[15] = 2;
    if (filter_allows(frame, ipv4(host, UDP, 9, 161, 0), 2001) || filter_allows(frame, ipv4(host, UDP, 9, 53, 0), 2001) ||
        filter_allows(frame, ipv6(host6, UDP, 0, 0), 2001))
        return wrong("what others said opens a port of the host");
    if (filter_allows(frame, ipv4(names, TCP, 9, 22, SYN), 0) || filter_allows(frame, ipv4(names, UDP, 9, 161, 0), 0) ||
        !filter_allows(frame, ipv4(names, TCP, 9, 53, SYN), 0) || !filter_allows(frame, ipv4(names, UDP, 9, 53, 0), 0))
        return wrong("the name server is more than that, or less");
    return 0;
}

static int check_known(void) {
    static const uint8_t host[] = {10, 0, 0, 1}, names[] = {10, 0, 0, 3}, world[] = {192, 0, 2, 1}, loopback[] = {127, 9, 9, 9};
    static const uint8_t all[] = {255, 255, 255, 255}, other[] = {10, 0, 0, 77};
    static const uint8_t host6[16] = {0xfd, 0, 0x6b, 0x77, [15] = 1}, names6[16] = {0xfd, 0, 0x6b, 0x77, [15] = 3};
    static const uint8_t self6[16] = {[15] = 1}, mapped[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1}, world6[16] = {0x20, 1, 0x0d, 0xb8};
#define ALLOWS(made, at) filter_allows(frame, (made), (at))
    if (ALLOWS(ipv4(host, TCP, 9, 22, SYN), 0) || ALLOWS(ipv4(loopback, TCP, 9, 22, SYN), 0) || ALLOWS(ipv4(other, TCP, 9, 22, SYN), 0))
        return wrong("a call to the host by TCP passes");
    if (!ALLOWS(ipv4(host, TCP, 80, 5000, SYN | ACK), 0) || !ALLOWS(ipv4(host, TCP, 80, 5000, ACK), 0))
        return wrong("an answer by TCP is stopped");
    if (ALLOWS(ipv4(host, UDP, 53, 5000, 0), 0))
        return wrong("a call to the host by UDP passes");
    if (!ALLOWS(ipv4(names, UDP, 9, 53, 0), 0) || !ALLOWS(ipv4(world, TCP, 9, 22, SYN), 0) || !ALLOWS(ipv4(all, UDP, 68, 67, 0), 0) ||
        !ALLOWS(ipv4(host, UDP, 68, 67, 0), 0) || !ALLOWS(ipv4(host, ICMP, 0, 0, 0), 0))
        return wrong("what the guest may do is stopped");
    if (ALLOWS(ipv6(host6, TCP, 22, SYN), 0) || ALLOWS(ipv6(self6, TCP, 22, SYN), 0) || ALLOWS(ipv6(mapped, TCP, 22, SYN), 0) ||
        ALLOWS(ipv6(host6, 44, 22, 0), 0))
        return wrong("a call to the host by IPv6 passes");
    if (!ALLOWS(ipv6(names6, UDP, 53, 0), 0) || !ALLOWS(ipv6(world6, TCP, 22, SYN), 0))
        return wrong("what the guest may do by IPv6 is stopped");
    memcpy(from4, host, sizeof host);
    size_t size = ipv4((const uint8_t[]){10, 0, 0, 2}, UDP, 5000, 53, 0); /* the host speaks from its port 5000 */
    filter_note(frame, size, 0);
    from4[3] = 2;
    if (!ALLOWS(ipv4(host, UDP, 53, 5000, 0), 1) || !ALLOWS(ipv4(host, UDP, 53, 5000, 0), 240))
        return wrong("an answer by UDP is stopped");
    if (ALLOWS(ipv4(host, UDP, 53, 5000, 0), 900))
        return wrong("an old answer by UDP passes");
    size = ipv4(host, TCP, 9, 22, SYN);
    frame[14 + 6] = 0x20; /* the first piece of a packet */
    return filter_allows(frame, size, 0) ? wrong("a piece of a packet passes to the host") : 0;
}

int main(int argc, char *argv[]) {
    if (argc != 3)
        return wrong("usage: fuzz-filter SEED ROUNDS");
    if (check_known() != 0 || check_groups() != 0 || check_speakers() != 0)
        return 1;
    random_seed(argv[1]);
    unsigned long allowed = 0, denied = 0;
    for (unsigned long rounds = strtoul(argv[2], NULL, 10); rounds > 0; rounds--) {
        uint8_t to[16];
        for (size_t i = 0; i < sizeof to; i++)
            to[i] = (uint8_t)(random_below(2) ? random_next() : (uint64_t[]){0, 10, 127, 0xfd, 0xff}[random_below(5)]);
        int protocol = (int)(random_below(2) ? TCP : random_below(256));
        size_t size = random_below(2) ? ipv4(to, protocol, 9, 22, (int)random_below(64)) : ipv6(to, protocol, 22, (int)random_below(64));
        for (uint64_t changes = random_below(4); changes > 0; changes--)
            frame[random_below(size)] = (uint8_t)random_next();
        size = random_below(4) ? size : random_below(size + 1);
        /* In memory of its own, so that a look behind its end is found. */
        uint8_t *copy = malloc(size + 1);
        memcpy(copy, frame, size);
        if (random_below(16) == 0)
            filter_note(copy, size, (int64_t)rounds);
        if (filter_allows(copy, size, (int64_t)rounds))
            allowed++;
        else
            denied++;
        free(copy);
    }
    printf("%lu allowed, %lu denied\n", allowed, denied);
    return 0;
}
