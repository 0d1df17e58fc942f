/* The command line. See options.h. */
#include "options.h"

#include "errors.h"

#include <string.h>
#include <unistd.h>

#define DEFAULT_MEMORY_MIB 512
#define DEFAULT_STOP_TIMEOUT 5

int option_descriptor(const char *word, const char *text, const char *form, struct options *options, struct refusal *why) {
    uint64_t number;
    if (!parse_number(text, STDERR_FILENO + 1, INT32_MAX, &number))
        return fail(why, E_DESCRIPTOR, word, form);
    int fd = (int)number;
    for (unsigned i = 0; i < options->descriptor_count; i++)
        if (options->descriptor[i] == fd)
            return fail(why, E_DESCRIPTOR_TWICE, word, fd);
    if (options->descriptor_count == MAX_DESCRIPTORS)
        return fail(why, E_OPTIONS_MANY, word, MAX_DEVICES);
    options->descriptor[options->descriptor_count++] = fd;
    return fd;
}

int option_value(const char *word, const char *name, const char *form, const char **value, struct refusal *why) {
    const char *rest = option_rest(word, name);
    if (rest == NULL || (*rest != '=' && *rest != '\0'))
        return 1;
    if (rest[0] == '\0' || rest[1] == '\0')
        return fail(why, E_OPTION_VALUE, word, form);
    *value = rest + 1;
    return 0;
}

int option_path(const char *word, const char *name, const char *form, const char **path, struct refusal *why) {
    const char *before = *path;
    int other = option_value(word, name, form, path, why);
    return other == 0 && before != NULL ? fail(why, E_OPTION_AGAIN, word) : other;
}

static int parse_memory(const char *value, const struct limits *limits, struct options *options, struct refusal *why) {
    uint64_t number;
    const char *unit = take_number(value, &number);
    if (unit == NULL || (strcmp(unit, "") != 0 && strcmp(unit, "M") != 0 && strcmp(unit, "G") != 0))
        return fail(why, E_MEM_MALFORMED, value);
    if ((*unit == 'G' && __builtin_mul_overflow(number, 1024, &number)) || number == 0 || number > limits->max_memory_mib)
        return fail(why, E_MEM_RANGE, value, (unsigned long long)limits->max_memory_mib);
    options->memory_mib = number;
    options->has_memory = true;
    return 0;
}

static int parse_ring(const char *word, const struct limits *limits, struct options *options, struct refusal *why) {
    if (!limits->has_ring)
        return fail(why, E_RING_TENDER, word);
    if (options->net_ring != RING_AUTO)
        return fail(why, E_RING_TWICE, word);
    options->net_ring = strcmp(word, "--net-ring") == 0 ? RING_ON : RING_OFF;
    return 0;
}

static int parse_option(const char *word, const struct limits *limits, struct options *options, struct refusal *why) {
    const char *rest;
    if (strcmp(word, "--help") == 0)
        options->action = ACTION_HELP;
    else if (strcmp(word, "--version") == 0)
        options->action = ACTION_VERSION;
    else if (limits->has_probe && strcmp(word, "--probe-kvm") == 0)
        options->action = ACTION_PROBE;
    else if (strcmp(word, "--sysexits") == 0)
        options->sysexits = true;
    else if (strcmp(word, "--net-ring") == 0 || strcmp(word, "--no-net-ring") == 0)
        return parse_ring(word, limits, options, why);
    else if (strcmp(word, "--x-exec-heap") == 0 && !limits->has_exec_heap)
        return fail(why, E_EXEC_HEAP, word);
    else if (strcmp(word, "--x-exec-heap") == 0)
        options->exec_heap = true;
    else if ((rest = option_rest(word, "--mem=")) != NULL)
        return parse_memory(rest, limits, options, why);
    else if (strcmp(word, "--mem") == 0)
        return fail(why, E_OPTION_VALUE, word, "--mem=64");
    else {
        int other = parse_debug_option(word, limits, options, why);
        if (other > 0)
            other = parse_containment_option(word, options, why);
        if (other > 0)
            other = parse_observe_option(word, options, why);
        if (other > 0)
            other = parse_snapshot_option(word, options, why);
        return other <= 0 ? other : parse_device_option(word, options, why);
    }
    return 0;
}

static int join_arguments(int argc, char *const argv[], char cmdline[CMDLINE_SIZE], struct refusal *why) {
    size_t used = 0;
    for (int i = 0; i < argc; i++) {
        size_t length = strlen(argv[i]);
        size_t space = i > 0 ? 1 : 0;
        if (used + space + length < CMDLINE_SIZE) {
            if (space)
                cmdline[used] = ' ';
            memcpy(cmdline + used + space, argv[i], length);
        }
        used += space + length;
    }
    if (used >= CMDLINE_SIZE)
        return fail(why, E_CMDLINE_LONG, used, CMDLINE_SIZE - 1);
    cmdline[used] = '\0';
    return 0;
}

int options_parse(int argc, char *const argv[], const struct limits *limits, struct options *options,
                  struct refusal *why) {
    options->action = ACTION_RUN;
    options->memory_mib = DEFAULT_MEMORY_MIB;
    options->stop_timeout = DEFAULT_STOP_TIMEOUT;
    int first = 1; /* the first word that is no option */
    while (first < argc && argv[first][0] == '-' && strcmp(argv[first], "--") != 0) {
        /* Decides how the refusals of all the others exit, so it counts wherever it stands. */
        if (strcmp(argv[first], "--sysexits") == 0)
            options->sysexits = true;
        first++;
    }
    for (int i = 1; i < first; i++)
        if (parse_option(argv[i], limits, options, why) != 0)
            return -1;
    if (options->action != ACTION_RUN)
        return 0;
    if (options->snapshot_exit && options->snapshot == NULL)
        return fail(why, E_SNAPSHOT_EXIT);
    bool marked = first < argc && strcmp(argv[first], "--") == 0;
    if (marked)
        first++;
    if (options->restore != NULL) {
        options->image = options->restore;
        options->has_arguments = marked;
        if (first < argc && !marked)
            return fail(why, E_RESTORE_IMAGE, argv[first]);
        return join_arguments(argc - first, argv + first, options->cmdline, why);
    }
    if (first >= argc)
        return fail(why, E_NO_IMAGE, limits->program, limits->target);
    options->image = argv[first];
    return join_arguments(argc - first - 1, argv + first + 1, options->cmdline, why);
}
