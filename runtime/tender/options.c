/* The command line. See options.h. */
#include "options.h"

#include "errors.h"
#include "manifest.h"

#include <string.h>

#define DEFAULT_MEMORY_MIB 512

/* The rest of `word` after `prefix`, or NULL. */
static const char *after(const char *word, const char *prefix) {
    size_t length = strlen(prefix);
    return strncmp(word, prefix, length) == 0 ? word + length : NULL;
}

static int parse_memory(const char *value, const struct limits *limits, struct options *options, struct refusal *why) {
    uint64_t number = 0;
    const char *c = value;
    for (; *c >= '0' && *c <= '9'; c++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*c - '0'), &number))
            number = UINT64_MAX / 2048; /* far beyond any limit, and stays there */
    if (c == value)
        return fail(why, E_MEM_MALFORMED, value);
    if (*c == 'M') {
        c++;
    } else if (*c == 'G') {
        c++;
        if (__builtin_mul_overflow(number, 1024, &number))
            number = UINT64_MAX;
    }
    if (*c != '\0')
        return fail(why, E_MEM_MALFORMED, value);
    if (number == 0 || number > limits->max_memory_mib)
        return fail(why, E_MEM_RANGE, value, (unsigned long long)limits->max_memory_mib);
    options->memory_mib = number;
    return 0;
}

/* Splits "NAME=VALUE" and finds or makes the entry for NAME. Returns NULL with `why` if it cannot. */
static struct net_option *net_entry(const char *word, const char *assignment, const char **value,
                                    struct options *options, struct refusal *why) {
    const char *equals = strchr(assignment, '=');
    char name[MFT_NAME_SIZE];
    size_t length = equals == NULL ? strlen(assignment) : (size_t)(equals - assignment);
    if (length < sizeof name) {
        memcpy(name, assignment, length);
        name[length] = '\0';
    }
    if (length >= sizeof name || !device_name_valid(name)) {
        fail(why, E_DEVICE_NAME, word);
        return NULL;
    }
    if (equals == NULL || equals[1] == '\0') {
        fail(why, E_OPTION_VALUE, word, "--net:NAME=TAP' or '--net-mac:NAME=MAC");
        return NULL;
    }
    *value = equals + 1;
    for (unsigned i = 0; i < options->net_count; i++)
        if (strcmp(options->net[i].name, name) == 0)
            return &options->net[i];
    if (options->net_count == MAX_DEVICES) {
        fail(why, E_OPTIONS_MANY, word, MAX_DEVICES);
        return NULL;
    }
    struct net_option *entry = &options->net[options->net_count++];
    *entry = (struct net_option){.has_mac = false};
    memcpy(entry->name, name, length + 1);
    return entry;
}

static int parse_net(const char *word, const char *assignment, struct options *options, struct refusal *why) {
    const char *tap;
    struct net_option *entry = net_entry(word, assignment, &tap, options, why);
    if (entry == NULL)
        return -1;
    if (entry->tap[0] != '\0')
        return fail(why, E_OPTION_TWICE, word, entry->name);
    /* The kernel's own rule for interface names (dev_valid_name). */
    if (strlen(tap) >= IFNAMSIZ || strpbrk(tap, "/: \t\n\v\f\r") != NULL || strcmp(tap, ".") == 0 || strcmp(tap, "..") == 0)
        return fail(why, E_TAP_NAME, word);
    memcpy(entry->tap, tap, strlen(tap) + 1);
    return 0;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Six bytes of one or two hexadecimal digits with colons between them. */
static bool parse_mac_bytes(const char *text, uint8_t mac[6]) {
    for (int i = 0; i < 6; i++) {
        int high = hex_digit(*text);
        if (high < 0)
            return false;
        text++;
        int low = hex_digit(*text);
        mac[i] = (uint8_t)(low < 0 ? high : high << 4 | low);
        if (low >= 0)
            text++;
        if (*text != (i < 5 ? ':' : '\0'))
            return false;
        text++;
    }
    return true;
}

static int parse_net_mac(const char *word, const char *assignment, struct options *options, struct refusal *why) {
    static const uint8_t zero[6];
    const char *value;
    struct net_option *entry = net_entry(word, assignment, &value, options, why);
    if (entry == NULL)
        return -1;
    if (entry->has_mac)
        return fail(why, E_OPTION_TWICE, word, entry->name);
    if (!parse_mac_bytes(value, entry->mac))
        return fail(why, E_MAC_MALFORMED, word);
    if (entry->mac[0] & 1) /* IEEE 802-2014, 8.2.2: the individual/group bit */
        return fail(why, E_MAC_MULTICAST, word);
    if (memcmp(entry->mac, zero, sizeof zero) == 0)
        return fail(why, E_MAC_ZERO, word);
    entry->has_mac = true;
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
    else if ((rest = after(word, "--mem=")) != NULL)
        return parse_memory(rest, limits, options, why);
    else if (strcmp(word, "--mem") == 0)
        return fail(why, E_OPTION_VALUE, word, "--mem=64");
    else if ((rest = after(word, "--net:")) != NULL)
        return parse_net(word, rest, options, why);
    else if ((rest = after(word, "--net-mac:")) != NULL)
        return parse_net_mac(word, rest, options, why);
    else if (after(word, "--block:") != NULL || after(word, "--block-sector-size:") != NULL)
        return fail(why, E_BLOCK_OPTION, word);
    else
        return fail(why, E_OPTION_UNKNOWN, word);
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
    *options = (struct options){.action = ACTION_RUN, .memory_mib = DEFAULT_MEMORY_MIB};
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
    if (first < argc && strcmp(argv[first], "--") == 0)
        first++;
    if (first >= argc)
        return fail(why, E_NO_IMAGE, limits->program, limits->target);
    options->image = argv[first];
    return join_arguments(argc - first - 1, argv + first + 1, options->cmdline, why);
}
