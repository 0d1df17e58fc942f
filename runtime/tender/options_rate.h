/* The limits in --net-rate: and --block-rate:. */
#ifndef KITTIWAKE_OPTIONS_RATE_H
#define KITTIWAKE_OPTIONS_RATE_H

#include "error.h"
#include "rate.h"

/* A limit's name and where it goes. */
struct rate_key {
    const char *name;
    struct rate *rate;
    uint64_t least_burst; /* where none is given: a tenth of a second's worth, but this much at least */
};

/*
 * Takes "KEY=RATE[/BURST],..." with numbers that may have a unit, K, M or G, of 1024. A key is given once, in any order.
 * Returns 0, or -1 with `why`.
 */
int parse_rates(const char *word, const char *value, const struct rate_key *keys, unsigned count, const char *form, struct refusal *why);

#endif
