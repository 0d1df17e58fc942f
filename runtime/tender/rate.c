/* Token buckets. See rate.h. */
#include "rate.h"

struct bucket bucket_full(struct rate limit, uint64_t now) {
    return (struct bucket){.limit = limit, .tokens = (int64_t)limit.burst, .time = now};
}

static void fill(struct bucket *bucket, uint64_t now) {
    uint64_t rate = bucket->limit.rate;
    uint64_t missing = (uint64_t)((int64_t)bucket->limit.burst - bucket->tokens); /* at most 2^34 */
    if (now <= bucket->time || missing == 0) {
        /* A full bucket gains nothing, nor does a clock that stands give anything. */
        bucket->time = now > bucket->time ? now : bucket->time;
        return;
    }
    uint64_t passed = now - bucket->time;
    uint64_t seconds = passed / RATE_NS_PER_SEC;
    bucket->time = now;
    if (seconds > missing / rate) { /* seconds * rate alone fills it, and is then not computed */
        bucket->tokens = (int64_t)bucket->limit.burst;
        bucket->fraction = 0;
        return;
    }
    /* Below 2^30 * 2^33 + 2^30. */
    uint64_t fraction = passed % RATE_NS_PER_SEC * rate + bucket->fraction;
    uint64_t gained = seconds * rate + fraction / RATE_NS_PER_SEC;
    bucket->fraction = fraction % RATE_NS_PER_SEC;
    if (gained >= missing) {
        gained = missing;
        bucket->fraction = 0;
    }
    bucket->tokens += (int64_t)gained;
}

uint64_t bucket_wait(struct bucket *bucket, uint64_t now) {
    if (bucket->limit.rate == 0)
        return 0;
    fill(bucket, now);
    if (bucket->tokens > 0)
        return 0;
    uint64_t missing = (uint64_t)(1 - bucket->tokens);               /* at most 2^33 */
    uint64_t rest = missing % bucket->limit.rate;                    /* below 2^33 */
    if (missing / bucket->limit.rate >= RATE_FOREVER / RATE_NS_PER_SEC)
        return RATE_FOREVER;
    /* Rounded up; a fraction of a token that is there already makes the wait less than a token's time too long. */
    return missing / bucket->limit.rate * RATE_NS_PER_SEC + (rest * RATE_NS_PER_SEC + bucket->limit.rate - 1) / bucket->limit.rate;
}

void bucket_take(struct bucket *bucket, uint64_t cost) {
    if (bucket->limit.rate != 0)
        bucket->tokens -= (int64_t)(cost < COST_MAX ? cost : COST_MAX);
}

uint64_t limiter_wait(struct limiter *limiter, uint64_t now) {
    uint64_t bytes = bucket_wait(&limiter->bytes, now);
    uint64_t operations = bucket_wait(&limiter->operations, now);
    return bytes > operations ? bytes : operations;
}

void limiter_take(struct limiter *limiter, uint64_t bytes) {
    bucket_take(&limiter->bytes, bytes);
    bucket_take(&limiter->operations, 1);
}
