/* See settings.h. */
#include "settings.h"

#include <openssl/err.h>

#include <stdio.h>

void explain(const char *file) {
    const char *cause = ERR_reason_error_string(ERR_peek_error());
    fprintf(stderr, "tls-terminator: %s: %s\n", file, cause != NULL ? cause : "it cannot be used");
}

/* A key with a passphrase: there is nobody to ask. */
static int no_passphrase(char *buffer, int size, int writing, void *user) {
    (void)buffer, (void)size, (void)writing, (void)user;
    return -1;
}

/*
 * Which chain OpenSSL would find does not matter: the endpoint verifies the one that was sent, certificate by certificate. That the client has the key
 * of the first is verified all the same, by the signature of its handshake.
 */
static int any_chain(X509_STORE_CTX *store, void *user) {
    (void)store, (void)user;
    return 1;
}

SSL_CTX *settings(const struct files *files, size_t certificates_max) {
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return NULL;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL)
        return NULL;
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    const char *at = files->root;
    STACK_OF(X509_NAME) *root = SSL_load_client_CA_file(at);
    if (root == NULL)
        goto refused;
    SSL_CTX_set_client_CA_list(context, root);
    at = files->certificate;
    if (SSL_CTX_use_certificate_chain_file(context, at) != 1)
        goto refused;
    at = files->key;
    if (SSL_CTX_use_PrivateKey_file(context, at, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(context) != 1)
        goto refused;
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, any_chain, NULL);
    SSL_CTX_set_max_cert_list(context, (long)certificates_max);
    /* A client that comes back by a ticket would show no chain. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    /* Messages say themselves where they end, so nobody gains by cutting a connection; Albatross's clients just close. */
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    return context;
refused:
    explain(at);
    SSL_CTX_free(context);
    return NULL;
}
