/*
 * --pcap:NAME=FILE: the frames of a device, both ways, as a classic pcap file with nanoseconds (LINKTYPE_ETHERNET), without offload headers.
 *
 * A record is one writev(2), so that the file can be read at any time. When it cannot be written any further, as on a full disk, what is
 * cut of the last record is taken back, a line says so once, and the guest runs on without being captured.
 */
#ifndef KITTIWAKE_PCAP_H
#define KITTIWAKE_PCAP_H

#include "image.h"
#include "options.h"

#include "rules.h"

/* Makes the files; the devices are attached. `program` is named in the line. Returns 0, or -1 with `why`. */
int pcap_open(const char *program, const struct options *options, const struct image *image, struct refusal *why);

/* What a filter must let through for pcap_record(), but writing to standard error. Returns 0, or -1. */
int pcap_allow(struct rules *rules);

/* For a process that sees no frames. */
void pcap_close(void);

/* Records a frame without its offload header, if the device `handle` is captured. Whoever captures has one thread (hvt_ring_thread.c). */
void pcap_record(unsigned handle, const void *frame, size_t length);

#endif
