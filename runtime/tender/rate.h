/*
 * Token buckets. Pure arithmetic on integers: the caller brings the time, so tests bring any.
 *
 * A bucket holds up to `burst` tokens and gains `rate` of them a second. While there is one, something may pass, whatever it costs; it may
 * leave the bucket in debt, which is paid off before anything else passes. So no more passes than burst and rate allow, and one thing.
 */
#ifndef KITTIWAKE_RATE_H
#define KITTIWAKE_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* With these no product below exceeds 64 bits. */
#define RATE_MAX (1ull << 33)  /* a second */
#define BURST_MAX (1ull << 33)
#define COST_MAX (1ull << 33)

#define RATE_NS_PER_SEC 1000000000ull
#define RATE_FOREVER (1ull << 60) /* ns: 36 years, the longest wait there is */

/* What an option says. */
struct rate {
    uint64_t rate;  /* 1 to RATE_MAX; 0: no limit */
    uint64_t burst; /* 1 to BURST_MAX */
};

struct bucket {
    struct rate limit;
    int64_t tokens;    /* from -COST_MAX to burst */
    uint64_t fraction; /* of a token, in units of 1/RATE_NS_PER_SEC */
    uint64_t time;     /* in ns, when this was right */
};

/* A bucket that is full at `now`, ns of a clock that does not jump. */
struct bucket bucket_full(struct rate limit, uint64_t now);

/* The ns from `now` until something may pass; 0: it may. */
uint64_t bucket_wait(struct bucket *bucket, uint64_t now);

/* Pays for what passes; a cost above COST_MAX counts as that. */
void bucket_take(struct bucket *bucket, uint64_t cost);

/* ---- Bytes and operations at once ---- */

struct limiter {
    struct bucket bytes;
    struct bucket operations;
};

/* The ns from `now` until an operation may pass; 0: it may. */
uint64_t limiter_wait(struct limiter *limiter, uint64_t now);

/* Pays for an operation of `bytes`. */
void limiter_take(struct limiter *limiter, uint64_t bytes);

static inline bool limiter_limits(const struct limiter *limiter) {
    return (limiter->bytes.limit.rate | limiter->operations.limit.rate) != 0;
}

#endif
