/* The options about containing and ending the guest: --stop-timeout, --uid, --gid, --chroot, --show-sandbox. See options.h. */
#include "errors.h"
#include "options.h"

#include <string.h>

#define STOP_TIMEOUT_MAX 3600u
#define ID_MAX 4294967294u /* the number above it means "as it is" to the kernel */

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
    if ((rest = option_rest(word, "--uid=")) != NULL) {
        options->has_uid = true;
        return parse_number(rest, ID_MAX, &options->uid) ? 0 : fail(why, E_ID, word, "--uid=1000");
    }
    if ((rest = option_rest(word, "--gid=")) != NULL) {
        options->has_gid = true;
        return parse_number(rest, ID_MAX, &options->gid) ? 0 : fail(why, E_ID, word, "--gid=1000");
    }
    if ((rest = option_rest(word, "--chroot=")) != NULL) {
        options->chroot = rest;
        return *rest != '\0' ? 0 : fail(why, E_OPTION_VALUE, word, "--chroot=/var/empty");
    }
    if (strcmp(word, "--show-sandbox") == 0) {
        options->show_sandbox = true;
        return 0;
    }
    return 1;
}
