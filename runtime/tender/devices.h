/* The devices of one guest: what the image declares, matched with what the command line gives, and attached. */
#ifndef KITTIWAKE_DEVICES_H
#define KITTIWAKE_DEVICES_H

#include "image.h"
#include "options.h"

/* By handle, the index in the manifest; -1 where there is no descriptor. */
struct devices {
    int fd[MFT_MAX_ENTRIES];
    bool read_only[MFT_MAX_ENTRIES]; /* a block device the guest may not write to */
    bool ends[MFT_MAX_ENTRIES];      /* a network device whose other end may go away and leave it readable */
};

/* Checks that exactly the declared devices are given. Opens nothing. Returns 0, or -1 with `why`. */
int devices_match(const struct options *options, const struct image *image, struct refusal *why);

/* Attaches the devices and completes the image's manifest with what the guest is told. Returns 0, or -1 with `why`. */
int devices_attach(const struct options *options, struct image *image, struct devices *devices, struct refusal *why);

/* Lists the handles of the attached devices of `type` in `handles`; returns how many there are. */
unsigned devices_of(const struct devices *devices, const struct mft *manifest, uint32_t type, unsigned handles[MAX_DEVICES]);

#endif
