/* OpenSSL as the endpoint wants it: TLS 1.3 alone, any certificate of a client's, its own from files. */
#ifndef KITTIWAKE_SETTINGS_H
#define KITTIWAKE_SETTINGS_H

#include <openssl/ssl.h>

/* PEM. A client is told the root's name; the certificate may be followed by those above it. */
struct files {
    const char *root, *certificate, *key;
};

/*
 * What connections are made of, with room for `certificates_max` bytes of a client's. NULL where a file is not what it should be, or the key not that
 * of the certificate: `explain` says which.
 */
SSL_CTX *settings(const struct files *files, size_t certificates_max);

/* Prints "tls-terminator: FILE: CAUSE" about what OpenSSL first found wrong, as one line on standard error. */
void explain(const char *file);

#endif
