/*
 * tls-terminator: TLS for one connection of the orchestrator's endpoint, which starts it with the client's socket as descriptor 0 and its own as 3.
 *
 *   tls-terminator ROOT CERTIFICATE KEY                                      says whether these can be used
 *   tls-terminator ROOT CERTIFICATE KEY CERTIFICATES_MAX HANDSHAKE_MS        serves
 *
 * What it says to the endpoint stands in endpoint.h.
 */
#include "confine.h"
#include "endpoint.h"
#include "handshake.h"
#include "relay.h"
#include "settings.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#define CLIENT 0
#define ENDPOINT 3

/* Of a number that the endpoint gives; 0 for anything else. */
static long positive(const char *text) {
    char *end;
    long number = strtol(text, &end, 10);
    return *end == '\0' && number > 0 && number <= 0x7fffffff ? number : 0;
}

static bool without_waiting(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static int serve(SSL_CTX *context, long limit) {
    SSL *ssl = SSL_new(context);
    if (ssl == NULL || SSL_set_fd(ssl, CLIENT) != 1 || !without_waiting(CLIENT) || !without_waiting(ENDPOINT))
        return EX_OSERR;
#ifndef UNCONFINED /* what looks for errors of memory needs more calls, and memory */
    if (confine() != 0) {
        perror("tls-terminator: confinement");
        return EX_OSERR;
    }
#endif
    const char *cause = handshake(ssl, CLIENT, ENDPOINT, limit);
    if (cause != NULL)
        tell_failure(ENDPOINT, cause);
    else if (tell_chain(ENDPOINT, ssl) == 0)
        relay(ssl, CLIENT, ENDPOINT);
    SSL_free(ssl);
    return cause != NULL ? EX_PROTOCOL : 0;
}

int main(int argc, char **argv) {
    long certificates_max = argc == 6 ? positive(argv[4]) : 1;
    long limit = argc == 6 ? positive(argv[5]) : 1;
    if ((argc != 4 && argc != 6) || certificates_max == 0 || limit == 0) {
        fputs("tls-terminator: it is for kittiwaked-tls, which knows how to call it\n", stderr);
        return EX_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    /* Such as the socket the endpoint listens at. */
    if (syscall(SYS_close_range, argc == 6 ? ENDPOINT + 1 : ENDPOINT, ~0u, 0u) != 0)
        return EX_OSERR;
    struct files files = {.root = argv[1], .certificate = argv[2], .key = argv[3]};
    SSL_CTX *context = settings(&files, (size_t)certificates_max);
    if (context == NULL)
        return EX_CONFIG;
    int status = argc == 4 ? 0 : serve(context, limit);
    SSL_CTX_free(context);
    return status;
}
