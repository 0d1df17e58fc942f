/* What client and endpoint say to each other after the handshake. */
#ifndef KITTIWAKE_RELAY_H
#define KITTIWAKE_RELAY_H

#include <openssl/ssl.h>

/* Milliseconds for what the endpoint has said to reach the client, once the endpoint has gone. */
#define LEFTOVER_MS 30000

/* Carries it both ways, and the end of each way, until both have ended or one end has gone. */
void relay(SSL *ssl, int client, int endpoint);

#endif
