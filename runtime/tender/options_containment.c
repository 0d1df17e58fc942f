/* The options about containing and ending the guest: --stop-timeout, --uid, --gid, --chroot, --show-sandbox. See options.h. */
#include "errors.h"
#include "options.h"

#include <string.h>

#define STOP_TIMEOUT_MAX 3600u
#define ID_MAX 4294967294u /* the number above it means "as it is" to the kernel */

/* Returns 0, or -1 where it is no user or group. */
static int parse_id(const char *text, uint32_t *id) {
    uint64_t number;
    if (!parse_number(text, 0, ID_MAX, &number))
        return -1;
    *id = (uint32_t)number;
    return 0;
}

int parse_containment_option(const char *word, struct options *options, struct refusal *why) {
    const char *rest;
    uint64_t seconds;
    if ((rest = option_rest(word, "--stop-timeout=")) != NULL) {
        if (!parse_number(rest, 0, STOP_TIMEOUT_MAX, &seconds))
            return fail(why, E_STOP_TIMEOUT, word, STOP_TIMEOUT_MAX);
        options->stop_timeout = (unsigned)seconds;
        return 0;
    }
    if ((rest = option_rest(word, "--uid=")) != NULL) {
        options->has_uid = true;
        return parse_id(rest, &options->uid) == 0 ? 0 : fail(why, E_ID, word, "--uid=1000");
    }
    if ((rest = option_rest(word, "--gid=")) != NULL) {
        options->has_gid = true;
        return parse_id(rest, &options->gid) == 0 ? 0 : fail(why, E_ID, word, "--gid=1000");
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
