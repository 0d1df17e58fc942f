/*
 * The manifest's checks. Stricter than Solo5's in what no image could be started with anyway: names that no option can
 * name, names declared twice. This also makes names safe to print.
 */
#include "manifest.h"

#include "errors.h"

#include <string.h>

bool device_name_valid(const char *name) {
    size_t length = 0;
    for (; name[length] != '\0'; length++) {
        char c = name[length];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (length >= MFT_NAME_SIZE - 1 || !(letter || (c >= '0' && c <= '9')))
            return false;
    }
    return length > 0;
}

static int check_entry(const struct mft *manifest, unsigned handle, const char *image, struct refusal *why) {
    const struct mft_entry *entry = &manifest->e[handle];
    if (entry->name[MFT_NAME_SIZE - 1] != '\0')
        return fail(why, E_MFT_MALFORMED, image, "a device's name has no end");
    if (entry->attached != 0)
        return fail(why, E_MFT_MALFORMED, image, "a device is marked as attached");
    if (entry->type >= MFT_RESERVED_FIRST)
        return 0;
    if (!device_name_valid(entry->name))
        return fail(why, E_MFT_NAME, image, handle);
    if (manifest_find(manifest, entry->name) != handle)
        return fail(why, E_MFT_TWICE, image, entry->name);
    if (entry->type != MFT_NET_BASIC && entry->type != MFT_BLOCK_BASIC)
        return fail(why, E_MFT_TYPE, image, entry->name, entry->type);
    return 0;
}

int manifest_check(const struct mft *manifest, uint32_t size, const char *image, struct refusal *why) {
    if (manifest->version != MFT_VERSION)
        return fail(why, E_MFT_MALFORMED, image, "its version is not 1");
    if (manifest->entries == 0 || manifest->entries > MFT_MAX_ENTRIES)
        return fail(why, E_MFT_MALFORMED, image, "it has not 1 to 64 entries");
    if (size != MFT_SIZE(manifest->entries))
        return fail(why, E_MFT_MALFORMED, image, "its size does not match its entries");
    if (manifest->e[0].type != MFT_RESERVED_FIRST || manifest->e[0].name[0] != '\0')
        return fail(why, E_MFT_MALFORMED, image, "its first entry is not the reserved one");
    for (unsigned handle = 0; handle < manifest->entries; handle++)
        if (check_entry(manifest, handle, image, why) != 0)
            return -1;
    return 0;
}

unsigned manifest_find(const struct mft *manifest, const char *name) {
    for (unsigned handle = 1; handle < manifest->entries; handle++)
        if (manifest->e[handle].type < MFT_RESERVED_FIRST &&
            strncmp(manifest->e[handle].name, name, MFT_NAME_SIZE) == 0)
            return handle;
    return 0;
}
