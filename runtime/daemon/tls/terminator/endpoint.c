/* See endpoint.h. */
#include "endpoint.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static int write_all(int to, const unsigned char *from, size_t size) {
    while (size > 0) {
        ssize_t written = write(to, from, size);
        if (written < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        if (written > 0) {
            from += written;
            size -= (size_t)written;
            continue;
        }
        struct pollfd room = {.fd = to, .events = POLLOUT};
        if (poll(&room, 1, -1) < 0 && errno != EINTR)
            return -1;
        if (room.revents & (POLLERR | POLLHUP))
            return -1;
    }
    return 0;
}

static int tell_certificate(int endpoint, X509 *certificate) {
    unsigned char *der = NULL;
    int size = i2d_X509(certificate, &der);
    if (size < 0)
        return -1;
    uint32_t length = (uint32_t)size;
    unsigned char header[] = {(unsigned char)(length >> 24), (unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length};
    int result = write_all(endpoint, header, sizeof header) != 0 ? -1 : write_all(endpoint, der, length);
    OPENSSL_free(der);
    return result;
}

int tell_chain(int endpoint, const SSL *ssl) {
    X509 *own = SSL_get0_peer_certificate(ssl);
    /* Of a client: without its own. */
    STACK_OF(X509) *above = own != NULL ? SSL_get_peer_cert_chain(ssl) : NULL;
    int more = above != NULL ? sk_X509_num(above) : 0;
    if (more >= FAILED - 1)
        return tell_failure(endpoint, "it has shown too many certificates");
    unsigned char count = (unsigned char)(own != NULL ? 1 + more : 0);
    if (write_all(endpoint, &count, 1) != 0 || (own != NULL && tell_certificate(endpoint, own) != 0))
        return -1;
    for (int i = 0; i < more; i++)
        if (tell_certificate(endpoint, sk_X509_value(above, i)) != 0)
            return -1;
    return 0;
}

int tell_failure(int endpoint, const char *cause) {
    static const unsigned char failed = FAILED;
    write_all(endpoint, &failed, 1);
    write_all(endpoint, (const unsigned char *)cause, strlen(cause));
    return -1;
}
