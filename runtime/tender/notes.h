/* Solo5 notes: finding them among an image's program headers. */
#ifndef KITTIWAKE_NOTES_H
#define KITTIWAKE_NOTES_H

#include "executable.h"

/* A kind of note: its type, where its data is aligned, how large its descriptor may be. */
struct note_kind {
    const char *name;
    const char *owner; /* 8 bytes with their padding */
    uint32_t type;
    uint32_t alignment;
    uint32_t min_size; /* of the data */
    uint32_t max_descsz;
};

/*
 * Reads the data of the first note of `kind` into `data` (room for kind->max_descsz bytes) and its length into `size`;
 * 0 if the image has none. Returns 0, or -1 with `why`.
 */
int note_read(const struct note_kind *kind, const struct program_headers *headers, const struct file *file, void *data,
              uint32_t *size, struct refusal *why);

#endif
