/* gdb's remote serial protocol as bytes: packets with checksums and acknowledgments. Whoever is at the other end is not trusted. */
#ifndef KITTIWAKE_GDB_PACKETS_H
#define KITTIWAKE_GDB_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most between '$' and '#', both ways; gdb is told so. */
#define GDB_PACKET_MAX 4096

struct gdb_link {
    int fd; /* -1: nobody is there any more */
    bool plain; /* acknowledgments were switched off (QStartNoAckMode) */
    uint8_t in[512];
    size_t in_used, in_size;
    char sent[GDB_PACKET_MAX + 5]; /* the last packet as it went out, for when it is asked for again; and a NUL */
    size_t sent_size;
};

/* A packet's content. `used` never is more than GDB_PACKET_MAX; behind it is a NUL. */
struct gdb_packet {
    char text[GDB_PACKET_MAX + 1];
    size_t used;
};

enum gdb_event { GDB_PACKET, GDB_GONE };

/* Waits for the next whole packet. GDB_GONE: the connection has ended. One that is too long comes as an empty one. */
enum gdb_event gdb_receive(struct gdb_link *link, struct gdb_packet *packet);

/* While the guest runs only this is expected: whether 0x03 has come. Never waits. Sets link->fd to -1 where the connection has ended. */
bool gdb_interrupted(struct gdb_link *link);

/* Sends a packet. What cannot be sent is lost: the end of the connection is seen when receiving. */
void gdb_send(struct gdb_link *link, const struct gdb_packet *packet);

/* Ends the connection. */
void gdb_hang_up(struct gdb_link *link);

/* ---- Content of packets ---- */

void gdb_put(struct gdb_packet *packet, const char *text);
/* `size` bytes, two digits each. What does not fit is left out. */
void gdb_put_bytes(struct gdb_packet *packet, const uint8_t *bytes, size_t size);
void gdb_put_number(struct gdb_packet *packet, uint64_t number);

/* Reads a hexadecimal number of at most 64 bits at *at and goes past it. False: there is none. */
bool gdb_number(const char **at, uint64_t *number);
/* Reads exactly `size` bytes of two digits each; nothing may follow. */
bool gdb_bytes(const char *at, uint8_t *bytes, size_t size);

#endif
