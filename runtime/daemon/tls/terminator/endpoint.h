/*
 * What the endpoint is told, on a socket of its own for each connection. First one byte: how many certificates the client has shown, none among them,
 * and then each, the client's own first: its length in four bytes, the high one first, and DER. After that whatever client and endpoint say to each
 * other. A first byte of 255 is a handshake that failed; then follows why, as text to the end.
 */
#ifndef KITTIWAKE_ENDPOINT_H
#define KITTIWAKE_ENDPOINT_H

#include <openssl/ssl.h>

#include <stddef.h>

#define FAILED 255

/* Both wait until the endpoint has taken it. Return 0, or -1 where the endpoint is gone. */
int tell_chain(int endpoint, const SSL *ssl);
int tell_failure(int endpoint, const char *cause);

#endif
