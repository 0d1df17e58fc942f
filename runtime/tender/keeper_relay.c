/* Handing on frames. See keeper_relay.h. */
#include "keeper_relay.h"

#include "errors.h"
#include "limits.h"
#include "manifest.h"
#include "stats.h"
#include "tap.h"
#include "traffic.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* So that one busy device keeps neither the others nor signals waiting. */
#define FRAMES_A_TURN 64

/* Room for frames on their way; the host may grant less (net.core.wmem_max). */
#define SOCKET_BUFFER (1 << 20)

struct relay {
    unsigned handle;
    const char *name;
    int tap;
    int guest;
    bool tap_gone;   /* it was deleted, or its other end is closed */
    size_t pending;  /* bytes in frame[] that the guest has no room for */
    uint8_t frame[FRAME_MAX];
};

static struct relay relays[MAX_DEVICES];
static unsigned known;

bool relay_wanted(const struct net_option *option) {
    const struct rate *in = option->rate[TO_GUEST];
    const struct rate *out = option->rate[FROM_GUEST];
    return option->capture != NULL || (in[0].rate | in[1].rate | out[0].rate | out[1].rate) != 0;
}

static int open_one(struct relay *relay, unsigned handle, struct devices *devices) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return -1;
    for (int side = 0; side < 2; side++)
        setsockopt(pair[side], SOL_SOCKET, SO_SNDBUF, &(int){SOCKET_BUFFER}, sizeof(int));
    relay->handle = handle;
    relay->tap = devices->fd[handle];
    relay->guest = pair[0];
    devices->fd[handle] = pair[1];
    return 0;
}

int relays_open(const struct options *options, const struct mft *manifest, struct devices *devices, struct refusal *why) {
    for (unsigned i = 0; i < options->net_count; i++) {
        const struct net_option *option = &options->net[i];
        if (!relay_wanted(option))
            continue;
        unsigned handle = manifest_find(manifest, option->name);
        if (open_one(&relays[known++], handle, devices) != 0)
            return fail(why, E_HOST, "relay for frames", strerror(errno), "raise 'ulimit -n'");
        relays[known - 1].name = option->name;
        stats->device[handle].kept = STATS_KEPT;
    }
    return 0;
}

void relays_close_taps(void) {
    for (unsigned i = 0; i < known; i++) {
        close(relays[i].tap);
        close(relays[i].guest);
    }
}

void relays_close_sockets(const struct devices *devices) {
    for (unsigned i = 0; i < known; i++)
        close(devices->fd[relays[i].handle]);
}

int relays_allow(struct rules *rules) {
    int broken = 0;
    for (unsigned i = 0; i < known; i++) {
        struct scmp_arg_cmp tap = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)relays[i].tap);
        struct scmp_arg_cmp guest = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)relays[i].guest);
        rules->subject = relays[i].name;
        broken |= rules_add(rules, "frames to the guest", SCMP_ACT_ALLOW, SCMP_SYS(read), 1, tap);
        broken |= rules_add(rules, "frames of the guest", SCMP_ACT_ALLOW, SCMP_SYS(write), 1, tap);
        broken |= rules_add(rules, "frames to the guest", SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, guest);
        broken |= rules_add(rules, "frames of the guest", SCMP_ACT_ALLOW, SCMP_SYS(recvfrom), 1, guest);
    }
    rules->subject = NULL;
    return broken;
}

unsigned relays_wait(struct pollfd wait[RELAYS_WAIT_MAX], uint64_t now, uint64_t *soonest) {
    for (unsigned i = 0; i < known; i++) {
        struct relay *relay = &relays[i];
        uint64_t in = limits_net_wait(relay->handle, TO_GUEST);
        uint64_t out = limits_net_wait(relay->handle, FROM_GUEST);
        bool read_tap = !relay->tap_gone && relay->pending == 0;
        wait[2 * i] = (struct pollfd){.fd = read_tap && in == 0 ? relay->tap : -1, .events = POLLIN};
        wait[2 * i + 1] = (struct pollfd){.fd = out == 0 || relay->pending > 0 ? relay->guest : -1,
                                          .events = (short)((out == 0 ? POLLIN : 0) | (relay->pending > 0 ? POLLOUT : 0))};
        if (read_tap && in > 0 && now + in < *soonest)
            *soonest = now + in;
        if (out > 0 && now + out < *soonest)
            *soonest = now + out;
    }
    return 2 * known;
}

/* Gives the guest the pending frame. Returns false if it has no room. */
static bool give(struct relay *relay) {
    if (send(relay->guest, relay->frame, relay->pending, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && (errno == EAGAIN || errno == ENOBUFS))
        return false;
    frame_seen(relay->handle, TO_GUEST, relay->frame, relay->pending); /* or the guest has just ended, which is no loss either */
    relay->pending = 0;
    return true;
}

static void move_to_guest(struct relay *relay, bool ended) {
    for (int i = 0; i < FRAMES_A_TURN; i++) {
        if (limits_net_wait(relay->handle, TO_GUEST) > 0) {
            count_shared(&stats->device[relay->handle].count[NET_IN_DELAYED], 1);
            return;
        }
        ssize_t size = read(relay->tap, relay->frame, sizeof relay->frame);
        if (size <= 0) {
            relay->tap_gone = (size == 0 || errno != EAGAIN) && ended;
            return;
        }
        relay->pending = (size_t)size;
        limits_net_take(relay->handle, TO_GUEST, relay->pending);
        if (!give(relay))
            return;
    }
}

/* Hands on one frame of the guest's. Returns false if there is none. */
static bool take(struct relay *relay) {
    static uint8_t frame[FRAME_MAX];
    ssize_t size = recv(relay->guest, frame, sizeof frame, MSG_DONTWAIT | MSG_TRUNC);
    if (size <= 0) /* an empty frame, which no tap takes, looks like the guest's end; what follows it comes in the next turn */
        return false;
    limits_net_take(relay->handle, FROM_GUEST, (uint64_t)size);
    if ((size_t)size > sizeof frame) { /* no tap takes it */
        frame_refused(relay->handle, EINVAL);
        return true;
    }
    ssize_t written;
    do
        written = write(relay->tap, frame, (size_t)size);
    while (written < 0 && errno == EINTR);
    if (written == size)
        frame_seen(relay->handle, FROM_GUEST, frame, (size_t)size);
    else
        frame_refused(relay->handle, written < 0 ? errno : 0);
    return true;
}

static void move_from_guest(struct relay *relay) {
    for (int i = 0; i < FRAMES_A_TURN; i++) {
        if (limits_net_wait(relay->handle, FROM_GUEST) > 0) {
            count_shared(&stats->device[relay->handle].count[NET_OUT_DELAYED], 1);
            return;
        }
        if (!take(relay))
            return;
    }
}

void relays_finish(void) {
    for (unsigned i = 0; i < known; i++)
        while (take(&relays[i])) /* its socket's buffer is the bound: nobody fills it any more */
            continue;
}

void relays_move(const struct pollfd *wait) {
    for (unsigned i = 0; i < known; i++) {
        short tap = wait[2 * i].revents;
        short guest = wait[2 * i + 1].revents;
        if (guest & POLLOUT)
            give(&relays[i]);
        if (tap != 0)
            move_to_guest(&relays[i], (tap & (POLLERR | POLLHUP | POLLNVAL)) != 0);
        if (guest & (POLLIN | POLLHUP))
            move_from_guest(&relays[i]);
    }
}
