/* The handshake, and how long it may take. */
#ifndef KITTIWAKE_HANDSHAKE_H
#define KITTIWAKE_HANDSHAKE_H

#include <openssl/ssl.h>

/* What a client has to send in a second, so that large certificates are given longer and nobody holds the place of others by dripping. */
#define LEAST_PER_SECOND (64 << 10)

/* Milliseconds of a clock that nobody sets. */
long long milliseconds(void);

/*
 * Does it, in `limit` milliseconds and as many more as the bytes take that have come. Returns NULL, or why it failed. The endpoint's going ends it,
 * too.
 */
const char *handshake(SSL *ssl, int client, int endpoint, long long limit);

#endif
