/* The command line: KITTIWAKE-TENDER [OPTIONS] [--] IMAGE [ARGUMENTS], with the option syntax of Solo5's tenders. */
#ifndef KITTIWAKE_OPTIONS_H
#define KITTIWAKE_OPTIONS_H

#include "abi.h"
#include "error.h"
#include "rate.h"
#include "words.h"

#include <net/if.h>

#define MAX_DEVICES (MFT_MAX_ENTRIES - 1)
#define MAX_DESCRIPTORS (MAX_DEVICES + 1) /* one a device, and --events */

/* What the command line says about one network device; `tap` is empty if only its MAC address or MTU was given. */
struct net_option {
    char name[MFT_NAME_SIZE];
    char tap[IFNAMSIZ]; /* as given: an interface's name, or @FD */
    int fd;             /* the descriptor of @FD; 0: none */
    uint16_t mtu;       /* 0: not given */
    uint8_t mac[6];
    bool has_mac;
    const char *capture;    /* --pcap:NAME=FILE; NULL: not given */
    struct rate rate[2][2]; /* by enum direction; of bytes, of frames */
};

/* What it says about one block device; `path` is NULL if only its sector size was given. */
struct block_option {
    char name[MFT_NAME_SIZE];
    const char *path; /* as given: a path, or @FD */
    int fd;           /* the descriptor of @FD; 0: none */
    bool read_only;
    uint16_t sector;     /* in bytes; 0: not given */
    struct rate rate[2]; /* of bytes, of operations */
};

enum action { ACTION_RUN, ACTION_HELP, ACTION_VERSION, ACTION_PROBE };

/* RING_AUTO: where it is of use. */
enum ring_use { RING_AUTO, RING_ON, RING_OFF };

struct options {
    enum action action;
    bool sysexits;
    bool exec_heap;   /* --x-exec-heap */
    enum ring_use net_ring; /* --net-ring, --no-net-ring */
    uint64_t memory_mib;
    bool show_sandbox;   /* --show-sandbox */
    bool has_uid;        /* --uid=N */
    bool has_gid;        /* --gid=N */
    uint32_t uid;
    uint32_t gid;
    const char *chroot;    /* --chroot=DIR; NULL: not given */
    unsigned stop_timeout; /* in seconds; 0: SIGTERM ends the guest at once */
    bool has_memory; /* it was given */
    unsigned net_count;
    struct net_option net[MAX_DEVICES];
    unsigned block_count;
    struct block_option block[MAX_DEVICES];
    bool gdb;             /* --gdb, on gdb_port of 127.0.0.1 or on the socket gdb_path */
    uint16_t gdb_port;
    const char *gdb_path; /* NULL: not given */
    const char *dumpcore; /* --dumpcore=DIR; NULL: not given */
    const char *crash; /* --crash=FILE; NULL: not given */
    const char *stats; /* --stats=FILE; NULL: not given */
    int events; /* --events=FD; 0: not given */
    unsigned descriptor_count;
    int descriptor[MAX_DESCRIPTORS]; /* those of the caller's that the command line names; all others are closed */
    const char *snapshot; /* --snapshot=FILE; NULL: not given */
    bool snapshot_exit;
    const char *restore; /* --restore=FILE; NULL: not given */
    bool has_arguments;  /* a restored guest gets new ones */
    const char *image;   /* or the snapshot in place of it */
    char cmdline[CMDLINE_SIZE]; /* the guest's: its arguments, joined by one space */
};

/* What differs between the tenders. */
struct limits {
    const char *program; /* "kittiwake-hvt" */
    const char *target;  /* "hvt" */
    uint64_t max_memory_mib;
    bool has_probe;     /* --probe-kvm */
    bool has_exec_heap; /* --x-exec-heap */
    bool has_debugger;  /* --gdb */
    bool has_ring;      /* --net-ring, --no-net-ring */
};

/* Fills `options`, which must be all zeroes: it is large, and most of it is never touched. Returns 0, or -1 with `why`; options->sysexits is right in both cases. */
int options_parse(int argc, char *const argv[], const struct limits *limits, struct options *options,
                  struct refusal *why);

/* ---- Between options.c and the other parts of the command line ---- */

/*
 * Takes `text` as the number of a descriptor of the caller's, from 3, not named before, and keeps it open; `form` is how the option
 * may be written. Returns it, or -1 with `why`.
 */
int option_descriptor(const char *word, const char *text, const char *form, struct options *options, struct refusal *why);

/* Takes "NAME=VALUE"; `form` is how it is written. Returns 0, -1 with `why`, or 1: it is another one. */
int option_value(const char *word, const char *name, const char *form, const char **value, struct refusal *why);

/* The same for an option that is given once. */
int option_path(const char *word, const char *name, const char *form, const char **path, struct refusal *why);

/* Takes an option about what is told of a guest. Returns 0, -1 with `why`, or 1: it is another one. */
int parse_observe_option(const char *word, struct options *options, struct refusal *why);

/* Takes an option about debugging, or what is left of a guest that failed. Returns 0, -1 with `why`, or 1: it is another one. */
int parse_debug_option(const char *word, const struct limits *limits, struct options *options, struct refusal *why);

/* Takes an option about containing and ending the guest. Returns 0, -1 with `why`, or 1: it is another one. */
int parse_containment_option(const char *word, struct options *options, struct refusal *why);

/* Takes an option about snapshots. Returns 0, -1 with `why`, or 1: it is another one. */
int parse_snapshot_option(const char *word, struct options *options, struct refusal *why);

/* Find or make the entry for NAME of "NAME=VALUE"; `form` is how the option is written. Return NULL with `why` if they cannot. */
struct net_option *option_net(const char *word, const char *assignment, const char *form, const char **value, struct options *options,
                              struct refusal *why);
struct block_option *option_block(const char *word, const char *assignment, const char *form, const char **value,
                                  struct options *options, struct refusal *why);

/* Takes an option about a device; any other is refused as unknown. Returns 0, or -1 with `why`. */
int parse_device_option(const char *word, struct options *options, struct refusal *why);

#endif
