/*
 * Token buckets against a slow, exact model of them, under UndefinedBehaviorSanitizer. Not part of the tenders.
 *
 *   fuzz-rate SEED ROUNDS      prints how many operations passed and how many had to wait
 *
 * The model counts in billionths of a token, in 128 bits, so that it rounds nothing. The bucket must agree with it on each operation, a wait
 * must be long enough and not one token's time too long, and over any stretch no more may pass than rate and burst allow.
 */
#include "../rate.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>

__extension__ typedef __int128 wide;

static void require(bool good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static uint64_t some_size(uint64_t max) {
    uint64_t number = random_next() >> random_below(64);
    return random_below(20) == 0 ? max : 1 + number % max;
}

struct model {
    struct rate limit;
    wide tokens; /* in billionths */
    uint64_t time;
};

static void model_fill(struct model *model, uint64_t now) {
    wide full = (wide)model->limit.burst * RATE_NS_PER_SEC;
    model->tokens += (wide)(now - model->time) * model->limit.rate;
    if (model->tokens > full)
        model->tokens = full;
    model->time = now;
}

static bool model_may(const struct model *model) {
    return model->tokens >= (wide)RATE_NS_PER_SEC;
}

static void one_bucket(unsigned operations, unsigned long *passed, unsigned long *waited) {
    struct rate limit = {.rate = some_size(RATE_MAX), .burst = some_size(BURST_MAX)};
    uint64_t now = random_next() >> (random_below(40) + 2);
    uint64_t start = now;
    struct bucket bucket = bucket_full(limit, now);
    struct model model = {.limit = limit, .tokens = (wide)limit.burst * RATE_NS_PER_SEC, .time = now};
    wide total = 0;
    uint64_t largest = 0;
    for (unsigned i = 0; i < operations; i++) {
        uint64_t cost = random_below(3) ? some_size(limit.burst) : some_size(COST_MAX);
        if (random_below(3))
            now += random_next() >> (random_below(44) + 20);
        uint64_t wait = bucket_wait(&bucket, now);
        model_fill(&model, now);
        require((wait == 0) == model_may(&model), "bucket and model disagree");
        if (wait == RATE_FOREVER || now > UINT64_MAX - 2 * RATE_FOREVER)
            break;
        if (wait > 0) {
            (*waited)++;
            struct model early = model;
            uint64_t token_time = RATE_NS_PER_SEC / limit.rate + 1;
            if (wait > token_time) {
                model_fill(&early, now + wait - token_time - 1);
                require(!model_may(&early), "the wait is too long");
            }
            now += wait;
            require(bucket_wait(&bucket, now) == 0, "the wait is too short");
            model_fill(&model, now);
        }
        bucket_take(&bucket, cost);
        model.tokens -= (wide)cost * RATE_NS_PER_SEC;
        total += cost;
        largest = cost > largest ? cost : largest;
        (*passed)++;
        require(total * RATE_NS_PER_SEC <= ((wide)limit.burst + largest) * RATE_NS_PER_SEC + (wide)(now - start) * limit.rate, "too much has passed");
    }
    require(bucket_wait(&bucket, 0) == bucket_wait(&bucket, now), "a clock that runs backwards gives tokens");
}

int main(int argc, char *argv[]) {
    if (argc != 3)
        return 64;
    random_seed(argv[1]);
    unsigned long rounds = strtoul(argv[2], NULL, 10);
    unsigned long passed = 0, waited = 0;
    for (unsigned long i = 0; i < rounds; i++)
        one_bucket((unsigned)random_below(50), &passed, &waited);
    /* Without a limit everything passes. */
    struct limiter none = {.bytes = {.limit = {.rate = 0}}};
    limiter_take(&none, UINT64_MAX);
    require(limiter_wait(&none, 0) == 0 && limiter_wait(&none, UINT64_MAX) == 0 && !limiter_limits(&none), "a limit where there is none");
    printf("%lu passed, %lu waited\n", passed, waited);
    return 0;
}
