/* The options about a guest that fails: --crash=. See options.h. */
#include "errors.h"
#include "options.h"

#include <string.h>

/* Takes "--NAME=PATH". Returns 0, -1 with `why`, or 1: it is another one. */
static int parse_path(const char *word, const char *name, const char *form, const char **path, struct refusal *why) {
    const char *rest = option_rest(word, name);
    if (rest == NULL || (*rest != '=' && *rest != '\0'))
        return 1;
    if (rest[0] == '\0' || rest[1] == '\0')
        return fail(why, E_OPTION_VALUE, word, form);
    if (*path != NULL)
        return fail(why, E_OPTION_AGAIN, word);
    *path = rest + 1;
    return 0;
}

int parse_debug_option(const char *word, struct options *options, struct refusal *why) {
    return parse_path(word, "--crash", "--crash=FILE", &options->crash, why);
}
