/* Letting transfers wait. See keeper_block.h. */
#include "keeper_block.h"

#include "errors.h"
#include "limits.h"
#include "stats.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The guest has one thread, so at most one transfer waits. */
struct transfer {
    uint64_t id;
    unsigned handle;
    bool writing;
    uint64_t bytes;
    uint64_t since; /* ns of CLOCK_MONOTONIC; 0: none waits */
    bool delayed;
};

static int limited[MFT_MAX_ENTRIES]; /* by handle: the descriptor; 0: no limit */
static bool known;
static int pair[2] = {-1, -1}; /* over which the descriptor goes: the keeper's side, the guest's */
static int listener = -1;
static struct transfer waiting;

static int refuse(const char *what, struct refusal *why) {
    return fail(why, E_HOST, what, strerror(errno), "'--block-rate' needs Linux 5.5 or newer; leave it out and limit the process by io.max of its cgroup");
}

int blocks_open(const struct mft *manifest, const struct devices *devices, struct refusal *why) {
    for (unsigned handle = 1; handle < manifest->entries; handle++) {
        if (manifest->e[handle].type != MFT_BLOCK_BASIC || !limits_block(handle))
            continue;
        known = true;
        limited[handle] = devices->fd[handle];
        stats->device[handle].kept = STATS_BY_CALL;
    }
    if (known && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return refuse("limits of block devices", why);
    return 0;
}

/* ---- In the guest's process ---- */

/* Asks about reading and writing the limited descriptors, lets all else through: other filters decide that. */
static int install(void) {
    static struct sock_filter code[8 + 2 * MFT_MAX_ENTRIES];
    unsigned short size = 0;
    code[size++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    code[size++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pread64, 2, 0);
    code[size++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwrite64, 1, 0);
    code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    /* Its lower half; where the upper one is not 0 the guest is killed anyway. */
    code[size++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
    for (unsigned handle = 1; handle < MFT_MAX_ENTRIES; handle++) {
        if (limited[handle] == 0)
            continue;
        code[size++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)limited[handle], 0, 1);
        code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    }
    code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = size, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    /* With the second flag a signal cannot break off a transfer that the keeper has begun to think about. */
    long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                      SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
    if (fd < 0 && errno == EINVAL)
        fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    return (int)fd;
}

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int blocks_ask(struct refusal *why) {
    if (!known)
        return 0;
    int fd = install();
    if (fd < 0)
        return refuse("limits of block devices", why);
    char byte = 0;
    union control control = {.header = {.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    if (sendmsg(pair[1], &message, MSG_NOSIGNAL) != 1)
        return refuse("limits of block devices", why);
    close(fd);
    close(pair[0]);
    close(pair[1]);
    return 0;
}

/* ---- In the keeper ---- */

void blocks_take(void) {
    if (!known)
        return;
    close(pair[1]); /* so that this ends where the guest's process does */
    char byte;
    union control control;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(pair[0], &message, MSG_CMSG_CLOEXEC) == 1 && message.msg_controllen >= sizeof control)
        memcpy(&listener, CMSG_DATA(&control.header), sizeof listener);
    close(pair[0]);
}

int blocks_allow(struct rules *rules) {
    if (listener < 0)
        return 0;
    struct scmp_arg_cmp fd = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)listener);
    return rules_add(rules, "transfers that a limit is about", SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 2, fd, SCMP_A1(SCMP_CMP_EQ, SECCOMP_IOCTL_NOTIF_RECV)) |
           rules_add(rules, "letting them go on", SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 2, fd, SCMP_A1(SCMP_CMP_EQ, SECCOMP_IOCTL_NOTIF_SEND));
}

int blocks_wait(uint64_t now, uint64_t *soonest) {
    if (waiting.since != 0) {
        uint64_t end = now + limits_block_wait(waiting.handle);
        *soonest = end < *soonest ? end : *soonest;
    }
    return listener;
}

static void take_question(void) {
    /* The kernel writes as much as it knows of; a newer one than this was built with may know more. */
    union {
        struct seccomp_notif notif;
        char bytes[1024];
    } question = {.bytes = {0}};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0)
        return; /* a signal has broken it off; it comes again */
    const struct seccomp_data *data = &question.notif.data;
    waiting = (struct transfer){
        .id = question.notif.id, .writing = data->nr == SYS_pwrite64, .bytes = data->args[2], .since = limits_now()};
    while (waiting.handle < MFT_MAX_ENTRIES - 1 && limited[waiting.handle] != (int)data->args[0])
        waiting.handle++;
}

static void go_on(void) {
    union {
        struct seccomp_notif_resp response;
        char bytes[1024];
    } answer = {.response = {.id = waiting.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE}};
    bool gone = ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0;
    uint64_t since = waiting.since;
    waiting.since = 0;
    if (gone)
        return; /* broken off, or the guest has ended: it has cost nothing */
    limits_block_take(waiting.handle, waiting.bytes);
    uint64_t *counts = stats->device[waiting.handle].count;
    count(&counts[waiting.writing ? BLOCK_WRITES : BLOCK_READS], 1);
    count(&counts[waiting.writing ? BLOCK_WRITTEN_BYTES : BLOCK_READ_BYTES], waiting.bytes);
    if (waiting.delayed) {
        count(&counts[BLOCK_DELAYED], 1);
        count(&counts[BLOCK_DELAYED_NS], limits_now() - since);
    }
}

void blocks_answer(bool asked) {
    if (asked)
        take_question();
    if (waiting.since == 0)
        return;
    if (limits_block_wait(waiting.handle) == 0)
        go_on();
    else
        waiting.delayed = true;
}

void blocks_release(void) {
    if (waiting.since != 0)
        go_on();
}
