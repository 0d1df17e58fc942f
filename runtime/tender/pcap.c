/* Captures. See pcap.h, and draft-ietf-opsawg-pcap. */
#include "pcap.h"

#include "errors.h"
#include "manifest.h"
#include "output.h"
#include "stats.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAGIC_NANOSECONDS 0xa1b23c4du
#define LINKTYPE_ETHERNET 1
#define SNAPLEN 262144 /* what tcpdump takes at most; no frame is as long */

struct file_header {
    uint32_t magic;
    uint16_t major;
    uint16_t minor;
    uint32_t reserved[2];
    uint32_t snaplen;
    uint32_t linktype;
};
static_assert(sizeof(struct file_header) == 24, "pcap file header");

struct record_header {
    uint32_t seconds;
    uint32_t nanoseconds;
    uint32_t captured;
    uint32_t length;
};
static_assert(sizeof(struct record_header) == 16, "pcap record header");

struct capture {
    bool on;
    bool stopped;
    int fd;
    uint64_t size; /* of the file, all records whole */
    const char *path;
    const char *device;
};

static struct capture captures[MFT_MAX_ENTRIES];
static const char *named;

int pcap_open(const char *program, const struct options *options, const struct image *image, struct refusal *why) {
    static const struct file_header header = {
        .magic = MAGIC_NANOSECONDS, .major = 2, .minor = 4, .snaplen = SNAPLEN, .linktype = LINKTYPE_ETHERNET};
    named = program;
    for (unsigned i = 0; i < options->net_count; i++) {
        const struct net_option *net = &options->net[i];
        if (net->capture == NULL)
            continue;
        int fd = output_open("--pcap", net->capture, why);
        if (fd < 0)
            return -1;
        if (write(fd, &header, sizeof header) != sizeof header)
            return fail(why, E_OUTPUT_FAILED, "--pcap", net->capture, strerror(errno));
        captures[manifest_find(&image->manifest, net->name)] =
            (struct capture){.on = true, .fd = fd, .size = sizeof header, .path = net->capture, .device = net->name};
    }
    return 0;
}

int pcap_allow(struct rules *rules) {
    int broken = 0;
    for (unsigned handle = 1; handle < MFT_MAX_ENTRIES; handle++) {
        if (!captures[handle].on)
            continue;
        struct scmp_arg_cmp fd = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)captures[handle].fd);
        rules->subject = captures[handle].device;
        broken |= rules_add(rules, "captured frames", SCMP_ACT_ALLOW, SCMP_SYS(writev), 1, fd);
        broken |= rules_add(rules, "a captured frame that did not fit", SCMP_ACT_ALLOW, SCMP_SYS(ftruncate), 1, fd);
    }
    rules->subject = NULL;
    return broken;
}

void pcap_close(void) {
    for (unsigned handle = 1; handle < MFT_MAX_ENTRIES; handle++) {
        if (captures[handle].on)
            close(captures[handle].fd);
        captures[handle].on = false;
    }
}

static void stop(struct capture *capture, bool cut, int error) {
    capture->stopped = true;
    if (cut && ftruncate(capture->fd, (off_t)capture->size) != 0)
        error = errno;
    static char line[1024];
    snprintf(line, sizeof line, "net %s: the capture to %.512s stopped (%s); the guest runs on, make room and start it again", capture->device,
             capture->path, error == 0 ? "no room for a whole frame" : strerrorname_np(error));
    report(named, line);
}

void pcap_record(unsigned handle, const void *frame, size_t length) {
    struct capture *capture = &captures[handle];
    if (!capture->on)
        return;
    if (capture->stopped) {
        count(&stats->device[handle].count[NET_UNCAPTURED], 1);
        return;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct record_header header = {
        .seconds = (uint32_t)now.tv_sec,
        .nanoseconds = (uint32_t)now.tv_nsec,
        .captured = (uint32_t)(length < SNAPLEN ? length : SNAPLEN),
        .length = (uint32_t)length,
    };
    struct iovec parts[] = {{.iov_base = &header, .iov_len = sizeof header}, {.iov_base = (void *)frame, .iov_len = header.captured}};
    ssize_t whole = (ssize_t)(sizeof header + header.captured);
    ssize_t written;
    do
        written = writev(capture->fd, parts, 2);
    while (written < 0 && errno == EINTR);
    if (written == whole) {
        capture->size += (uint64_t)whole;
        count(&stats->device[handle].count[NET_CAPTURED], 1);
        return;
    }
    stop(capture, written > 0, written < 0 ? errno : 0);
    count(&stats->device[handle].count[NET_UNCAPTURED], 1);
}
