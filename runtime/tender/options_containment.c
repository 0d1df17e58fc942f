/* The options about containing and ending the guest: --stop-timeout. See options.h. */
#include "errors.h"
#include "options.h"

#define STOP_TIMEOUT_MAX 3600u

/* Decimal digits and nothing else, at most `max`. */
static bool parse_number(const char *text, unsigned max, unsigned *number) {
    uint64_t value = 0;
    const char *c = text;
    for (; *c >= '0' && *c <= '9' && value <= max; c++)
        value = value * 10 + (uint64_t)(*c - '0');
    *number = (unsigned)value;
    return c != text && *c == '\0' && value <= max;
}

int parse_containment_option(const char *word, struct options *options, struct refusal *why) {
    const char *rest;
    if ((rest = option_rest(word, "--stop-timeout=")) != NULL)
        return parse_number(rest, STOP_TIMEOUT_MAX, &options->stop_timeout) ? 0 : fail(why, E_STOP_TIMEOUT, word, STOP_TIMEOUT_MAX);
    return 1;
}
