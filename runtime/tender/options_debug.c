/* The options about a guest that fails: --crash=. See options.h. */
#include "options.h"

int parse_debug_option(const char *word, struct options *options, struct refusal *why) {
    return option_path(word, "--crash", "--crash=FILE", &options->crash, why);
}
