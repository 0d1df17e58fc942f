/*
 * Keeps the guest from the services that the host offers to itself alone.
 *
 * libslirp makes of every address in the guest's network, but the name server's, the host's own 127.0.0.1. Answers to who has called
 * a published port go there, too, so they are told apart here: a guest may answer the host, but not call it.
 */
#ifndef KITTIWAKE_USERNET_FILTER_H
#define KITTIWAKE_USERNET_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Notes from which UDP port the host speaks, in an Ethernet frame on its way to the guest at `now`, in seconds. */
void filter_note(const uint8_t *frame, size_t size, int64_t now);

/* Whether an Ethernet frame of the guest's may pass at `now`. Whatever it cannot be sure of goes no further if it is for the host. */
bool filter_allows(const uint8_t *frame, size_t size, int64_t now);

#endif
