/* See handshake.h. */
#include "handshake.h"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <errno.h>
#include <poll.h>
#include <time.h>

long long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *cause(int error) {
    if (error == SSL_ERROR_SYSCALL || error == SSL_ERROR_ZERO_RETURN)
        return "it went in the middle of the handshake";
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    return reason != NULL ? reason : "the handshake failed";
}

const char *handshake(SSL *ssl, int client, int endpoint, long long limit) {
    long long begin = milliseconds();
    for (;;) {
        ERR_clear_error();
        int result = SSL_accept(ssl);
        if (result == 1)
            return NULL;
        int error = SSL_get_error(ssl, result);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            return cause(error);
        long long come = (long long)BIO_number_read(SSL_get_rbio(ssl));
        long long left = begin + limit + come * 1000 / LEAST_PER_SECOND - milliseconds();
        if (left <= 0)
            return "no handshake in time";
        struct pollfd ends[] = {
            {.fd = client, .events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT},
            {.fd = endpoint},
        };
        if (poll(ends, 2, left < 1000 ? (int)left : 1000) < 0 && errno != EINTR)
            return "it cannot be waited for";
        if (ends[1].revents != 0)
            return "the endpoint went";
    }
}
