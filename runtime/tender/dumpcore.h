/* --dumpcore=DIR: a core file of a guest that failed, for gdb. Its name and when there is one are as with Solo5's tender. */
#ifndef KITTIWAKE_DUMPCORE_H
#define KITTIWAKE_DUMPCORE_H

#include "fault.h"
#include "hvt.h"

/* Opens the folder and fixes the file's name; call it last before the seal. `path` NULL: none is wanted. Returns 0, or -1 with `why`. */
int dumpcore_open(const char *path, struct refusal *why);

/* What a filter must let through: making that one file, and writing it. Returns 0, or -1. */
int dumpcore_allow(struct rules *rules);

/*
 * Writes the guest's memory and registers, if that is wanted, and says where on standard error. The file's header is written last, and what
 * cannot be written whole is removed, so that no part of a core passes for one.
 */
void dumpcore_write(const struct fault *fault, const struct kvm_sregs *system, const struct machine *machine, const struct image *image);

#endif
