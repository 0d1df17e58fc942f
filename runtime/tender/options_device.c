/* The options about devices: --net:, --net-mac:, --net-mtu:, --block:, --block-ro:, --block-sector-size:. See options.h. */
#include "errors.h"
#include "manifest.h"
#include "options.h"

#include <string.h>

/* RFC 791, 3.2, and what a tap takes at most (the kernel's MAX_TAP_MTU). */
#define MTU_MIN 68
#define MTU_MAX 65521
#define SECTOR_MIN 512
#define SECTOR_MAX 32768

/* Splits "NAME=VALUE"; `form` is how the option is written. Returns 0, or -1 with `why`. */
static int split(const char *word, const char *assignment, const char *form, char name[MFT_NAME_SIZE], const char **value,
                 struct refusal *why) {
    const char *equals = strchr(assignment, '=');
    size_t length = equals == NULL ? strlen(assignment) : (size_t)(equals - assignment);
    if (length < MFT_NAME_SIZE) {
        memcpy(name, assignment, length);
        name[length] = '\0';
    }
    if (length >= MFT_NAME_SIZE || !device_name_valid(name))
        return fail(why, E_DEVICE_NAME, word, form);
    if (equals == NULL || equals[1] == '\0')
        return fail(why, E_OPTION_VALUE, word, form);
    *value = equals + 1;
    return 0;
}

/* ---- Network devices ---- */

struct net_option *option_net(const char *word, const char *assignment, const char *form, const char **value,
                                    struct options *options, struct refusal *why) {
    char name[MFT_NAME_SIZE];
    if (split(word, assignment, form, name, value, why) != 0)
        return NULL;
    for (unsigned i = 0; i < options->net_count; i++)
        if (strcmp(options->net[i].name, name) == 0)
            return &options->net[i];
    if (options->net_count == MAX_DEVICES) {
        fail(why, E_OPTIONS_MANY, word, MAX_DEVICES);
        return NULL;
    }
    struct net_option *entry = &options->net[options->net_count++];
    *entry = (struct net_option){.has_mac = false};
    memcpy(entry->name, name, sizeof name);
    return entry;
}

static int parse_net(const char *word, const char *assignment, struct options *options, struct refusal *why) {
    const char *tap;
    struct net_option *entry = option_net(word, assignment, "--net:NAME=TAP", &tap, options, why);
    if (entry == NULL)
        return -1;
    if (entry->tap[0] != '\0')
        return fail(why, E_OPTION_TWICE, word, entry->name);
    if (tap[0] == '@') {
        entry->fd = option_descriptor(word, tap + 1, "--net:NAME=@3", options, why);
        if (entry->fd < 0)
            return -1;
    }
    /* The kernel's own rule for interface names (dev_valid_name). */
    if (strlen(tap) >= IFNAMSIZ || strpbrk(tap, "/: \t\n\v\f\r") != NULL || strcmp(tap, ".") == 0 || strcmp(tap, "..") == 0)
        return fail(why, E_TAP_NAME, word);
    memcpy(entry->tap, tap, strlen(tap) + 1);
    return 0;
}

static int parse_net_mtu(const char *word, const char *assignment, struct options *options, struct refusal *why) {
    const char *value;
    struct net_option *entry = option_net(word, assignment, "--net-mtu:NAME=1500", &value, options, why);
    if (entry == NULL)
        return -1;
    if (entry->mtu != 0)
        return fail(why, E_OPTION_TWICE, word, entry->name);
    uint64_t mtu;
    if (!parse_number(value, MTU_MIN, MTU_MAX, &mtu))
        return fail(why, E_MTU, word, MTU_MIN, MTU_MAX);
    entry->mtu = (uint16_t)mtu;
    return 0;
}

static int parse_net_mac(const char *word, const char *assignment, struct options *options, struct refusal *why) {
    static const uint8_t zero[6];
    const char *value;
    struct net_option *entry = option_net(word, assignment, "--net-mac:NAME=MAC", &value, options, why);
    if (entry == NULL)
        return -1;
    if (entry->has_mac)
        return fail(why, E_OPTION_TWICE, word, entry->name);
    if (!parse_mac(value, entry->mac))
        return fail(why, E_MAC_MALFORMED, word);
    if (entry->mac[0] & 1) /* IEEE 802-2014, 8.2.2: the individual/group bit */
        return fail(why, E_MAC_MULTICAST, word);
    if (memcmp(entry->mac, zero, sizeof zero) == 0)
        return fail(why, E_MAC_ZERO, word);
    entry->has_mac = true;
    return 0;
}

/* ---- Block devices ---- */

struct block_option *option_block(const char *word, const char *assignment, const char *form, const char **value,
                                        struct options *options, struct refusal *why) {
    char name[MFT_NAME_SIZE];
    if (split(word, assignment, form, name, value, why) != 0)
        return NULL;
    for (unsigned i = 0; i < options->block_count; i++)
        if (strcmp(options->block[i].name, name) == 0)
            return &options->block[i];
    if (options->block_count == MAX_DEVICES) {
        fail(why, E_OPTIONS_MANY, word, MAX_DEVICES);
        return NULL;
    }
    struct block_option *entry = &options->block[options->block_count++];
    *entry = (struct block_option){.path = NULL};
    memcpy(entry->name, name, sizeof name);
    return entry;
}

/* The path is all that follows "=", whatever characters it is made of; with a '@' before it it is a descriptor's number. */
static int parse_block(const char *word, const char *assignment, bool read_only, struct options *options, struct refusal *why) {
    const char *path;
    const char *form = read_only ? "--block-ro:NAME=PATH" : "--block:NAME=PATH";
    struct block_option *entry = option_block(word, assignment, form, &path, options, why);
    if (entry == NULL)
        return -1;
    if (entry->path != NULL)
        return fail(why, E_OPTION_TWICE, word, entry->name);
    if (path[0] == '@') {
        entry->fd = option_descriptor(word, path + 1, "--block:NAME=@3' with '3<>FILE', and a path as './@FILE", options, why);
        if (entry->fd < 0)
            return -1;
    }
    entry->path = path;
    entry->read_only = read_only;
    return 0;
}

static int parse_block_sector(const char *word, const char *assignment, struct options *options, struct refusal *why) {
    const char *value;
    struct block_option *entry = option_block(word, assignment, "--block-sector-size:NAME=4096", &value, options, why);
    if (entry == NULL)
        return -1;
    if (entry->sector != 0)
        return fail(why, E_OPTION_TWICE, word, entry->name);
    uint64_t sector;
    if (!parse_number(value, SECTOR_MIN, SECTOR_MAX, &sector) || (sector & (sector - 1)) != 0)
        return fail(why, E_SECTOR_SIZE, word);
    entry->sector = (uint16_t)sector;
    return 0;
}

int parse_device_option(const char *word, struct options *options, struct refusal *why) {
    const char *rest;
    if ((rest = option_rest(word, "--net:")) != NULL)
        return parse_net(word, rest, options, why);
    if ((rest = option_rest(word, "--net-mac:")) != NULL)
        return parse_net_mac(word, rest, options, why);
    if ((rest = option_rest(word, "--net-mtu:")) != NULL)
        return parse_net_mtu(word, rest, options, why);
    if ((rest = option_rest(word, "--block:")) != NULL)
        return parse_block(word, rest, false, options, why);
    if ((rest = option_rest(word, "--block-ro:")) != NULL)
        return parse_block(word, rest, true, options, why);
    if ((rest = option_rest(word, "--block-sector-size:")) != NULL)
        return parse_block_sector(word, rest, options, why);
    return fail(why, E_OPTION_UNKNOWN, word);
}
