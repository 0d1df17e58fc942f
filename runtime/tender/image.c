/* Parsing an image: executable, ABI note, manifest, segments; in the order that names the real cause first. */
#include "image.h"

#include "errors.h"
#include "manifest.h"
#include "notes.h"

#include <string.h>

static const struct note_kind ABI_NOTE = {
    .name = "ABI",
    .owner = NOTE_NAME,
    .type = NOTE_ABI_TYPE,
    .alignment = 4,
    .min_size = sizeof(struct note_abi),
    .max_descsz = 32,
};

/* max_descsz: 4 bytes of padding, then the largest manifest. */
static const struct note_kind MFT_NOTE = {
    .name = "manifest",
    .owner = NOTE_NAME,
    .type = NOTE_MFT_TYPE,
    .alignment = 8,
    .min_size = offsetof(struct mft, e),
    .max_descsz = 4 + sizeof(struct mft),
};

static const struct note_kind FEATURES_NOTE = {
    .name = "features",
    .owner = NOTE_OWN_NAME,
    .type = NOTE_FEATURES_TYPE,
    .alignment = 4,
    .min_size = sizeof(uint32_t),
    .max_descsz = 32,
};

static int check_target(const struct note_abi *abi, const struct target *target, const char *name, struct refusal *why) {
    static const char *const names[] = {
        [ABI_HVT] = "hvt",   [ABI_SPT] = "spt",       [ABI_VIRTIO] = "virtio",
        [ABI_MUEN] = "muen", [ABI_GENODE] = "genode", [ABI_XEN] = "xen",
    };
    if (abi->target == target->abi) {
        if (abi->version != ABI_VERSION)
            return fail(why, E_ABI_VERSION, name, abi->version, target->name, ABI_VERSION);
        return 0;
    }
    if (abi->target == ABI_HVT || abi->target == ABI_SPT)
        return fail(why, E_ABI_OTHER_TENDER, name, names[abi->target], target->name, names[abi->target]);
    if (abi->target > ABI_SPT && abi->target <= ABI_XEN)
        return fail(why, E_ABI_OTHER_TARGET, name, names[abi->target], target->name, target->name);
    return fail(why, E_ABI_UNKNOWN, name, abi->target, target->name, target->name);
}

const char *image_called(const struct image *image) {
    const char *slash = strrchr(image->file.name, '/');
    return slash != NULL ? slash + 1 : image->file.name;
}

int image_parse(const struct file *file, const struct target *target, struct image *image, struct refusal *why) {
    struct program_headers headers;
    image->file = *file;
    image->target = target->abi;
    if (executable_read(target, image, &headers, why) != 0)
        return -1;

    union {
        struct note_abi abi;
        uint32_t features;
        uint8_t bytes[32];
    } note;
    uint32_t size;
    if (note_read(&ABI_NOTE, &headers, file, &note, &size, why) != 0)
        return -1;
    if (size == 0)
        return fail(why, E_ABI_MISSING, file->name);
    if (check_target(&note.abi, target, file->name, why) != 0)
        return -1;

    if (note_read(&MFT_NOTE, &headers, file, &image->manifest, &size, why) != 0)
        return -1;
    if (size == 0)
        return fail(why, E_MFT_MISSING, file->name);
    if (manifest_check(&image->manifest, size, file->name, why) != 0)
        return -1;

    if (note_read(&FEATURES_NOTE, &headers, file, &note, &size, why) != 0)
        return -1;
    image->features = size == 0 ? 0 : note.features;

    return executable_segments(&headers, image, why);
}
