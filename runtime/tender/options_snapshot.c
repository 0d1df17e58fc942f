/* The options about snapshots: --snapshot=, --snapshot-exit, --restore=. See options.h. */
#include "options.h"

#include <string.h>

int parse_snapshot_option(const char *word, struct options *options, struct refusal *why) {
    if (strcmp(word, "--snapshot-exit") == 0) {
        options->snapshot_exit = true;
        return 0;
    }
    int other = option_path(word, "--snapshot", "--snapshot=FILE", &options->snapshot, why);
    return other <= 0 ? other : option_path(word, "--restore", "--restore=FILE", &options->restore, why);
}
