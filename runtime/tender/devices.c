/* Declared against given, and attaching. See devices.h. */
#include "devices.h"

#include "block.h"
#include "errors.h"
#include "inherited.h"
#include "manifest.h"
#include "tap.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* Two lists of 63 names with what stands around them. */
#define LIST_SIZE 8192

static void append(char list[LIST_SIZE], const char *separator, const char *before, const char *name, const char *after) {
    size_t used = strlen(list);
    const char *parts[] = {used > 0 ? separator : "", before, name, after};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t length = strlen(parts[i]);
        if (used + length >= LIST_SIZE)
            return;
        memcpy(list + used, parts[i], length + 1);
        used += length;
    }
}

static const struct net_option *net_option(const struct options *options, const char *name) {
    for (unsigned i = 0; i < options->net_count; i++)
        if (strcmp(options->net[i].name, name) == 0)
            return &options->net[i];
    return NULL;
}

static const struct block_option *block_option(const struct options *options, const char *name) {
    for (unsigned i = 0; i < options->block_count; i++)
        if (strcmp(options->block[i].name, name) == 0)
            return &options->block[i];
    return NULL;
}

static bool declares(const struct image *image, uint32_t type, const char *name) {
    unsigned handle = manifest_find(&image->manifest, name);
    return handle != 0 && image->manifest.e[handle].type == type;
}

static int refuse_undeclared(uint32_t type, const char *name, const struct image *image, struct refusal *why) {
    bool net = type == MFT_NET_BASIC;
    char declared[LIST_SIZE] = "";
    for (unsigned handle = 1; handle < image->manifest.entries; handle++)
        if (image->manifest.e[handle].type == type)
            append(declared, ", ", "'", image->manifest.e[handle].name, "'");
    if (declared[0] == '\0')
        append(declared, "", "no ", net ? "network" : "block", " device");
    return fail(why, E_DEVICE_UNDECLARED, net ? "net" : "block", name, image_called(image), declared);
}

static bool is_missing(const struct options *options, const struct mft_entry *entry) {
    const struct net_option *net = net_option(options, entry->name);
    const struct block_option *block = block_option(options, entry->name);
    return (entry->type == MFT_NET_BASIC && (net == NULL || net->tap[0] == '\0')) ||
           (entry->type == MFT_BLOCK_BASIC && (block == NULL || block->path == NULL));
}

static int refuse_missing(const struct options *options, const struct image *image, struct refusal *why) {
    char missing[LIST_SIZE] = "";
    char remedy[LIST_SIZE] = "";
    for (unsigned handle = 1; handle < image->manifest.entries; handle++) {
        const struct mft_entry *entry = &image->manifest.e[handle];
        bool net = entry->type == MFT_NET_BASIC;
        if (!is_missing(options, entry))
            continue;
        append(missing, ", ", net ? "net " : "block ", entry->name, "");
        append(remedy, " ", net ? "--net:" : "--block:", entry->name, net ? "=TAP" : "=FILE");
    }
    return fail(why, E_DEVICE_MISSING, missing, image_called(image), remedy);
}

int devices_match(const struct options *options, const struct image *image, struct refusal *why) {
    for (unsigned i = 0; i < options->net_count; i++)
        if (!declares(image, MFT_NET_BASIC, options->net[i].name))
            return refuse_undeclared(MFT_NET_BASIC, options->net[i].name, image, why);
    for (unsigned i = 0; i < options->block_count; i++)
        if (!declares(image, MFT_BLOCK_BASIC, options->block[i].name))
            return refuse_undeclared(MFT_BLOCK_BASIC, options->block[i].name, image, why);
    for (unsigned handle = 1; handle < image->manifest.entries; handle++)
        if (is_missing(options, &image->manifest.e[handle]))
            return refuse_missing(options, image, why);
    return 0;
}

/* The address given, else the one built into the image, else a random one of the local kind. */
static int choose_mac(const struct net_option *option, const char *image, struct mft_entry *entry, struct refusal *why) {
    static const uint8_t zero[6];
    uint8_t *mac = entry->u.net.mac;
    if (option->has_mac) {
        memcpy(mac, option->mac, sizeof option->mac);
    } else if (memcmp(mac, zero, sizeof zero) == 0) {
        if (getrandom(mac, sizeof zero, 0) != sizeof zero)
            return fail(why, E_HOST, "random MAC address", strerror(errno), "give one with '--net-mac'");
        mac[0] = (uint8_t)((mac[0] & 0xfe) | 0x02); /* unicast, locally administered: IEEE 802-2014, 8.2.2 */
    } else if (mac[0] & 1) {
        return fail(why, E_MAC_MFT, entry->name, image, entry->name);
    }
    return 0;
}

static int attach_net(const struct net_option *option, const struct image *image, struct mft_entry *entry, bool *ends, struct refusal *why) {
    if (choose_mac(option, image->file.name, entry, why) != 0)
        return -1;
    bool offload = (image->features & FEATURE_NET_OFFLOAD) != 0;
    int fd = option->fd;
    if (fd != 0) {
        struct inherited_net found = {.offload = offload};
        if (inherited_net(option, image, &found, why) != 0)
            return -1;
        entry->u.net.mtu = found.mtu;
        offload = found.offload;
        *ends = found.ends;
    } else if (option->mtu != 0) {
        return fail(why, E_MTU_TAP, option->name, option->tap, option->tap, option->mtu);
    } else {
        fd = tap_attach(entry->name, option->tap, &entry->u.net.mtu, &offload, why);
    }
    entry->features = offload ? FEATURE_NET_OFFLOAD : 0;
    return fd;
}

static int attach_block(const struct block_option *option, struct mft_entry *entry, bool *read_only, struct refusal *why) {
    memset(&entry->u, 0, sizeof entry->u);
    return block_attach(option, &entry->u.block.capacity, &entry->u.block.block_size, read_only, why);
}

int devices_attach(const struct options *options, struct image *image, struct devices *devices, struct refusal *why) {
    memset(devices->fd, -1, sizeof devices->fd);
    for (unsigned handle = 1; handle < image->manifest.entries; handle++) {
        struct mft_entry *entry = &image->manifest.e[handle];
        int *fd = &devices->fd[handle];
        entry->features = 0; /* whatever the image's file says */
        if (entry->type == MFT_NET_BASIC)
            *fd = attach_net(net_option(options, entry->name), image, entry, &devices->ends[handle], why);
        else if (entry->type == MFT_BLOCK_BASIC)
            *fd = attach_block(block_option(options, entry->name), entry, &devices->read_only[handle], why);
        else
            continue;
        if (*fd < 0)
            return -1;
        entry->attached = 1;
    }
    return 0;
}

unsigned devices_of(const struct devices *devices, const struct mft *manifest, uint32_t type, unsigned handles[MAX_DEVICES]) {
    unsigned count = 0;
    for (unsigned handle = 1; handle < manifest->entries; handle++)
        if (manifest->e[handle].type == type && devices->fd[handle] >= 0)
            handles[count++] = handle;
    return count;
}
