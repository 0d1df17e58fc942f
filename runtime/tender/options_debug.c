/* The options about debugging and a guest that fails: --gdb, --gdb-port=, --dumpcore=, --crash=. See options.h. */
#include "errors.h"
#include "options.h"

#include <string.h>
#include <sys/un.h>

#define GDB_PORT_DEFAULT 1234

static int parse_port(const char *word, const char *text, struct options *options, struct refusal *why) {
    uint64_t port;
    if (!parse_number(text, 1, UINT16_MAX, &port))
        return fail(why, E_GDB_PORT, word);
    options->gdb_port = (uint16_t)port;
    return 0;
}

/* `rest` is what follows "--gdb". A port without "--gdb" asks for gdb, too. */
static int parse_gdb(const char *word, const char *rest, const struct limits *limits, struct options *options, struct refusal *why) {
    if (!limits->has_debugger)
        return fail(why, E_GDB_SPT, word, limits->program, limits->program);
    const char *path = option_rest(rest, "=unix:");
    const char *port = option_rest(rest, "-port=");
    if (options->gdb_port == 0)
        options->gdb_port = GDB_PORT_DEFAULT;
    options->gdb = true;
    if (port != NULL)
        return parse_port(word, port, options, why);
    if (rest[0] == '\0')
        return 0;
    if (path == NULL || path[0] == '\0')
        return fail(why, E_GDB_FORM, word);
    if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
        return fail(why, E_GDB_LONG, word, (int)sizeof((struct sockaddr_un *)0)->sun_path - 1);
    if (options->gdb_path != NULL)
        return fail(why, E_OPTION_AGAIN, word);
    options->gdb_path = path;
    return 0;
}

int parse_debug_option(const char *word, const struct limits *limits, struct options *options, struct refusal *why) {
    const char *rest = option_rest(word, "--gdb");
    if (rest != NULL)
        return parse_gdb(word, rest, limits, options, why);
    if ((rest = option_rest(word, "--dumpcore")) != NULL && !limits->has_debugger)
        return fail(why, E_DUMPCORE_SPT, word, limits->program);
    int other = option_path(word, "--dumpcore", "--dumpcore=DIR", &options->dumpcore, why);
    return other <= 0 ? other : option_path(word, "--crash", "--crash=FILE", &options->crash, why);
}
