/* gdb's packets: "$CONTENT#CC". See gdb_packets.h, and "Overview" in the chapter on the remote protocol of gdb's manual. */
#include "gdb_packets.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define INTERRUPT 3

static const char hex[] = "0123456789abcdef";

static int digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- Bytes ---- */

/* Not close(2): a core file is to get the descriptor that was free when the filter was made. */
void gdb_hang_up(struct gdb_link *link) {
    if (link->fd >= 0)
        shutdown(link->fd, SHUT_RDWR);
    link->fd = -1;
}

static void send_all(struct gdb_link *link, const char *bytes, size_t size) {
    while (size > 0 && link->fd >= 0) {
        ssize_t count = send(link->fd, bytes, size, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            gdb_hang_up(link);
            return;
        }
        bytes += count;
        size -= (size_t)count;
    }
}

/* Returns 1, 0 where nothing is there and `flags` say not to wait, or -1: nobody is there any more. */
static int fill(struct gdb_link *link, int flags) {
    if (link->fd < 0)
        return -1;
    if (link->in_used < link->in_size)
        return 1;
    ssize_t count;
    do
        count = recv(link->fd, link->in, sizeof link->in, flags);
    while (count < 0 && errno == EINTR);
    if (count < 0 && errno == EAGAIN)
        return 0;
    if (count <= 0) {
        gdb_hang_up(link);
        return -1;
    }
    link->in_used = 0;
    link->in_size = (size_t)count;
    return 1;
}

/* The next byte, or -1. */
static int next(struct gdb_link *link) {
    return fill(link, 0) > 0 ? link->in[link->in_used++] : -1;
}

/* ---- Packets ---- */

/* Reads up to the checksum. Returns whether the packet is whole and right, or -1. */
static int read_content(struct gdb_link *link, struct gdb_packet *packet) {
    uint8_t sum = 0;
    bool long_one = false;
    int byte;
    packet->used = 0;
    while ((byte = next(link)) != '#') {
        if (byte < 0)
            return -1;
        if (byte == '$') { /* the one before was cut */
            packet->used = sum = 0;
            long_one = false;
            continue;
        }
        sum = (uint8_t)(sum + byte);
        if (packet->used < GDB_PACKET_MAX)
            packet->text[packet->used++] = (char)byte;
        else
            long_one = true;
    }
    if (long_one)
        packet->used = 0;
    packet->text[packet->used] = '\0';
    int high = next(link), low = next(link);
    if (high < 0 || low < 0)
        return -1;
    return link->plain || (digit((char)high) >= 0 && digit((char)low) >= 0 && (digit((char)high) << 4 | digit((char)low)) == sum);
}

enum gdb_event gdb_receive(struct gdb_link *link, struct gdb_packet *packet) {
    for (;;) {
        int byte = next(link);
        if (byte < 0)
            return GDB_GONE;
        if (byte == '-')
            send_all(link, link->sent, link->sent_size);
        if (byte != '$')
            continue; /* acknowledgments; an interrupt of what does not run; anything else is not for us */
        int right = read_content(link, packet);
        if (right < 0)
            return GDB_GONE;
        if (!link->plain)
            send_all(link, right ? "+" : "-", 1);
        if (right)
            return GDB_PACKET;
    }
}

bool gdb_interrupted(struct gdb_link *link) {
    bool found = false;
    while (!found && fill(link, MSG_DONTWAIT) > 0)
        found = link->in[link->in_used++] == INTERRUPT;
    return found;
}

void gdb_send(struct gdb_link *link, const struct gdb_packet *packet) {
    uint8_t sum = 0;
    for (size_t i = 0; i < packet->used; i++)
        sum = (uint8_t)(sum + (uint8_t)packet->text[i]);
    link->sent[0] = '$';
    memcpy(link->sent + 1, packet->text, packet->used);
    link->sent_size = packet->used + 1;
    link->sent[link->sent_size++] = '#';
    link->sent[link->sent_size++] = hex[sum >> 4];
    link->sent[link->sent_size++] = hex[sum & 15];
    send_all(link, link->sent, link->sent_size);
}

/* ---- Content ---- */

static void put(struct gdb_packet *packet, char c) {
    if (packet->used < GDB_PACKET_MAX)
        packet->text[packet->used++] = c;
}

void gdb_put(struct gdb_packet *packet, const char *text) {
    for (; *text != '\0'; text++)
        put(packet, *text);
}

void gdb_put_bytes(struct gdb_packet *packet, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size && packet->used + 2 <= GDB_PACKET_MAX; i++) {
        put(packet, hex[bytes[i] >> 4]);
        put(packet, hex[bytes[i] & 15]);
    }
}

void gdb_put_number(struct gdb_packet *packet, uint64_t number) {
    int shift = 60;
    while (shift > 0 && number >> shift == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        put(packet, hex[number >> shift & 15]);
}

bool gdb_number(const char **at, uint64_t *number) {
    const char *begin = *at;
    *number = 0;
    for (int value; (value = digit(**at)) >= 0; ++*at) {
        if (*number >> 60 != 0)
            return false;
        *number = *number << 4 | (uint64_t)value;
    }
    return *at != begin;
}

bool gdb_bytes(const char *at, uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++, at += 2) {
        int high = digit(at[0]);
        int low = high < 0 ? -1 : digit(at[1]);
        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return *at == '\0';
}
