/* The course of a tender's life. See tender.h. */
#include "tender.h"

#include "containment.h"
#include "errors.h"
#include "eventlog.h"
#include "limits.h"
#include "pcap.h"
#include "stats.h"
#include "traffic.h"
#include "fault.h"
#include "help.h"
#include "inherited.h"

#include <stdio.h>
#include <unistd.h>

#ifndef KITTIWAKE_VERSION
#error "the Makefile says which version this is"
#endif

static int run(const struct tender *tender, struct guest *guest, struct refusal *why) {
    struct file file;
    if (eventlog_open(&guest->options, why) != 0)
        return -1;
    if (inherited_check(&guest->options, why) != 0)
        return -1;
    if (file_open(guest->options.image, &file, why) != 0)
        return -1;
    if (guest->options.restore != NULL
            ? snapshot_open(&file, &tender->target, &guest->options, &guest->snapshot, &guest->image, why) != 0
            : image_parse(&file, &tender->target, &guest->image, why) != 0)
        return -1;
    if (guest->options.memory_mib > tender->limits.max_memory_mib)
        return fail(why, E_SNAPSHOT_MALFORMED, file.name, "it has more memory than a guest can have");
    if (devices_match(&guest->options, &guest->image, why) != 0)
        return -1;
    if (image_fit(&guest->image, guest->options.memory_mib << 20, 1 << 20, why) != 0)
        return -1;
    if (devices_attach(&guest->options, &guest->image, &guest->devices, why) != 0)
        return -1;
    if (guest->options.restore != NULL && snapshot_match(&guest->snapshot, &guest->image, why) != 0)
        return -1;
    if (crash_open(guest->options.crash, tender->limits.program, &guest->image, guest->options.memory_mib << 20, why) != 0)
        return -1;
    traffic_open(&guest->image.manifest);
    limits_open(&guest->options, &guest->image.manifest);
    if (pcap_open(tender->limits.program, &guest->options, &guest->image, why) != 0)
        return -1;
    if (stats_open(&guest->options, &guest->image, tender->target.abi, why) != 0)
        return -1;
    return tender->run(guest, why);
}

/* What was printed has come out, or not. */
static int printed(void) {
    return fflush(stdout) == 0 ? 0 : 1;
}

int tender_main(const struct tender *tender, int argc, char *argv[]) {
    static struct guest guest;
    static struct refusal why;
    const char *program = tender->limits.program;
    int status = -1;
    /* Reading the command line touches nothing, and says which descriptors are to stay. */
    if (options_parse(argc, argv, &tender->limits, &guest.options, &why) == 0 &&
        containment_begin(&guest.options, &why) == 0) {
        switch (guest.options.action) {
        case ACTION_HELP: help_print(tender->target.abi); return printed();
        case ACTION_VERSION:
            /* A line of its own, as of Solo5's tenders: Albatross looks for exactly it before it takes a tender. */
            printf("%s %s, a tender of Solo5 %s\nABI version %d\n", program, KITTIWAKE_VERSION, tender->target.name, ABI_VERSION);
            return printed();
        case ACTION_PROBE: return tender->probe();
        case ACTION_RUN: status = run(tender, &guest, &why); break;
        }
    }
    if (status < 0) {
        report(program, why.text);
        status = exit_status(&why, guest.options.sysexits);
        eventlog_exit(status, why.class == EXIT_GUEST_FAULT ? "fault" : "refused", why.text);
        stats_ended(STATS_FAULT, status);
    } else {
        eventlog_exit(status, "exited", NULL);
        stats_ended(STATS_EXITED, status);
    }
    /* Not exit(): behind seccomp there is nothing it may still do. */
    _exit(status);
}
