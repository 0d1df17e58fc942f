/* Declared against given, and attaching. See devices.h. */
#include "devices.h"

#include "errors.h"
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

static const struct net_option *find_option(const struct options *options, const char *name) {
    for (unsigned i = 0; i < options->net_count; i++)
        if (strcmp(options->net[i].name, name) == 0)
            return &options->net[i];
    return NULL;
}

static int refuse_undeclared(const struct net_option *option, const struct image *image, struct refusal *why) {
    char declared[LIST_SIZE] = "";
    for (unsigned handle = 1; handle < image->manifest.entries; handle++)
        if (image->manifest.e[handle].type == MFT_NET_BASIC)
            append(declared, ", ", "'", image->manifest.e[handle].name, "'");
    return fail(why, E_DEVICE_UNDECLARED, option->name, image_called(image), declared[0] != '\0' ? declared : "no network device");
}

int devices_match(const struct options *options, const struct image *image, struct refusal *why) {
    const struct mft *manifest = &image->manifest;
    char missing[LIST_SIZE] = "";
    char remedy[LIST_SIZE] = "";
    for (unsigned handle = 1; handle < manifest->entries; handle++) {
        const struct mft_entry *entry = &manifest->e[handle];
        if (entry->type == MFT_BLOCK_BASIC)
            return fail(why, E_BLOCK, entry->name, image_called(image));
        if (entry->type != MFT_NET_BASIC)
            continue;
        const struct net_option *option = find_option(options, entry->name);
        if (option != NULL && option->tap[0] != '\0')
            continue;
        append(missing, ", ", "net ", entry->name, "");
        append(remedy, " ", "--net:", entry->name, "=TAP");
    }
    for (unsigned i = 0; i < options->net_count; i++)
        if (manifest_find(manifest, options->net[i].name) == 0)
            return refuse_undeclared(&options->net[i], image, why);
    if (missing[0] != '\0')
        return fail(why, E_DEVICE_MISSING, missing, image_called(image), remedy);
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

int devices_attach(const struct options *options, struct image *image, struct devices *devices, struct refusal *why) {
    memset(devices->fd, -1, sizeof devices->fd);
    for (unsigned handle = 1; handle < image->manifest.entries; handle++) {
        struct mft_entry *entry = &image->manifest.e[handle];
        if (entry->type != MFT_NET_BASIC)
            continue;
        const struct net_option *option = find_option(options, entry->name);
        if (choose_mac(option, image->file.name, entry, why) != 0)
            return -1;
        int fd = tap_attach(entry->name, option->tap, &entry->u.net.mtu, why);
        if (fd < 0)
            return -1;
        devices->fd[handle] = fd;
        entry->attached = 1;
    }
    return 0;
}

unsigned devices_net(const struct devices *devices, const struct mft *manifest, unsigned handles[MAX_DEVICES]) {
    unsigned count = 0;
    for (unsigned handle = 1; handle < manifest->entries; handle++)
        if (manifest->e[handle].type == MFT_NET_BASIC && devices->fd[handle] >= 0)
            handles[count++] = handle;
    return count;
}
