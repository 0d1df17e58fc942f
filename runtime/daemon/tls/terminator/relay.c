/* See relay.h. */
#include "relay.h"

#include "handshake.h"

#include <openssl/err.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* One way: what was read and is not yet written. */
struct way {
    unsigned char bytes[16384];
    size_t from, to;
    short waits; /* for the client to be readable or writable, as TLS wants it: either way may want either */
    bool ended;  /* no more comes */
    bool closed; /* which the other end knows */
};

static bool empty(const struct way *way) {
    return way->from == way->to;
}

static void filled(struct way *way, ssize_t size) {
    way->from = 0;
    way->to = (size_t)size;
}

/* What TLS says to a call that did nothing: waits, the end, or -1 where the connection is broken. */
static int stuck(SSL *ssl, int result, struct way *way) {
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        way->waits = POLLIN;
        return 0;
    case SSL_ERROR_WANT_WRITE:
        way->waits = POLLOUT;
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        way->ended = true;
        return 0;
    default:
        return -1;
    }
}

static bool later(void) {
    return errno == EAGAIN || errno == EINTR;
}

/* From the client to the endpoint. Returns 1 where something has moved, 0 where nothing can, -1 where that is all. */
static int inward(SSL *ssl, int endpoint, struct way *way) {
    bool moved = false;
    way->waits = 0;
    if (empty(way) && !way->ended) {
        ERR_clear_error();
        int size = SSL_read(ssl, way->bytes, sizeof way->bytes);
        if (size > 0)
            filled(way, size);
        else if (stuck(ssl, size, way) != 0)
            return -1;
        moved = size > 0 || way->ended;
    }
    if (!empty(way)) {
        ssize_t size = write(endpoint, way->bytes + way->from, way->to - way->from);
        if (size < 0 && !later()) { /* It takes no more, and may still have something to say. */
            way->ended = way->closed = true;
            way->from = way->to;
            return 1;
        }
        way->from += size > 0 ? (size_t)size : 0;
        moved |= size > 0;
    }
    if (empty(way) && way->ended && !way->closed) {
        shutdown(endpoint, SHUT_WR);
        way->closed = true;
    }
    return moved;
}

/* From the endpoint to the client; the same. */
static int outward(SSL *ssl, int client, int endpoint, struct way *way) {
    bool moved = false;
    way->waits = 0;
    if (empty(way) && !way->ended) {
        ssize_t size = read(endpoint, way->bytes, sizeof way->bytes);
        if (size > 0)
            filled(way, size);
        else if (size == 0 || !later())
            way->ended = true;
        moved = size > 0 || way->ended;
    }
    if (!empty(way)) {
        ERR_clear_error();
        int size = SSL_write(ssl, way->bytes + way->from, (int)(way->to - way->from));
        if (size <= 0 && (stuck(ssl, size, way) != 0 || way->waits == 0))
            return -1;
        way->from += size > 0 ? (size_t)size : 0;
        moved |= size > 0;
    }
    if (empty(way) && way->ended && !way->closed) {
        ERR_clear_error();
        int result = SSL_shutdown(ssl);
        if (result < 0 && stuck(ssl, result, way) == 0 && way->waits != 0)
            return moved;
        shutdown(client, SHUT_WR);
        way->closed = true;
    }
    return moved;
}

void relay(SSL *ssl, int client, int endpoint) {
    static struct way in, out;
    long long until = 0; /* where the endpoint has gone */
    while (!out.closed || (!in.closed && until == 0)) {
        int inside = until == 0 ? inward(ssl, endpoint, &in) : 0;
        int outside = inside < 0 ? -1 : outward(ssl, client, endpoint, &out);
        if (inside < 0 || outside < 0)
            return;
        if (inside > 0 || outside > 0)
            continue;
        short wanted = (short)((until == 0 ? in.waits : 0) | out.waits);
        struct pollfd ends[] = {
            /* One that is broken is always ready. */
            {.fd = wanted != 0 ? client : -1, .events = wanted},
            {.fd = until == 0 ? endpoint : -1, .events = (short)((empty(&out) && !out.ended ? POLLIN : 0) | (empty(&in) ? 0 : POLLOUT))},
        };
        long long left = until == 0 ? -1 : until - milliseconds();
        if ((until != 0 && left <= 0) || (poll(ends, 2, (int)left) < 0 && errno != EINTR))
            return;
        if ((ends[1].revents & (POLLHUP | POLLERR)) != 0)
            until = milliseconds() + LEFTOVER_MS;
    }
}
