/* The image as an ELF executable: header, segments, and the program headers for whoever reads notes. */
#ifndef KITTIWAKE_EXECUTABLE_H
#define KITTIWAKE_EXECUTABLE_H

#include "image.h"

#include <elf.h>

struct program_headers {
    unsigned count;
    Elf64_Phdr at[IMAGE_MAX_HEADERS];
};

/* Checks the ELF header, sets image->entry, reads the program headers. Returns 0, or -1 with `why`. */
int executable_read(const struct target *target, struct image *image, struct program_headers *headers,
                    struct refusal *why);

/* Checks the loadable segments and lists them in `image`. Returns 0, or -1 with `why`. */
int executable_segments(const struct program_headers *headers, struct image *image, struct refusal *why);

#endif
