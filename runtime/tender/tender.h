/*
 * What both tenders do, in the order that takes the least privilege at each step:
 *
 *   command line -> image (or snapshot), checked -> devices, matched then attached -> the tender's own part, which ends the guest
 */
#ifndef KITTIWAKE_TENDER_H
#define KITTIWAKE_TENDER_H

#include "devices.h"
#include "image.h"
#include "options.h"
#include "snapshot.h"

/* Everything about the guest that is to run. */
struct guest {
    struct options options;
    struct image image;
    struct devices devices;
    struct snapshot snapshot; /* with --restore what it goes on from; with --snapshot what is written next */
};

/* A tender: what it is, and what it does with a guest whose devices are attached. */
struct tender {
    struct limits limits;
    struct target target;
    /* Runs the guest to its end. Returns its exit status, 0 to 255, or -1 with `why`. */
    int (*run)(struct guest *guest, struct refusal *why);
    /* Says on standard output what KVM is good for, and returns the exit status; NULL where KVM is of no interest. */
    int (*probe)(void);
};

/* The whole of main(). Returns the process's exit status. */
int tender_main(const struct tender *tender, int argc, char *argv[]);

#endif
