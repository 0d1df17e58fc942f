/* The options about what is told of a guest that runs: --events=, --stats=. See options.h. */
#include "errors.h"
#include "options.h"

static int parse_events(const char *word, const char *value, struct options *options, struct refusal *why) {
    if (options->events != 0)
        return fail(why, E_OPTION_AGAIN, word);
    int fd = option_descriptor(word, value, "--events=3' with '3>events.json", options, why);
    if (fd < 0)
        return -1;
    options->events = fd;
    return 0;
}

int parse_observe_option(const char *word, struct options *options, struct refusal *why) {
    const char *value;
    int other = option_value(word, "--events", "--events=3", &value, why);
    if (other <= 0)
        return other == 0 ? parse_events(word, value, options, why) : -1;
    return option_path(word, "--stats", "--stats=FILE", &options->stats, why);
}
